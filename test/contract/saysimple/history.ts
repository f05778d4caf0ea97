import type { SaysimpleServer } from './kit.ts'

/** Nine days, as in the documentation's samples. */
export const PERIOD = { between: '2020-06-01T00:00:00Z', and: '2020-06-10T00:00:00Z' }

const HOURS = Object.fromEntries([0, 1, 2, 3, 4, 5, 6].map((day) => [String(day), ['08:00:00', '17:00:00']]))
const GENERAL = '+31600000001'
const ORDERS = '+31600000002'

type Fields = Record<string, unknown>

/**
 * Ten days of a small workspace, and a few before them, chosen so that several of the documentation's sample values come
 * of it: first replies after 8005 and, before, 10546 seconds (median); resolved after 7930 and 6789 by bert; 16:55 to
 * 08:05 of the next day is 600 seconds of business.
 */
export async function addHistory({ acme, other, call, add }: SaysimpleServer): Promise<void> {
  async function message(direction: 'IN' | 'OUT', time: string, fields: Fields, token = acme.key) {
    const common = { provider: 'TWILIO', channel: 'WHATSAPP', tenantChannelIdentifier: GENERAL }
    const unsaid = { agent: undefined, conversation: undefined, businessHours: undefined, timeZone: undefined }
    await add({ ...unsaid, ...common, direction, time: `2020-${time}Z`, ...fields }, { token })
  }
  async function resolve(time: string, fields: Fields) {
    const common = { provider: 'TWILIO', channel: 'WHATSAPP', tenantChannelIdentifier: GENERAL }
    const body = { ...common, time: `2020-${time}Z`, ...fields }
    const { status, text } = await call('POST', '/v1/events/conversations/resolve', { token: acme.key, body })
    if (status !== 201) throw new Error(text)
  }
  const first = { customerChannelIdentifier: '+31611111111', conversation: 'c1' }
  const second = { customerChannelIdentifier: '+32455555555', conversation: 'c2', provider: 'SMOOCH' }
  const evening = { customerChannelIdentifier: '+31633333333', conversation: 'c4' }
  const frank = '+31622222222'

  // Before the period.
  const before = { customerChannelIdentifier: '+4915112345678', conversation: 'c0' }
  await message('IN', '05-25T10:00:00', before)
  await message('OUT', '05-25T12:55:46', { ...before, agent: 'anna' })
  await message('IN', '05-26T10:00:00', { customerChannelIdentifier: '+4915187654321', conversation: 'c00' })
  await resolve('05-26T11:53:09', { conversation: 'c00', agent: 'bert' })

  await message('IN', '06-01T10:00:00', {
    ...first,
    tags: ['user:VIP', 'team:Sales'],
    businessHours: HOURS,
    timeZone: 'UTC',
  })
  await message('OUT', '06-01T10:01:00', { ...first, agent: 'anna', tags: ['system:automatic_reply'] })
  // Late: it comes after what it came before.
  await message('IN', '06-02T09:00:00', first)
  await message('OUT', '06-01T12:13:25', { ...first, agent: 'anna' })
  await message('OUT', '06-02T09:20:00', { ...first, agent: 'anna' })

  await message('IN', '06-03T08:00:00', second)
  await message('OUT', '06-03T08:30:00', { ...second, agent: 'bert' })
  await resolve('06-03T10:12:10', { conversation: 'c2', provider: 'SMOOCH', agent: 'bert', tags: ['Finance'] })

  // The documentation's Frank: a general number, one for orders, and Twitter.
  await message('IN', '06-04T10:00:00', { customerChannelIdentifier: frank })
  await message('IN', '06-04T10:00:01', { customerChannelIdentifier: frank, tenantChannelIdentifier: ORDERS })
  await message('IN', '06-04T10:00:02', {
    ...{ channel: 'TWITTER_DM', tenantChannelIdentifier: '@teddies', customerChannelIdentifier: '@frank' },
  })

  await message('OUT', '06-05T10:00:00', {
    ...{ channel: 'SMS', customerChannelIdentifier: '+31644444444', agent: 'Doe, John' },
    tags: ['system:paid_template'],
  })

  await message('IN', '06-08T16:55:00', { ...evening, tags: ['VIP'], businessHours: HOURS, timeZone: 'UTC' })
  await message('OUT', '06-09T08:05:00', { ...evening, agent: 'carl' })

  // Another workspace, with the samples of response times: 1200 seconds, and 1600 before.
  const theirs = { customerChannelIdentifier: '+31611111111', conversation: 'c1' }
  await message('IN', '05-31T12:00:00', theirs, other.key)
  await message('OUT', '05-31T12:26:40', { ...theirs, agent: 'anna' }, other.key)
  await message('IN', '06-01T08:00:00', theirs, other.key)
  await message('OUT', '06-01T08:20:00', { ...theirs, agent: 'anna' }, other.key)
}

/** Buckets of the period by the last two digits of their day; those that are not named are 0. */
export function days(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => String(n + 1).padStart(2, '0')).map((day) => [
      `2020-06-${day}T00:00:00.000Z`,
      values[day] ?? 0,
    ]),
  )
}
