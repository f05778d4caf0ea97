/** Examples for the document; the documentation itself has types in their places. */
const MOMENTS = { updatedAt: '2017-01-01 12:00:00', createdAt: '2017-01-01 12:00:00' }

export const ACCOUNT_INPUT = {
  firstName: 'Aino',
  lastName: 'Virtanen',
  nickName: 'Ainu',
  phone: '+358401234567',
  email: 'aino@example.com',
  address: 'Mannerheimintie 1',
  zip: '00100',
  city: 'Helsinki',
  companyName: 'Example Oy',
  website: 'https://example.com/',
  note: 'Prefers mornings',
  area: 'Uusimaa',
  gender: 'female',
  yearOfBirth: 1980,
}

export const ACCOUNT = { accountId: '1', ...ACCOUNT_INPUT, ...MOMENTS }
