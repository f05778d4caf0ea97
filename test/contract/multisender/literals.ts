/** Requests and answers of the documentation, copied from it by hand and not from the code; values are types. */

export const ACCOUNT =
  "{ 'accountId':'string', 'firstName':'string', 'lastName':'string', 'nickName':'string', 'phone':'string', 'email':'string', 'address':'string', 'zip':'string', 'city':'string', 'companyName':'string', 'website':'string', 'note':'string', 'area':'string', 'gender':'string', 'yearOfBirth':'int', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' }"

export const ACCOUNT_REQUEST =
  "{ 'firstName':'string', 'lastName':'string', 'nickName':'string', 'phone':'string', 'email':'string', 'address':'string', 'zip':'string', 'city':'string', 'companyName':'string', 'website':'string', 'note':'string', 'area':'string', 'gender':'string', 'yearOfBirth':'int' }"

export const ACCOUNTS = `[${ACCOUNT}, ${ACCOUNT} ]`

export const LOGIN_REQUEST = "{ 'email':'string', 'password':'string' }"
export const LOGIN = "{ 'authToken':'string' }"
