import { describe, expect, it } from 'vitest'
import { testApp } from '../kit/app.ts'

const app = await testApp({ MAX_BODY_KB: '64', INTROSPECTION: 'off' })
const open = await testApp({ GRAPHIQL: 'off' })

interface Answer {
  status: number
  type: string
  body: { data?: unknown; errors?: { message: string; extensions: Record<string, unknown> }[] }
}

async function post(body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return answerOf(
    await fetch(new URL('/graphql', app.localUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json',
        authorization: `Bearer ${app.key}`,
        ...headers,
      },
      body,
    }),
  )
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  if (!type.includes('json')) throw new Error(`${response.status} ${type}: ${text.slice(0, 200)}`)
  return { status: response.status, type, body: JSON.parse(text) }
}

const ask = (query: string, variables: object = {}) => post(JSON.stringify({ query, variables }))

/** The one error of an answer that was refused as a whole. */
async function refused(answer: Answer | Promise<Answer>) {
  const { status, body } = await answer
  expect(body.data).toBeUndefined()
  expect(body.errors).toHaveLength(1)
  const { message, extensions } = body.errors![0]!
  const { code, limit, actual } = extensions
  expect(message).not.toBe('')
  expect(extensions.http, 'what is for the server only').toBeUndefined()
  return { status, code, limit, actual }
}

describe('depth', () => {
  const deep = (levels: number) =>
    `${'{ link(id: "x") '}${'{ questions { link '.repeat((levels - 2) / 2)}{ id }${' } }'.repeat((levels - 2) / 2)} }`

  it('takes twelve levels', async () => {
    const levels = (n: number) => `{ a: viewer ${'{ workspace '.repeat(0)}{ scopes } } # ${n}`
    expect((await ask(levels(2))).body.errors).toBeUndefined()
    const { body } = await ask(deep(12))
    expect(body.errors?.map((error) => error.extensions.code) ?? []).not.toContain('QUERY_TOO_DEEP')
  })

  it('refuses more, and says how deep it is', async () => {
    expect(await refused(ask(deep(14)))).toEqual({ status: 400, code: 'QUERY_TOO_DEEP', limit: 12, actual: 14 })
  })

  it('sees through fragments', async () => {
    const chain = Array.from({ length: 7 }, (_, n) => `fragment F${n} on Link { questions { link { ...F${n + 1} } } }`)
    const query = `{ link(id: "x") { ...F0 } } ${chain.join('\n')} fragment F7 on Link { id }`
    expect(await refused(ask(query))).toMatchObject({ code: 'QUERY_TOO_DEEP', limit: 12, actual: 16 })
  })

  it('survives fragments that go round in a ring', async () => {
    const { status, body } = await ask(
      '{ link(id: "x") { ...A } } fragment A on Link { questions { ...B } } fragment B on Question { link { ...A } }',
    )
    expect(status).toBe(400)
    expect(body.errors![0]!.message).toContain('Cannot spread fragment "A" within itself')
  })
})

describe('aliases', () => {
  const aliased = (count: number) => `{ ${Array.from({ length: count }, (_, n) => `a${n}: eventCursor`).join(' ')} }`

  it('takes thirty and no more', async () => {
    expect((await ask(aliased(30))).body.errors).toBeUndefined()
    expect(await refused(ask(aliased(31)))).toEqual({
      status: 400,
      code: 'QUERY_TOO_MANY_ALIASES',
      limit: 30,
      actual: 31,
    })
  })

  it('counts those in fragments', async () => {
    const { code } = await refused(ask(`{ ...F } fragment F on Query ${aliased(40)}`))
    expect(code).toBe('QUERY_TOO_MANY_ALIASES')
  })
})

describe('tokens', () => {
  it('takes two thousand and no more', async () => {
    // The braces and all around the list are fifteen.
    const words = (count: number) =>
      `{ events(first: 1, types: [${'LINK_CREATED '.repeat(count - 15)}]) { __typename } }`
    expect((await ask(words(2_000))).body.errors).toBeUndefined()
    expect(await refused(ask(words(2_001)))).toEqual({
      status: 400,
      code: 'QUERY_TOO_LONG',
      limit: 2_000,
      actual: undefined,
    })
  })
})

describe('complexity', () => {
  const nested = '{ links(first: 100) { nodes { responses(first: 100) { nodes { id } } } } }'
  const LIMIT = { status: 400, code: 'QUERY_TOO_COMPLEX', limit: 10_000 }

  it('multiplies the pages', async () => {
    expect(await refused(ask(nested))).toEqual({ ...LIMIT, actual: 100 + 100 * (1 + (100 + 100)) })
  })

  it.each([
    [
      'variables',
      'query ($n: Int) { links(first: $n) { nodes { responses(first: $n) { nodes { id } } } } }',
      { n: 100 },
    ],
    ['last', 'query ($n: Int) { links(last: $n) { nodes { responses(last: $n) { nodes { id } } } } }', { n: 100 }],
    [
      'defaults of variables',
      'query ($n: Int = 100) { links(first: $n) { nodes { responses(first: $n) { nodes { id } } } } }',
      {},
    ],
    [
      'fragments',
      '{ links(first: 100) { ...P } } fragment P on LinkConnection { nodes { ...L } } fragment L on Link { responses(first: 100) { nodes { id } } }',
      {},
    ],
    [
      'inline fragments',
      '{ ... { links(first: 100) { ... { nodes { ... on Link { responses(first: 100) { nodes { id } } } } } } } }',
      {},
    ],
    [
      'nodes',
      'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Link { responses(first: 100) { nodes { id } } } } }',
      { ids: Array(100).fill('x') },
    ],
    [
      'lists without a page size',
      '{ contacts(first: 100) { nodes { respondents { responses { answers { id } } } } } }',
      {},
    ],
    [
      'going back and forth',
      '{ link(id: "x") { questions { link { questions { link { questions { id } } } } } } }',
      {},
    ],
    [
      'events',
      '{ events(first: 100) { ... on EventPage { events { link { questions { link { responses(first: 10) { nodes { id } } } } } } } } }',
      {},
    ],
    [
      'mutations',
      'mutation { createLink(input: { name: "x" }) { ... on CreateLinkPayload { link { responses(first: 100) { nodes { respondent { responses { answers { id } } } } } } } } }',
      {},
    ],
  ])('sees %s', async (_what, query, variables) => {
    const answer = await refused(ask(query, variables))
    expect(answer).toMatchObject(LIMIT)
    expect(answer.actual).toBeGreaterThan(10_000)
  })

  it('says so each time, also when the operation is known', async () => {
    for (let n = 0; n < 3; n++) expect((await refused(ask(nested))).code).toBe('QUERY_TOO_COMPLEX')
  })

  it.each([
    ['a dashboard', '{ links(first: 100) { totalCount edges { cursor node { id questions { id prompt } } } } }'],
    [
      'answers of a page',
      '{ responses(first: 100) { nodes { id answers { text question { prompt } upload { url } } } } }',
    ],
    [
      'events with what they are about',
      '{ events(first: 100) { ... on EventPage { events { link { id } response { id answers { id } } } } } }',
    ],
  ])('takes %s', async (_what, query) => {
    expect((await ask(query)).body.errors).toBeUndefined()
  })

  it('does not take long over fragments that spread each other twice', async () => {
    const count = 100
    const chain = Array.from({ length: count }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)
    // Who followed each of them would never come to an end.
    const { body } = await ask(`{ ...F0 } ${chain.join('\n')} fragment F${count} on Query { viewer { scopes } }`)
    expect(body.errors === undefined || body.errors[0]!.extensions.code === 'QUERY_TOO_COMPLEX').toBe(true)
  })
})

describe('sizes', () => {
  it.each([
    ['links(first: 0)'],
    ['links(first: 101)'],
    ['links(last: 101)'],
    ['links(first: -1)'],
    ['events(first: 101)'],
  ])('refuses %s with the argument and the rule', async (field) => {
    const { body } = await ask(`{ ${field} { __typename } }`)
    const { extensions } = body.errors![0]!
    expect(extensions).toMatchObject({ code: 'VALIDATION_FAILED', rule: expect.stringMatching(/^too_(small|large)$/) })
    expect(extensions.inputPath).toEqual([field.includes('last') ? 'last' : 'first'])
  })

  it('refuses more than a hundred nodes', async () => {
    const { body } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array(101).fill('x') })
    expect(body.errors![0]!.extensions).toMatchObject({
      code: 'VALIDATION_FAILED',
      rule: 'too_long',
      inputPath: ['ids'],
    })
  })

  it('refuses a body that is too large, in the form of GraphQL', async () => {
    const answer = await refused(ask(`{ viewer { scopes } } # ${'x'.repeat(70_000)}`))
    expect(answer).toEqual({ status: 413, code: 'PAYLOAD_TOO_LARGE', limit: 65_536, actual: undefined })
  })
})

describe('what is no operation', () => {
  it.each([
    ['malformed JSON', '{"query": ', {}],
    ['no body', '', {}],
    ['JSON that is no object', '"{ viewer { scopes } }"', {}],
    ['a batch', '[{"query":"{ eventCursor }"},{"query":"{ eventCursor }"}]', {}],
    ['no query', '{}', {}],
    ['a query that is no text', '{"query": 1}', {}],
    ['variables that are no object', '{"query": "{ eventCursor }", "variables": "x"}', {}],
    [
      'variables that do not fit',
      '{"query": "query ($n: Int!) { links(first: $n) { totalCount } }", "variables": {"n": "x"}}',
      {},
    ],
    ['variables that are missing', '{"query": "query ($n: Int!) { links(first: $n) { totalCount } }"}', {}],
    ['no such operation', '{"query": "query A { eventCursor } query B { eventCursor }", "operationName": "C"}', {}],
    ['a syntax error', '{"query": "{ viewer { "}', {}],
    ['another content type', 'query={ eventCursor }', { 'content-type': 'application/xml' }],
    ['no content type', '{"query": "{ eventCursor }"}', { 'content-type': '' }],
  ])('is refused with a 4xx and errors: %s', async (_what, body, headers) => {
    const { status, body: answer } = await post(body, headers)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(answer.data).toBeUndefined()
    expect(answer.errors!.length).toBeGreaterThan(0)
    expect(answer.errors![0]!.message).toEqual(expect.any(String))
    expect(answer.errors![0]!.extensions.code).toMatch(/^[A-Z_]+$/)
    expect(JSON.stringify(answer)).not.toMatch(/node_modules|at Object|FST_/)
  })

  it('is refused when it is a mutation by GET', async () => {
    const url = new URL('/graphql', app.localUrl)
    url.searchParams.set('query', 'mutation { createLink(input: { name: "By GET" }) { __typename } }')
    const { status, body } = await answerOf(await fetch(url, { headers: { authorization: `Bearer ${app.key}` } }))
    expect(status).toBe(405)
    expect(body.errors).toHaveLength(1)
    const { data } = await app.graphql('{ links(first: 10, filter: { search: "By GET" }) { totalCount } }')
    expect(data!.links.totalCount).toBe(0)
  })
})

describe('introspection', () => {
  it('can be switched off', async () => {
    for (const query of [
      '{ __schema { types { name } } }',
      '{ __type(name: "Link") { name } }',
      '{ ...F } fragment F on Query { s: __schema { description } }',
    ]) {
      const { status, body } = await ask(query)
      expect(status).toBe(400)
      expect(body.errors![0]!.message).toBe('Introspection is switched off on this server.')
    }
    expect((await ask('{ viewer { __typename } }')).body).toEqual({ data: { viewer: { __typename: 'Viewer' } } })
  })

  it('does not suggest names when it is off', async () => {
    const { body } = await ask('{ linkss(first: 1) { nodes { id } } }')
    expect(body.errors![0]!.message).toBe('Cannot query field "linkss" on type "Query".')
  })
})

describe('GraphiQL', () => {
  const visit = (server: typeof app) =>
    fetch(new URL('/graphql', server.localUrl), { headers: { accept: 'text/html,*/*;q=0.8' } })

  it('is a page that takes nothing from elsewhere', async () => {
    const response = await visit(app)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'self'/)
    expect(response.headers.get('content-security-policy')).not.toMatch(/https?:/)
    const html = await response.text()
    expect(html).toContain('<html')
    const sources = [...html.matchAll(/<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*["']?([^"'\s>]+)/gi)].map(
      ([, source]) => source!,
    )
    expect(sources.filter((source) => /^(https?:)?\/\//i.test(source))).toEqual([])
    expect(html).not.toMatch(/@import\s+(url\()?["']?https?:/i)
  }, 30_000)

  it('is not there when it is switched off', async () => {
    const response = await visit(open)
    expect(response.headers.get('content-type')).not.toContain('text/html')
    expect(await response.json()).toEqual({
      errors: [expect.objectContaining({ message: 'Must provide query string.' })],
    })
    const { data } = await open.graphql('{ __schema { queryType { name } } }')
    expect(data).toEqual({ __schema: { queryType: { name: 'Query' } } })
  })
})
