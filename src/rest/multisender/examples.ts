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

export const FILTERS = [
  { field: 'firstName', operator: 'contains', value: 'somestring' },
  { field: 'zip', operator: '>=', value: '00001' },
  { field: 'zip', operator: '<=', value: '100000' },
  { field: 'city', operator: 'in', value: ['city', 'town', 'village'] },
]
export const FILTER = { filterId: 1, filters: FILTERS, ...MOMENTS }

export const GROUP_INPUT = { name: 'Volunteers', description: 'Those who offered to help' }
export const GROUP = { groupId: '1', ...GROUP_INPUT, ...MOMENTS, numberOfAccounts: 2 }

const { area: _, gender: __, yearOfBirth: ___, ...named } = ACCOUNT_INPUT
export const GROUP_ACCOUNT = { groupId: '1', accountId: '1', ...named, ...MOMENTS }
export const MEMBERSHIP = { groupId: '1', accountId: '1' }

export const SUBUSER_INPUT = {
  username: 'branch-office',
  email: 'branch@example.com',
  firstName: 'Eino',
  lastName: 'Korhonen',
  company: 'Example Oy',
  phone: '+358401234567',
  password: 'a long and lasting password',
}
export const SUBUSER = {
  subuserId: 1,
  username: 'branch-office',
  email: 'branch@example.com',
  firstName: 'Eino',
  lastName: 'Korhonen',
  company: 'Example Oy',
  authToken: 'lt_3f786850e387550fdab836ed7e6dc881de23001b',
  phone: '+358401234567',
  ...MOMENTS,
}

const address = (name: string) => `https://api.multisender.net/media/voice/0192f0c1-6a10-7bb1-9d55-6f1d2f5a8c01/${name}`
const ADDRESSES = { url: address('original'), mp3Url: address('audio.mp3'), wavUrl: address('audio-8khz.wav') }

export const SPEECH_INPUT = { name: 'Greeting', text: 'Hello, press five to accept.', voiceCode: 'en' }
export const VOICE_FILE = {
  voiceFileId: '1',
  name: 'Greeting',
  description: 'Played at the start',
  ...ADDRESSES,
  duration: 3,
  status: 'ready',
  text: 'Hello, press five to accept.',
  voiceCode: 'en',
  ...MOMENTS,
}
export const PENDING_SPEECH = {
  ...VOICE_FILE,
  description: null,
  mp3Url: null,
  wavUrl: null,
  duration: 0,
  status: 'pending',
}
export const UPLOADED_FILE = {
  voiceFileId: '2',
  name: 'greeting',
  description: null,
  duration: 0,
  fileName: 'greeting.wav',
  url: ADDRESSES.url,
  mp3Url: null,
  wavUrl: null,
  size: '48044',
  status: 'pending',
  ...MOMENTS,
}
export const VOICE = { voiceCode: 'en', description: 'English, male', ...MOMENTS }
