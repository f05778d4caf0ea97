import type { MessageInput } from '../../src/domains/messaging/index.ts'

/** Who and what there is in the generated workspace. All are named by their place in these lists. */

export const AGENTS: readonly string[] = Array.from({ length: 50 }, (_, n) => `agent.${n + 1}@shop.example`)

export interface ChannelAddress {
  channel: string
  provider: string
  tenantChannelIdentifier: string
  /** Whether customers are telephone numbers on it. */
  isPhone: boolean
}

const ADDRESSES_PER_CHANNEL = 3

export const CHANNELS: readonly ChannelAddress[] = [
  { channel: 'WHATSAPP', provider: 'SAYSIMPLE', isPhone: true },
  { channel: 'SMS', provider: 'TWILIO', isPhone: true },
  { channel: 'TELEGRAM', provider: 'SMOOCH', isPhone: true },
  { channel: 'VIBER', provider: 'SMOOCH', isPhone: true },
  { channel: 'FACEBOOK_MESSENGER', provider: 'SMOOCH', isPhone: false },
  { channel: 'INSTAGRAM', provider: 'SMOOCH', isPhone: false },
  { channel: 'EMAIL', provider: 'SAYSIMPLE', isPhone: false },
  { channel: 'WEBCHAT', provider: 'SAYSIMPLE', isPhone: false },
].flatMap((channel, n) =>
  Array.from({ length: ADDRESSES_PER_CHANNEL }, (_, address) => ({
    ...channel,
    tenantChannelIdentifier: channel.isPhone ? `+3120${7_000_000 + 10 * n + address}` : `shop-${n}-${address}`,
  })),
)

/** As messages carry them. First the user's, the most frequent first; then teams; then the two that mean something. */
const USER_TAGS = 190
const TEAM_TAGS = 10
export const TAGS: readonly string[] = [
  ...Array.from({ length: USER_TAGS }, (_, n) => `user:topic-${n + 1}`),
  ...Array.from({ length: TEAM_TAGS }, (_, n) => `team:Team ${n + 1}`),
  'system:automatic_reply',
  'system:paid_template',
]
export const FIRST_TEAM_TAG = USER_TAGS
export const TEAMS = TEAM_TAGS
export const AUTOMATIC_REPLY = USER_TAGS + TEAM_TAGS
export const PAID_TEMPLATE = AUTOMATIC_REPLY + 1
export { USER_TAGS }

export interface Hours {
  timeZone: string
  /** Of Sunday first: from and to, several when split. */
  days: Readonly<Record<string, readonly string[]>>
}

const week = (workday: readonly string[], saturday: readonly string[] = [], sunday: readonly string[] = []) => ({
  '0': sunday,
  ...Object.fromEntries(['1', '2', '3', '4', '5'].map((day) => [day, workday])),
  '6': saturday,
})

export const HOURS: readonly Hours[] = [
  { timeZone: 'Europe/Amsterdam', days: week(['08:00', '17:00']) },
  { timeZone: 'Europe/Helsinki', days: week(['09:00', '12:00', '13:00', '18:30'], ['10:00', '14:00']) },
  { timeZone: 'Asia/Kolkata', days: week(['10:00', '19:00'], ['10:00', '19:00']) },
  { timeZone: 'America/Sao_Paulo', days: week(['07:30', '22:00'], ['08:00', '20:00'], ['08:00', '13:00']) },
]

/** Countries with mobile numbers that belong to them alone: the number's beginning, and how many digits follow. */
const COUNTRIES: readonly [country: string, prefix: string, digits: number][] = [
  ['NL', '+316', 8],
  ['DE', '+49151', 8],
  ['BE', '+3247', 7],
  ['FR', '+336', 8],
  ['ES', '+346', 8],
  ['PL', '+4850', 7],
  ['SE', '+4670', 7],
  ['DK', '+4520', 6],
  ['AT', '+43664', 7],
  ['CH', '+4179', 7],
  ['PT', '+35191', 7],
  ['IE', '+35387', 7],
  ['BR', '+551198', 7],
  ['IN', '+9198', 8],
  ['MX', '+5255', 8],
]

export interface Customer {
  identifier: string
  /** Of a telephone number. */
  country: string | null
}

/** The address of a person on a channel. */
export function customerOn(channel: ChannelAddress, person: number): Customer {
  if (!channel.isPhone) return { identifier: `${channel.channel.toLowerCase()}-user-${person}`, country: null }
  // The first countries have more people than the last.
  const [country, prefix, digits] =
    COUNTRIES[Math.floor((((person * 7919) % 10_007) ** 2 / 10_007 ** 2) * COUNTRIES.length)]!
  return { identifier: prefix + String(person + 100_000).padStart(digits, '2'), country }
}

const TEXTS = [
  'Good morning, where is my order? It was to come yesterday.',
  'Thank you, that helps.',
  'Could you send me the invoice once more, please?',
  'We have sent it again; it should be with you within two working days.',
  'I would like to change the address of the delivery, is that still possible?',
  'Of course. Which address shall we send it to?',
  'The second lamp in the box was broken. I can send you a picture of it.',
  'We are sorry to hear that. A new one leaves our warehouse today, and you may keep the other one.',
]

/** What a message says; its number among all decides. */
export function contentOf(n: number): NonNullable<MessageInput['content']> {
  return { textContent: TEXTS[n % TEXTS.length]! }
}
