import { expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { reduceMessages, updateMessageSettings } from '../../../src/domains/messaging/index.ts'
import { addHistory } from './history.ts'
import { BASE, METRIC_PATHS, saysimpleServer } from './kit.ts'

const server = await saysimpleServer()
const { acme, app, call, clock, metric, world } = server
await addHistory(server)

/** Periods, of which those before 31 May are reduced later; most begin and end at odd moments. */
const PERIODS: Record<string, string>[] = [
  // By default the last 30 days; the 30 before them begin at an odd millisecond.
  {},
  { between: '2020-05-20T07:41:17.003Z', and: '2020-05-29T23:59:59Z' },
  { between: '2020-05-24T00:00:00Z', and: '2020-05-27T00:00:00Z' },
  { between: '2020-05-25T00:00:07Z', and: '2020-06-09T08:05:00Z' },
  { between: '2020-04-01T00:00:00.000Z', and: '2020-05-30T23:59:59.999Z' },
  { between: '2020-06-01T09:07:03Z', and: '2020-06-02T09:01:00Z' },
]
const FILTERS: Record<string, string>[] = [{}, { agent: 'anna' }, { tag: 'VIP' }, { channel: 'whatsapp' }]

async function read(): Promise<[string, string][]> {
  const asked = METRIC_PATHS.flatMap((path) =>
    PERIODS.flatMap((period) =>
      FILTERS.map((filter) => `${path}?${new URLSearchParams({ ...period, ...filter }).toString()}`),
    ),
  )
  const told: [string, string][] = []
  for (const path of asked) told.push([path, (await call('GET', path)).text])
  return told
}

it('answers as before when the messages that it would have looked at are reduced', async () => {
  clock.set(new Date('2020-06-30T12:00:00.123Z'))
  const before = await read()
  await updateMessageSettings(world, acme.viewer, { retentionDays: 30 })
  expect(await reduceMessages(world)).toBe(3)
  expect(await read()).toEqual(before)
  // Not since there was nothing.
  const { aggregatedValue, previousAggregatedValue } = await metric('messages/sum')
  expect([aggregatedValue, previousAggregatedValue]).toEqual([13, 3])
  expect((await metric('active-contacts/sum')).previousAggregatedValue).toBe(2)
}, 120_000)

it('tells periods before that by whole quarters of an hour, and contacts from midnights on', async () => {
  const total = async (path: string, between: string, and: string) =>
    (await metric(path, { between: `2020-05-${between}Z`, and: `2020-05-${and}Z` })).aggregatedValue
  // The messages are of 25 May at 10:00 and 12:55:46.
  expect(await total('messages/sum', '25T09:37:00', '25T10:07:00')).toBe(0)
  expect(await total('messages/sum', '25T09:37:00', '25T10:08:00')).toBe(1)
  expect(await total('messages/sum', '25T10:07:00', '25T13:00:00')).toBe(2)
  expect(await total('messages/sum', '25T10:08:00', '25T13:00:00')).toBe(1)
  expect(await total('messages/sum', '25T10:01:00', '25T10:02:00')).toBe(1)
  expect(await total('active-contacts/sum', '25T11:00:00', '26T09:00:00')).toBe(1)
  expect(await total('active-contacts/sum', '25T13:00:00', '26T23:00:00')).toBe(1)
  expect(await total('active-contacts/sum', '25T13:00:00', '25T14:00:00')).toBe(1)
})

it('says of what is not known that it is not', async () => {
  const period = { between: '2020-05-20T00:00:00Z', and: '2020-06-09T23:59:59.999Z' }
  expect(await metric('messages/sum', { ...period, agent: 'anna', tag: 'VIP' })).toEqual({
    ...{ aggregatedBy: 'DAY', data: {}, aggregatedValue: null, previousAggregatedValue: null },
  })
  // These have no value that could be null.
  expect(await metric('active-contacts/distribution', { ...period, agent: 'anna', tag: 'VIP' })).toEqual({
    ...{ aggregatedBy: 'DAY', data: {} },
  })
  // Known by days, but not by hours.
  const day = { between: '2020-05-25T00:00:00Z', and: '2020-05-26T12:00:00Z' }
  expect(await metric('active-contacts/sum', day)).toEqual({
    ...{ aggregatedBy: 'HOUR', data: {}, aggregatedValue: 2, previousAggregatedValue: 0 },
  })
  // What there never was is 0 all the same.
  expect((await metric('messages/sum', { ...period, agent: 'nobody' })).aggregatedValue).toBe(0)
  expect((await metric('messages/response-times/average', { ...day, direction: 'IN' })).aggregatedValue).toBe(0)
  const left = await app.db.query(sql`SELECT FROM message WHERE time < '2020-05-31'`)
  expect(left).toHaveLength(0)
  expect((await call('GET', `${BASE}/metrics/conversations/tags`)).json.data).toEqual({ VIP: 2, Finance: 1 })
})
