import { expect, test } from 'vitest'
import { TEST_KEY, testApp } from '../kit/app.ts'

const app = await testApp({ RATE_LIMIT: '1000000' })

const JSON_TYPE = 'application/json'
const RESPONSE_TYPE = 'application/graphql-response+json'

/** What a client can see of an answer, but for what differs between any two. */
async function ask(path: string, body: unknown, headers: Record<string, string>) {
  const response = await fetch(new URL(path, app.localUrl), {
    method: 'POST',
    headers: { 'content-type': JSON_TYPE, authorization: `Bearer ${TEST_KEY}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const text = (await response.text()).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UUID')
  const seen = ['content-type', 'access-control-allow-origin', 'vary', 'www-authenticate', 'retry-after', 'allow']
  return {
    status: response.status,
    headers: Object.fromEntries(seen.map((name) => [name, response.headers.get(name)])),
    hasRequestId: response.headers.has('x-request-id'),
    text,
  }
}

const LINK = { query: '{ links(first: 1) { nodes { id } } }' }
const BAD_PAGE = { query: '{ links(first: 0) { nodes { id } } }' }

test.each<[string, unknown, Record<string, string>?]>([
  ['data', LINK],
  ['data, named as the answer of GraphQL', LINK, { accept: RESPONSE_TYPE }],
  ['data, with a choice', LINK, { accept: `${RESPONSE_TYPE}, ${JSON_TYPE}` }],
  ['data, with the other choice', LINK, { accept: `${JSON_TYPE},${RESPONSE_TYPE}` }],
  ['data, with weights', LINK, { accept: `${RESPONSE_TYPE},${JSON_TYPE};q=0.9` }],
  ['an accepted type that nobody has', LINK, { accept: 'image/png' }],
  ['a page of another origin', LINK, { origin: 'https://elsewhere.example' }],
  ['variables', { query: 'query ($n: Int!) { links(first: $n) { nodes { id } } }', variables: { n: 1 } }],
  ['a wrong variable', { query: 'query ($n: Int!) { links(first: $n) { nodes { id } } }', variables: { n: 'x' } }],
  ['a missing variable', { query: 'query ($n: Int!) { links(first: $n) { nodes { id } } }', variables: null }],
  ['variables that are none', { ...LINK, variables: 'x' }],
  ['variables that are a list', { ...LINK, variables: [] }],
  ['one of two operations', { query: 'query A { eventCursor } query B { __typename }', operationName: 'B' }],
  ['none of two operations', { query: 'query A { __typename } query B { __typename }' }],
  ['an unknown operation', { query: 'query A { __typename }', operationName: 'C' }],
  ['an empty operation name', { query: '{ __typename }', operationName: '' }],
  ['an operation name that is none', { query: '{ __typename }', operationName: 7 }],
  ['no query', { variables: {} }],
  ['a query that is none', { query: 7 }],
  ['an empty query', { query: '' }],
  ['something that does not parse', { query: '{' }],
  ['something invalid', { query: '{ nothing }' }],
  ['something invalid, named as the answer of GraphQL', { query: '{ nothing }' }, { accept: RESPONSE_TYPE }],
  ['a subscription', { query: 'subscription { events { id } }' }, { accept: JSON_TYPE }],
  ['a parameter that nobody knows', { ...LINK, other: 1 }],
  ['extensions', { ...LINK, extensions: {} }],
  ['a list of requests', [LINK]],
  ['an error of a field', BAD_PAGE],
  ['an error of a field, named as the answer of GraphQL', BAD_PAGE, { accept: RESPONSE_TYPE }],
  ['too much', { query: '{ links(first: 100) { nodes { responses(first: 100) { nodes { answers { id } } } } } }' }],
  ['an expected failure', { query: 'mutation { deleteLink(input: { id: "x" }) { __typename } }' }],
  ['a wrong key', LINK, { authorization: 'Bearer sk_live_nobodysnobodysnobodys' }],
  ['a wrong key, named as the answer of GraphQL', LINK, { authorization: 'Bearer no', accept: RESPONSE_TYPE }],
  ['a malformed credential', LINK, { authorization: 'Basic abc' }],
  ['no credential', LINK, { authorization: '' }],
  ['no credential where none is needed', { query: '{ __typename }' }, { authorization: '' }],
])('%s is answered as Yoga answers', async (_, body, headers = {}) => {
  const direct = await ask('/graphql', body, headers)
  // Something in its address makes a request one for Yoga.
  expect(direct).toEqual(await ask('/graphql?by=yoga', body, headers))
  expect(await ask('/graphql', body, headers)).toEqual(direct)
})
