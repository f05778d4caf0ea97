/** Requests and answers of the documentation, copied from it by hand and not from the code; values are types. */

export const ACCOUNT =
  "{ 'accountId':'string', 'firstName':'string', 'lastName':'string', 'nickName':'string', 'phone':'string', 'email':'string', 'address':'string', 'zip':'string', 'city':'string', 'companyName':'string', 'website':'string', 'note':'string', 'area':'string', 'gender':'string', 'yearOfBirth':'int', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' }"

export const ACCOUNT_REQUEST =
  "{ 'firstName':'string', 'lastName':'string', 'nickName':'string', 'phone':'string', 'email':'string', 'address':'string', 'zip':'string', 'city':'string', 'companyName':'string', 'website':'string', 'note':'string', 'area':'string', 'gender':'string', 'yearOfBirth':'int' }"

export const ACCOUNTS = `[${ACCOUNT}, ${ACCOUNT} ]`

export const LOGIN_REQUEST = "{ 'email':'string', 'password':'string' }"
export const LOGIN = "{ 'authToken':'string' }"

export const FILTER_REQUEST =
  "{ 'filters': [ { 'field': 'firstName', 'operator': 'contains', 'value': 'somestring' }, { 'field': 'zip', 'operator': '\\u003e=', 'value': '00001' }, { 'field': 'zip', 'operator': '\\u003c=', 'value': '100000' }, { 'field': 'city', 'operator': 'in', 'value': ['city', 'town', 'village'] } ] }"

export const FILTER =
  "{ 'filterId':'int', 'filters': 'array', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' }"

export const FILTERS =
  "[ { 'filterId':'int', 'filters': 'array', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' }, { 'filterId':'int', 'filters': 'array', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' } ]"

export const GROUP_ACCOUNTS =
  "[{ 'groupId':'string', 'accountId':'string', 'firstName':'string', 'lastName':'string', 'nickName':'string', 'phone':'string', 'email':'string', 'address':'string', 'zip':'string', 'city':'string', 'companyName':'string', 'website':'string', 'note':'string', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' }, { 'groupId':'string', 'accountId':'string', 'firstName':'string', 'lastName':'string', 'nickName':'string', 'phone':'string', 'email':'string', 'address':'string', 'zip':'string', 'city':'string', 'companyName':'string', 'website':'string', 'note':'string', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS' } ]"

export const MEMBERS_REQUEST = "[{ 'accountId':'string' }, { 'accountId':'string' }]"

export const MEMBERSHIPS =
  "[{ 'groupId':'string', 'accountId':'string' }, { 'groupId':'string', 'accountId':'string' } ]"

export const GROUP =
  "{ 'groupId':'string', 'name':'string', 'description':'string', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS', 'numberOfAccounts':'int' }"

export const GROUPS =
  "[{ 'groupId':'string', 'name':'string', 'description':'string', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS', 'numberOfAccounts':'int' }, { 'groupId':'string', 'name':'string', 'description':'string', 'updatedAt':'string, YYYY-MM-DD HH:MM:SS', 'createdAt':'string, YYYY-MM-DD HH:MM:SS', 'numberOfAccounts':'int' } ]"

export const GROUP_REQUEST = "{ 'name':'string', 'description':'string' }"

export const SUBUSERS =
  "[{ 'subuserId':'int', 'username':'string', 'email':'string', 'firstName':'string', 'lastName':'string', 'company':'string', 'authToken':'string', 'phone':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' }, { 'subuserId':'int', 'username':'string', 'email':'string', 'firstName':'string', 'lastName':'string', 'company':'string', 'authToken':'string', 'phone':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' } ]"

export const SUBUSER =
  "{ 'subuserId':'int', 'username':'string', 'email':'string', 'firstName':'string', 'lastName':'string', 'company':'string', 'authToken':'string', 'phone':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' }"

export const VOICE_FILES =
  "[{ 'voiceFileId':'string', 'name':'string', 'description':'string', 'url':'string', 'mp3Url':'string', 'wavUrl':'string', 'duration':'int, seconds', 'status':'string, pending|ready|failed', 'text':'string', 'voiceCode':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' }, { 'voiceFileId':'string', 'name':'string', 'description':'string', 'url':'string', 'mp3Url':'string', 'wavUrl':'string', 'duration':'int, seconds', 'status':'string, pending|ready|failed', 'text':'string', 'voiceCode':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' } ]"

export const VOICE_FILE =
  "{ 'voiceFileId':'string', 'name':'string', 'description':'string', 'url':'string', 'mp3Url':'string', 'wavUrl':'string', 'duration':'int, seconds', 'status':'string, pending|ready|failed', 'text':'string', 'voiceCode':'string, en|fi', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' }"

export const VOICE_CODES =
  "[{ 'voiceCode':'string', 'description':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' }, { 'voiceCode':'string', 'description':'string', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' } ]"

export const SPEECH_REQUEST = "{ 'name':'string', 'text':'string', 'voiceCode':'string' }"

export const UPLOADED =
  "{'files': [ { 'voiceFileId':'string', 'name':'string', 'description':'string', 'duration':'int, seconds', 'fileName':'string', 'url':'string', 'mp3Url':'string', 'wavUrl':'string', 'size':'string', 'status':'string, pending|ready|failed', 'updatedAt':'YYYY-MM-DD HH:MM:SS', 'createdAt':'YYYY-MM-DD HH:MM:SS' } ]}"

export const VOICE_FILE_REQUEST = "{ 'name':'string', 'description':'string' }"
