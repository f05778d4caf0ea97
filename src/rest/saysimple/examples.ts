/** The documentation's own examples; what it shows collapsed is filled as contract/saysimple.md 5 does. */
export const ADD_MESSAGE = {
  tenant: 'teddies',
  direction: 'OUT',
  time: '2020-02-14T12:03:59Z',
  provider: 'SAYSIMPLE',
  channel: 'SMS',
  tenantChannelIdentifier: '+31612345678',
  customerChannelIdentifier: '+31687654321',
  agent: 'teddy_himself@teddies.com',
  message: { textContent: 'Your bear is on its way.' },
  conversation: '42',
  businessHours: { '0': [], '1': ['08:00', '17:00'], '6': [] },
  timeZone: 'UTC',
}

export const RESOLVE = {
  conversation: '1',
  provider: 'SAYSIMPLE',
  channel: 'SMS',
  tenantChannelIdentifier: '+31612345678',
  agent: 'teddy_himself@teddies.com',
  tags: ['user:VIP'],
  time: '2020-02-14T12:03:59Z',
}

const OCCURRENCES = {
  firstDataOccurrence: '2020-06-01T00:00:00.000Z',
  lastDataOccurrence: '2020-06-10T00:00:00.000Z',
}
const BY_DAY = { '2020-06-01T00:00:00.000Z': 254, '2020-06-02T00:00:00.000Z': 198 }

export const SERIES = {
  aggregatedBy: 'DAY',
  ...OCCURRENCES,
  data: BY_DAY,
  aggregatedValue: 200634,
  previousAggregatedValue: 100061,
}
export const BARE_SERIES = { aggregatedBy: 'DAY', ...OCCURRENCES, data: BY_DAY }
export const BY_COUNTRY = { aggregatedBy: 'DAY', ...OCCURRENCES, data: { NL: 120, BE: 31 } }
export const BY_TAG = { aggregatedBy: 'DAY', ...OCCURRENCES, data: { VIP: 12, Finance: 7 } }

export const AGENTS = ['agent_for@teddies.co.uk', 'manager@teddies.co.uk']
export const CHANNELS = [{ channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678' }]
export const TAGS = ['finance', 'support']
export const TEAMS = ['Finance', 'Support']

export const TOKEN = {
  tokenType: 'Bearer',
  accessToken: 'eyJhbGci...eyJpc3MiZXN0Lm...adew39Sijas',
  expiresIn: '2020-09-08T22:52:41.455Z',
}
