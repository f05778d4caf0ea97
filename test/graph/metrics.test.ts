import { generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'

const clock = new FakeClock('2026-06-10T12:00:00.000Z')
const statements: string[] = []
const app = await testApp({}, clock, { role: 'api', onQuery: (text) => statements.push(text) })

type Answer = Record<string, any>

async function query(text: string, variables: object = {}, key?: string): Promise<Answer> {
  const { data, errors } = await app.graphql(text, variables as Record<string, unknown>, key)
  if (errors) throw new Error(JSON.stringify(errors))
  return data!
}

async function mutate(name: string, input: object, selection: string, key?: string): Promise<Answer> {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}`
  const text = `mutation ($input: ${type}Input!) { ${name}(input: $input) {
    __typename ... on ${type}Payload { ${selection} } ... on Error { code path } } }`
  return (await query(text, { input }, key))[name]
}

/** The error of an operation that must have exactly one. */
async function failure(text: string, variables: object = {}, key?: string) {
  const { errors } = await app.graphql(text, variables as Record<string, unknown>, key)
  expect(errors).toHaveLength(1)
  return errors![0]!
}

const WHATSAPP = { channel: 'WHATSAPP', tenantChannelIdentifier: '+31612345678', provider: 'TWILIO' }
const EMAIL = { channel: 'EMAIL', tenantChannelIdentifier: 'hello@teddies.com', provider: 'SMTP' }

/** Monday to Wednesday, 1 to 3 June 2026; `a` to `c` are customers. */
const HISTORY = [
  { ...WHATSAPP, direction: 'IN', customer: '+31687654321', time: '01T09:00:00', conversation: '1', tags: ['VIP'] },
  {
    ...WHATSAPP,
    direction: 'OUT',
    customer: '+31687654321',
    time: '01T09:00:30',
    conversation: '1',
    tags: ['system:automatic_reply'],
  },
  {
    ...WHATSAPP,
    direction: 'OUT',
    customer: '+31687654321',
    time: '01T09:10:00',
    conversation: '1',
    agent: 'ann',
    tags: ['team:Sales'],
  },
  { ...WHATSAPP, direction: 'IN', customer: '+31687654321', time: '01T09:30:00', conversation: '1' },
  {
    ...EMAIL,
    direction: 'IN',
    customer: 'b@example.com',
    time: '02T10:00:00',
    conversation: '2',
    tags: ['VIP', 'new'],
  },
  { ...EMAIL, direction: 'OUT', customer: 'b@example.com', time: '02T10:30:00', conversation: '2', agent: 'bob' },
  {
    ...WHATSAPP,
    direction: 'OUT',
    customer: '+4915112345678',
    time: '03T08:00:00',
    agent: 'ann',
    tags: ['system:paid_template'],
  },
  { ...WHATSAPP, direction: 'IN', customer: '+4915112345678', time: '03T08:05:00' },
]
const JUNE = { from: '2026-06-01T00:00:00Z', to: '2026-06-04T00:00:00Z' }

beforeAll(async () => {
  const messages = HISTORY.map(({ customer, time, ...same }) => ({
    ...{ ...same, customerChannelIdentifier: customer, time: `2026-06-${time}Z` },
  }))
  // In no order: what is counted does not depend on it.
  const { results } = await mutate('addMessages', { messages: messages.toReversed() }, 'results { error { code } }')
  expect(results.every(({ error }: Answer) => error === null)).toBe(true)
  const { channel, tenantChannelIdentifier, provider } = WHATSAPP
  const key = { conversation: '1', channel, tenantChannelIdentifier, provider }
  await mutate('resolveConversation', { key, time: '2026-06-01T10:00:00Z', agent: 'ann' }, 'conversation { id }')
})

const METRIC = `query ($name: MetricName!, $period: MetricPeriodInput!, $granularity: MetricGranularity, $timeZone: String,
    $filter: MetricFilter, $groupBy: MetricGrouping) {
  metric(name: $name, period: $period, granularity: $granularity, timeZone: $timeZone, filter: $filter, groupBy: $groupBy) {
    value previousValue unit isReduced calendarVersions points { start end value } groups { key value }
  }
}`
const metric = async (name: string, more: object = {}) => (await query(METRIC, { name, period: JUNE, ...more })).metric

describe('metric', () => {
  it.each([
    ['MESSAGES', 8, 'MESSAGES'],
    ['PAID_TEMPLATES', 1, 'MESSAGES'],
    // 30, 1200, 1800 and 300 seconds.
    ['RESPONSE_TIME_AVERAGE', (30 + 1_200 + 1_800 + 300) / 4, 'SECONDS'],
    ['ACTIVE_CONTACTS', 3, 'CONTACTS'],
    ['FIRST_REPLY_TIME_MEDIAN', (600 + 1_800) / 2, 'SECONDS'],
    ['FIRST_REPLY_TIME_AVERAGE', (600 + 1_800) / 2, 'SECONDS'],
    ['OPEN_FIRST_REPLY_TIME_MEDIAN', (600 + 1_800) / 2, 'SECONDS'],
    ['OPEN_FIRST_REPLY_TIME_AVERAGE', (600 + 1_800) / 2, 'SECONDS'],
    ['RESOLVED_CONVERSATIONS', 1, 'CONVERSATIONS'],
    ['TAGGED_CONVERSATIONS', 2, 'CONVERSATIONS'],
    // One by the event, after an hour; the other was silent for a day.
    ['RESOLVE_TIME_MEDIAN', (3_600 + 1_800) / 2, 'SECONDS'],
    ['RESOLVE_TIME_AVERAGE', (3_600 + 1_800) / 2, 'SECONDS'],
    ['MESSAGES_PER_CONVERSATION', 6 / 2, 'RATIO'],
    ['UNIQUE_CONVERSATIONS', 3, 'CONVERSATIONS'],
  ])('%s is %d', async (name, value, unit) => {
    const found = await metric(name)
    const isCount = unit !== 'SECONDS' && unit !== 'RATIO'
    expect(found).toEqual({
      ...{ value, unit, previousValue: isCount ? 0 : null, isReduced: false },
      ...{ calendarVersions: [], points: [], groups: [] },
    })
  })

  it('is a series with a bucket for every day, in any zone', async () => {
    const { points } = await metric('MESSAGES', { granularity: 'DAY', timeZone: 'Asia/Kolkata' })
    expect(points).toEqual([
      { start: '2026-05-31T18:30:00.000Z', end: '2026-06-01T18:30:00.000Z', value: 4 },
      { start: '2026-06-01T18:30:00.000Z', end: '2026-06-02T18:30:00.000Z', value: 2 },
      { start: '2026-06-02T18:30:00.000Z', end: '2026-06-03T18:30:00.000Z', value: 2 },
      { start: '2026-06-03T18:30:00.000Z', end: '2026-06-04T18:30:00.000Z', value: 0 },
    ])
  })

  it.each([
    [{ direction: 'OUT' }, 4],
    [{ agents: ['ann'] }, 2],
    [{ agents: ['ann', 'bob'] }, 3],
    [{ channels: ['email'] }, 2],
    [{ providers: ['twilio'], direction: 'IN' }, 3],
    [{ tags: ['VIP'] }, 2],
    [{ tags: ['team:Sales'] }, 1],
    [{ identifiers: ['+31687654321'] }, 4],
    [{ identifiers: ['hello@teddies.com'] }, 2],
    [{ conversations: ['2'] }, 2],
    [{ agents: [], tags: null }, 8],
    [{ agents: ['nobody'] }, 0],
  ])('counts by %j', async (filter, value) => {
    expect((await metric('MESSAGES', { filter })).value).toBe(value)
  })

  it('counts sessions by who began them', async () => {
    const begun = async (initiatedBy: string) =>
      (await metric('UNIQUE_CONVERSATIONS', { filter: { initiatedBy } })).value
    expect([await begun('USER'), await begun('BUSINESS')]).toEqual([2, 1])
  })

  it.each([
    ['MESSAGES', 'AGENT', { ann: 2, bob: 1 }],
    ['MESSAGES', 'CHANNEL', { WHATSAPP: 6, EMAIL: 2 }],
    ['MESSAGES', 'PROVIDER', { TWILIO: 6, SMTP: 2 }],
    ['TAGGED_CONVERSATIONS', 'TAG', { VIP: 2, new: 1 }],
    ['MESSAGES', 'TEAM', { Sales: 1 }],
    ['ACTIVE_CONTACTS', 'COUNTRY', { DE: 1, NL: 1 }],
  ])('%s by %s', async (name, groupBy, expected) => {
    const { groups } = await metric(name, { groupBy })
    expect(groups).toEqual(Object.entries(expected).map(([key, value]) => ({ key, value })))
  })

  it('has a previous value of the period before', async () => {
    const period = { from: '2026-06-02T00:00:00Z', to: '2026-06-03T00:00:00Z' }
    expect(await metric('MESSAGES', { period })).toMatchObject({ value: 2, previousValue: 4 })
  })

  it('computes what is asked for and nothing else', async () => {
    const count = async (selection: string) => {
      const more = selection.includes('$more') ? ', $more: Boolean = false' : ''
      const text = `query ($period: MetricPeriodInput!${more}) {
        metric(name: MESSAGES, period: $period, granularity: DAY) { ${selection} } }`
      const answers: number[] = []
      // The first is interpreted, later ones are compiled.
      for (let n = 0; n < 3; n++) {
        await app.graphql('{ viewer { credential } }')
        statements.length = 0
        await query(text, { period: JUNE })
        answers.push(statements.filter((each) => /metric_rollup|metric_fact|FROM message/.test(each)).length)
      }
      expect(new Set(answers).size).toBe(1)
      return answers[0]!
    }
    expect(await count('name unit definition { version text }')).toBe(0)
    const value = await count('value')
    expect(value).toBeGreaterThan(0)
    expect(await count('value previousValue')).toBeGreaterThan(value)
    expect(await count('value previousValue @include(if: $more)')).toBe(value)
    expect(await count('... on Metric { value ... { previousValue @skip(if: true) } }')).toBe(value)
  })

  it('stands beside others in one query', async () => {
    const all = await query(
      `query ($period: MetricPeriodInput!) {
        ${Array.from({ length: 25 }, (_, n) => `m${n}: metric(name: MESSAGES, period: $period, granularity: DAY) { ...all }`).join('\n')}
      }
      fragment all on Metric { value points { value } groups { key } }`,
      { period: JUNE },
    )
    expect(Object.values(all).map(({ value }) => value)).toEqual(Array.from({ length: 25 }, () => 8))
  })

  it('says how it is defined', async () => {
    const { metric: found } = await query(
      `query ($period: MetricPeriodInput!) { metric(name: FIRST_REPLY_TIME_MEDIAN, period: $period) {
        name definition { name version text unit aggregate } } }`,
      { period: JUNE },
    )
    expect(found).toEqual({
      name: 'FIRST_REPLY_TIME_MEDIAN',
      definition: {
        ...{ name: 'FIRST_REPLY_TIME_MEDIAN', version: 1, unit: 'SECONDS', aggregate: 'MEDIAN' },
        text: expect.stringContaining('not an automatic reply'),
      },
    })
  })

  it.each([
    [{ period: { from: JUNE.to, to: JUNE.from } }, ['period', 'to'], 'order'],
    [{ timeZone: 'Nowhere' }, ['timeZone'], 'time_zone'],
    [
      { period: { from: '2000-01-01T00:00:00Z', to: JUNE.to }, granularity: 'MINUTE' },
      ['granularity'],
      'too_many_buckets',
    ],
    [{ filter: { agents: ['x'.repeat(201)] } }, ['filter', 'agents', 0], 'too_long'],
    [{ filter: { agents: ['NUL \0'] } }, ['filter', 'agents', 0], 'unstorable_character'],
  ])('refuses %j', async (more, inputPath, rule) => {
    const { extensions } = await failure(METRIC, { name: 'MESSAGES', period: JUNE, ...more })
    expect(extensions).toMatchObject({ code: 'VALIDATION_FAILED', inputPath, rule })
  })

  it('takes periods of any length', async () => {
    const period = { from: '1970-01-01T00:00:00Z', to: '9998-12-31T23:59:59Z' }
    for (const [name, value] of Object.entries({ MESSAGES: 8, ACTIVE_CONTACTS: 3, FIRST_REPLY_TIME_MEDIAN: 1_200 })) {
      expect(await metric(name, { period, granularity: 'YEAR' })).toMatchObject({ value })
    }
  })

  it('is not read without its scope, nor of another workspace', async () => {
    const { key } = await mutate('createApiKey', { name: 'narrow', scopes: ['MESSAGES_WRITE'] }, 'key')
    expect((await failure(METRIC, { name: 'MESSAGES', period: JUNE }, key)).extensions.code).toBe('INSUFFICIENT_SCOPE')
    const proof =
      'query ($period: MetricPeriodInput!) { metric(name: MESSAGES, period: $period) { proof(first: 1) { totalCount } } }'
    expect((await failure(proof, { period: JUNE }, key)).extensions.code).toBe('INSUFFICIENT_SCOPE')
    const other = await app.otherWorkspace('other')
    const theirs = await query(
      METRIC,
      { name: 'MESSAGES', period: JUNE, filter: { identifiers: ['+31687654321'] } },
      other.key,
    )
    expect(theirs.metric.value).toBe(0)
  })
})

describe('proof', () => {
  const PROOF = `query ($name: MetricName!, $period: MetricPeriodInput!, $filter: MetricFilter, $first: Int, $last: Int,
      $after: String, $before: String) {
    metric(name: $name, period: $period, filter: $filter) {
      value isReduced
      proof(first: $first, last: $last, after: $after, before: $before) {
        totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        nodes { at value source { __typename ... on Message { direction conversation { key } } ... on Conversation { key } } }
      }
    }
  }`
  const proof = async (name: string, more: object) => (await query(PROOF, { name, period: JUNE, ...more })).metric

  it('of a count lists what was counted', async () => {
    const { value, proof: found } = await proof('MESSAGES', { first: 10, filter: { direction: 'OUT' } })
    expect(found.totalCount).toBe(value)
    expect(found.nodes[0]).toEqual({
      ...{ at: '2026-06-01T09:00:30.000Z', value: 1 },
      source: { __typename: 'Message', direction: 'OUT', conversation: { key: '1' } },
    })
    expect(found.nodes.map(({ at }: Answer) => at.slice(8, 16))).toEqual([
      '01T09:00',
      '01T09:10',
      '02T10:30',
      '03T08:00',
    ])
  })

  it('of an average lists what it is the mean of', async () => {
    const { value, proof: found } = await proof('FIRST_REPLY_TIME_AVERAGE', { first: 10 })
    expect(found.nodes).toEqual([
      { at: '2026-06-01T09:10:00.000Z', value: 600, source: { __typename: 'Conversation', key: '1' } },
      { at: '2026-06-02T10:30:00.000Z', value: 1_800, source: { __typename: 'Conversation', key: '2' } },
    ])
    expect(value).toBe((600 + 1_800) / 2)
  })

  it('of different ones lists each once', async () => {
    const { value, proof: found } = await proof('ACTIVE_CONTACTS', { first: 10 })
    expect([value, found.totalCount, found.nodes.length]).toEqual([3, 3, 3])
    const tagged = await proof('TAGGED_CONVERSATIONS', { first: 10 })
    expect([tagged.value, tagged.proof.totalCount]).toEqual([2, 2])
  })

  it('has pages in both directions', async () => {
    const pages: string[][] = []
    const at = (nodes: Answer[]) => nodes.map((node) => node.at)
    const all = at((await proof('MESSAGES', { first: 100 })).proof.nodes)
    for (let after: string | null = null; ; ) {
      const { proof: page }: Answer = await proof('MESSAGES', { first: 3, after })
      pages.push(at(page.nodes))
      if (!page.pageInfo.hasNextPage) break
      after = page.pageInfo.endCursor
    }
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 2])
    expect(pages.flat()).toEqual(all)
    const last = (await proof('MESSAGES', { last: 3 })).proof
    const middle = (await proof('MESSAGES', { last: 3, before: last.pageInfo.startCursor })).proof
    expect([...at(middle.nodes), ...at(last.nodes)]).toEqual(all.slice(2))
    expect(middle.pageInfo.hasPreviousPage).toBe(true)
  })

  it('tells what is wrong with its own arguments', async () => {
    const period = { from: JUNE.to, to: JUNE.from }
    const only =
      'query ($period: MetricPeriodInput!) { metric(name: MESSAGES, period: $period) { proof(first: 1) { totalCount } } }'
    expect((await failure(only, { period })).extensions).toMatchObject({
      code: 'VALIDATION_FAILED',
      inputPath: ['period', 'to'],
    })
    const { extensions } = await failure(PROOF, { name: 'MESSAGES', period: JUNE, first: 1, after: 'x' })
    expect(extensions.code).toBe('INVALID_CURSOR')
  })
})

describe('counting anew', () => {
  const COUNTED = `conversations threads messages differenceCount
    differences { kind stored expected conversation { key } thread { id } message { id } }`

  it('finds what is stored otherwise, and puts it right', async () => {
    const clean = await mutate('verifyMetrics', {}, COUNTED)
    expect(clean).toMatchObject({ conversations: 2, threads: 3, differenceCount: 0, differences: [] })
    await app.db.query(sql`UPDATE metric_rollup SET sent = sent + 1 WHERE word_id = 0`)
    await app.db.query(sql`UPDATE conversation SET received = 99 WHERE key = '2'`)
    const found = await mutate('verifyMetrics', {}, COUNTED)
    expect(found.differenceCount).toBeGreaterThan(2)
    expect(found.differences).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'SUM', conversation: null, message: null, thread: null }),
        expect.objectContaining({ kind: 'CONVERSATION', conversation: { key: '2' } }),
      ]),
    )
    expect((await metric('MESSAGES')).value).not.toBe(8)
    const mended = await mutate('recomputeMetrics', {}, 'differenceCount')
    expect(mended.differenceCount).toBe(found.differenceCount)
    expect((await mutate('verifyMetrics', {}, 'differenceCount')).differenceCount).toBe(0)
    expect((await metric('MESSAGES')).value).toBe(8)
  })

  it('takes any moment to begin at', async () => {
    for (const from of ['0000-01-01T00:00:00Z', '2026-06-02T12:00:00Z', '9999-12-31T23:59:59Z']) {
      expect(await mutate('verifyMetrics', { from }, 'differenceCount')).toMatchObject({ differenceCount: 0 })
    }
  })

  it('needs its scopes', async () => {
    const { key } = await mutate('createApiKey', { name: 'reader', scopes: ['MESSAGES_READ'] }, 'key')
    expect(await mutate('recomputeMetrics', {}, 'days', key)).toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
    expect(await mutate('verifyMetrics', {}, 'differenceCount', key)).toMatchObject({ differenceCount: 0 })
  })
})

describe('signing keys', () => {
  const pem = (bits: number) =>
    generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ type: 'spki', format: 'pem' }).toString()

  it('belong to an API key, until they are revoked', async () => {
    const { apiKey } = await mutate('createApiKey', { name: 'SaySimple' }, 'apiKey { id }')
    const publicKey = pem(2_048)
    const add = (input: object) =>
      mutate('addSigningKey', { apiKeyId: apiKey.id, ...input }, 'signingKey { id name fingerprint createdAt }')
    const one = (await add({ publicKey, name: 'Laptop' })).signingKey
    expect(one).toMatchObject({ name: 'Laptop', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await add({ publicKey })).toMatchObject({ code: 'VALIDATION_FAILED', path: ['publicKey'] })
    expect(await add({ publicKey: pem(1_024) })).toMatchObject({ code: 'VALIDATION_FAILED', path: ['publicKey'] })
    const two = (await add({ publicKey: pem(2_048) })).signingKey
    const listed = async () =>
      (await query('query ($id: ID!) { apiKey(id: $id) { signingKeys { id name } } }', { id: apiKey.id })).apiKey
        .signingKeys
    const ids = async () => (await listed()).map(({ id }: Answer) => id)
    expect((await ids()).sort()).toEqual([one.id, two.id].sort())
    const revoke = (id: string) => mutate('revokeSigningKey', { id }, 'revokedSigningKeyId')
    expect(await revoke(one.id)).toEqual({ __typename: 'RevokeSigningKeyPayload', revokedSigningKeyId: one.id })
    expect(await revoke(one.id)).toMatchObject({ code: 'NOT_FOUND', path: ['id'] })
    expect(await ids()).toEqual([two.id])
  })
})
