import { getNamedType, isLeafType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { buildSchema } from '../../src/graphql/schema.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'
import { NODE_NAMES, populate } from './population.ts'
import { everything, isOpen, page } from './walk.ts'

/** An operation is interpreted when it comes for the first time and compiled from the second on: nobody must notice. */
const clock = new FakeClock('2026-06-01T12:00:00Z')
const app = await testApp({}, clock)
clock.advance(1_000)
const p = await populate(app, { ...(await app.otherWorkspace('run')), slug: 'run' })
const schema = buildSchema()

interface Operation {
  query: string
  variables?: Record<string, unknown>
  operationName?: string
}

/** The whole answer, but for ids that are made per request. */
async function send({ query, variables = {}, operationName }: Operation): Promise<string> {
  const response = await fetch(new URL('/graphql', app.localUrl), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${p.key}`,
    },
    body: JSON.stringify({ query, variables, operationName }),
  })
  return `${response.status} ${await response.text()}`
}

/** Sends an operation three times and gives its one answer. */
async function same(operation: Operation): Promise<string> {
  const first = await send(operation)
  expect(await send(operation)).toBe(first)
  expect(await send(operation)).toBe(first)
  return first
}

const dataOf = (answer: string) => JSON.parse(answer.slice(4)).data
const errorsOf = (answer: string) => JSON.parse(answer.slice(4)).errors

describe('everything that can be read', () => {
  const fields = Object.values(schema.getQueryType()!.getFields()).filter(isOpen)

  it.each(fields.map((field) => [field.name, field] as const))('%s', async (_name, field) => {
    const named = getNamedType(field.type)
    const { spread, fragments } = isLeafType(named) ? { spread: '', fragments: '' } : everything(schema, named, 2)
    const answer = await same({ query: `query { ${field.name}${page(field, 5)} ${spread} } ${fragments}` })
    expect(errorsOf(answer)).toBeUndefined()
  })

  it.each(NODE_NAMES)('node: %s', async (name) => {
    const { spread, fragments } = everything(schema, schema.getType(name) as never, 2)
    const query = `query ($id: ID!) { node(id: $id) { ... on ${name} ${spread} } } ${fragments}`
    const answer = await same({ query, variables: { id: p.ids[name] } })
    expect(dataOf(answer).node.id).toBe(p.ids[name])
  })
})

describe('answers of both ways', () => {
  const L = JSON.stringify(p.ids.Link)
  it.each<[string, Operation]>([
    [
      'nulls',
      { query: '{ link(id: "x") { id } contact(id: "y") { name } node(id: "z") { id } nodes(ids: ["a"]) { id } }' },
    ],
    [
      'an error in a nullable field',
      { query: '{ nodeByLegacyId(system: SAYGENT, type: LINK, id: "0") { id } link(id: "x") { id } }' },
    ],
    ['an error at the root', { query: '{ links(first: 500) { nodes { id } } }' }],
    [
      'an error that voids more than its field',
      { query: `{ a: viewer { credential } link(id: ${L}) { name responses(first: 500) { totalCount } } }` },
    ],
    [
      'an error beside data',
      {
        query: `{ viewer { credential } contact(id: ${JSON.stringify(p.ids.Contact)}) { name } link(id: ${L}) { responses(first: 0) { totalCount } } }`,
      },
    ],
    [
      'several errors',
      { query: '{ a: link(id: "x") { id } b: links(first: 0) { totalCount } c: contacts(last: 0) { totalCount } }' },
    ],
    ['many lines', { query: '{\n  viewer { credential }\n\n  links(\n    first: 0\n  ) { totalCount }\n}\n' }],
    [
      'variables with defaults',
      { query: 'query ($n: Int = 2, $s: LinkSort! = NAME_ASC) { links(first: $n, sort: $s) { nodes { name } } }' },
    ],
    [
      'null for a variable with a default',
      { query: 'query ($n: Int = 2) { links(first: $n) { nodes { name } } }', variables: { n: null } },
    ],
    [
      'a variable of another type',
      { query: 'query ($n: Int) { links(first: $n) { nodes { name } } }', variables: { n: '2' } },
    ],
    [
      'a fraction for an integer',
      { query: 'query ($n: Int) { links(first: $n) { nodes { name } } }', variables: { n: 1.5 } },
    ],
    ['a variable that is missing', { query: 'query ($id: ID!) { link(id: $id) { name } }' }],
    ['a number for an id', { query: 'query ($id: ID!) { link(id: $id) { name } }', variables: { id: 5 } }],
    [
      'an enum value that is none',
      { query: 'query ($s: LinkSort!) { links(first: 1, sort: $s) { totalCount } }', variables: { s: 'UP' } },
    ],
    [
      'an input field that is none',
      {
        query: 'query ($f: LinkFilter) { links(first: 1, filter: $f) { totalCount } }',
        variables: { f: { colour: 'red' } },
      },
    ],
    [
      'a date that is none',
      {
        query: 'query ($f: ResponseFilter) { responses(first: 1, filter: $f) { totalCount } }',
        variables: { f: { submittedFrom: 'yesterday' } },
      },
    ],
    [
      'one value for a list',
      { query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids: p.ids.Link } },
    ],
    [
      'null within a list',
      { query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids: [p.ids.Link, null] } },
    ],
    [
      'aliases of one connection',
      {
        query:
          '{ links(first: 1) { nodes { one: responses(first: 1) { nodes { id } } all: responses(first: 9, sort: STARTED_AT_ASC) { totalCount nodes { id } } open: responses(first: 9, filter: { status: STARTED }) { totalCount nodes { id status } } } } }',
      },
    ],
    [
      'aliases at the root',
      { query: '{ a: links(first: 1) { nodes { id name } } b: links(last: 1) { nodes { id slug } } }' },
    ],
    [
      'one field twice',
      {
        query:
          '{ links(first: 1) { nodes { id } } links(first: 1) { nodes { name questions { id } } nodes { questions { prompt } } } }',
      },
    ],
    [
      'fragments on unions',
      {
        query:
          '{ links(first: 1) { nodes { questions { configuration { __typename ... on TextConfiguration { maxCharacters } ... on ImageChoiceConfiguration { cards { cardId mediaUrl } } } } } } }',
      },
    ],
    [
      '__typename everywhere',
      { query: '{ __typename links(first: 1) { __typename edges { __typename node { __typename } } } }' },
    ],
  ])('are the same: %s', async (_what, operation) => {
    await same(operation)
  })

  it('are the same on fragments of an interface, but for the order of fields that compiling changes', async () => {
    const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ...N ... on Link { name } ... on Contact { person: name } } }
      fragment N on Node { id }`
    const operation = { query, variables: { ids: [p.ids.Link, p.ids.Contact, 'x', p.ids.Answer] } }
    const first = dataOf(await send(operation))
    expect(dataOf(await send(operation))).toEqual(first)
    expect(first.nodes).toEqual([
      { __typename: 'Link', id: p.ids.Link, name: 'Survey of run' },
      { __typename: 'Contact', id: p.ids.Contact, person: 'ann of run' },
      null,
      { __typename: 'Answer', id: p.ids.Answer },
    ])
  })

  it('tell where an error is', async () => {
    const answer = await same({ query: '{\n  viewer { credential }\n  links(first: 0) { totalCount }\n}' })
    expect(errorsOf(answer)).toMatchObject([{ locations: [{ line: 3, column: 3 }], path: ['links'] }])
  })

  it('give nodes in the order of their ids, null for each that is unknown', async () => {
    const ids = ['x', p.ids.Link, p.ids.Contact, 'y', p.ids.Link]
    const answer = await same({ query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', variables: { ids } })
    expect(dataOf(answer).nodes.map((node: { id: string } | null) => node?.id ?? null)).toEqual([
      null,
      ids[1],
      ids[2],
      null,
      ids[4],
    ])
  })
})

describe('directives', () => {
  const query = `query ($on: Boolean!) {
    viewer { credential @include(if: $on) scopes @skip(if: $on) }
    links(first: 1) { totalCount @skip(if: $on) nodes { name ...Q @include(if: $on) ... @skip(if: $on) { slug responses(first: 1) { nodes { id } } } } }
  } fragment Q on Link { questions { prompt } }`

  it('follow their variables on both ways', async () => {
    const on = { query, variables: { on: true } }
    const off = { query, variables: { on: false } }
    const answers = [await send(on), await send(off), await send(on), await send(off), await send(on), await send(off)]
    expect(new Set(answers.filter((_, n) => n % 2 === 0)).size).toBe(1)
    expect(new Set(answers.filter((_, n) => n % 2 === 1)).size).toBe(1)
    const [shown, hidden] = [dataOf(answers[4]!), dataOf(answers[5]!)]
    expect(Object.keys(shown.viewer)).toEqual(['credential'])
    expect(Object.keys(shown.links.nodes[0])).toEqual(['name', 'questions'])
    expect(shown.links.totalCount).toBeUndefined()
    expect(Object.keys(hidden.viewer)).toEqual(['scopes'])
    expect(Object.keys(hidden.links.nodes[0])).toEqual(['name', 'slug', 'responses'])
    expect(hidden.links.totalCount).toBe(1)
  })
})

describe('documents with several operations', () => {
  const query =
    'query A { viewer { credential } } query B { viewer { scopes } } mutation C { createContact(input: { name: "" }) { __typename } }'

  it('run the one that is named', async () => {
    for (let run = 0; run < 3; run++) {
      expect(Object.keys(dataOf(await send({ query, operationName: 'A' })).viewer)).toEqual(['credential'])
      expect(Object.keys(dataOf(await send({ query, operationName: 'B' })).viewer)).toEqual(['scopes'])
      expect(dataOf(await send({ query, operationName: 'C' }))).toEqual({
        createContact: { __typename: 'ValidationError' },
      })
      expect(await send({ query })).toMatch(/^400 /)
      expect(await send({ query, operationName: 'D' })).toMatch(/^400 /)
    }
  })
})

describe('mutations', () => {
  it('run one after another, compiled as well', async () => {
    const query = `mutation ($id: ID!) {
      a: updateLink(input: { id: $id, name: "one" }) { ... on UpdateLinkPayload { link { name } } }
      b: updateLink(input: { id: $id, name: "two" }) { ... on UpdateLinkPayload { link { name } } }
      c: updateLink(input: { id: $id, name: "" }) { __typename }
      d: pauseLink(input: { id: $id }) { ... on PauseLinkPayload { link { name status } } }
      e: resumeLink(input: { id: $id }) { ... on ResumeLinkPayload { link { status } } }
    }`
    const answer = await same({ query, variables: { id: p.ids.Link } })
    expect(dataOf(answer)).toEqual({
      a: { link: { name: 'one' } },
      b: { link: { name: 'two' } },
      c: { __typename: 'ValidationError' },
      d: { link: { name: 'two', status: 'PAUSED' } },
      e: { link: { status: 'ACTIVE' } },
    })
  })

  it('take exactly one key where one is wanted', async () => {
    const query =
      'mutation ($q: QuestionInput!, $l: ID!) { addQuestion(input: { linkId: $l, question: $q }) { __typename } }'
    for (const configuration of [{ text: {}, voice: {} }, {}, { text: null }]) {
      const answer = await same({ query, variables: { l: p.ids.Link, q: { prompt: 'x', configuration } } })
      expect(answer).toMatch(/^400 .*configuration/)
    }
  })

  it('keep JSON as it was sent', async () => {
    const extra = { a: [1, null, { 'b c': true }], e: 'é"\\' }
    const query = `mutation ($id: ID!, $extra: JSONObject) { updateLink(input: { id: $id, settings: { extra: $extra } }) { ... on UpdateLinkPayload { link { settings { extra } } } } }`
    const answer = await same({ query, variables: { id: p.ids.Link, extra } })
    expect(dataOf(answer).updateLink.link.settings.extra).toEqual({ theme: { dark: true }, ...extra })
  })
})
