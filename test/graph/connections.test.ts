import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { testApp } from '../kit/app.ts'
import { addCampaign } from './campaign-rows.ts'

/** Pages by keyset: every row once and in order, whatever the sizes, the direction, and what changes meanwhile. */
const app = await testApp()
const newId = idGenerator(systemClock)
let workspaceId: string
let otherKey: string
let otherLink: string
const links: string[] = []

const at = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, n))
const NAMES = ['Beta', 'alpha', 'Älpha', '100%', '', 'beta_1', 'Zoë', '日本', 'a b', 'quote \' " \\']

let serial = 1
async function addLink(w: string, n: number): Promise<string> {
  const id = newId()
  await app.db.query(sql`INSERT INTO link (id, workspace_id, legacy_id, name, slug, status, settings, response_count, created_at, updated_at)
    VALUES (${id}::uuid, ${w}::uuid, ${serial}, ${NAMES[n % NAMES.length]}, ${`slug-${serial++}`}, 'active', '{}', ${n % 3}, ${at(n % 4)}, ${at(n % 5)})`)
  return id
}

async function addResponse(w: string, link: string, n: number): Promise<string> {
  const [id, respondent] = [newId(), newId()]
  await app.db.query(sql`INSERT INTO respondent (id, workspace_id, legacy_id, link_id, status, created_at, updated_at)
    VALUES (${respondent}::uuid, ${w}::uuid, ${serial++}, ${link}::uuid, 'created', now(), now())`)
  const submitted = n % 3 === 0 ? null : at(n % 4)
  await app.db.query(sql`INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, started_at, updated_at, submitted_at)
    VALUES (${id}::uuid, ${w}::uuid, ${link}::uuid, ${respondent}::uuid, ${newId()}::uuid, 'web', ${submitted ? 'completed' : 'started'}::response_status,
            ${at(n % 5)}, now(), ${submitted})`)
  return id
}

/** A respondent of the first link who was called 20 times, by one of 20 campaigns of it. */
const called = newId()
async function addSurveys(): Promise<void> {
  const [contact, link] = [newId(), links[0]!]
  await app.db.query(sql`INSERT INTO contact (id, workspace_id, legacy_id, name, created_at, updated_at)
    VALUES (${contact}::uuid, ${workspaceId}::uuid, ${serial++}, 'Called', now(), now())`)
  await app.db.query(sql`INSERT INTO respondent (id, workspace_id, legacy_id, link_id, contact_id, status, created_at, updated_at)
    VALUES (${called}::uuid, ${workspaceId}::uuid, ${serial++}, ${link}::uuid, ${contact}::uuid, 'called', now(), now())`)
  for (let n = 0; n < 20; n++) {
    const row = { workspaceId, contactId: contact, voiceFileId: newId(), word: String(n), at: at(n % 4) }
    const rows = await addCampaign(app.db, 'survey_calls', { ...row, linkId: link })
    await app.db.query(sql`UPDATE call SET respondent_id = ${called}::uuid WHERE id = ${rows.call}::uuid`)
  }
}

beforeAll(async () => {
  const { data } = await app.graphql('{ viewer { workspace { id } } }')
  workspaceId = Buffer.from(data!.viewer.workspace.id, 'base64url').toString().split(':')[1]!
  const other = await app.otherWorkspace('other')
  otherKey = other.key
  for (let n = 0; n < 33; n++) links.push(await addLink(workspaceId, n))
  for (let n = 0; n < 33; n++) await addResponse(workspaceId, links[n % 2]!, n)
  await addSurveys()
  otherLink = await addLink(other.workspaceId, 0)
  for (let n = 0; n < 5; n++) {
    await addLink(other.workspaceId, n)
    await addResponse(other.workspaceId, otherLink, n)
  }
})

interface List {
  title: string
  /** The field with its arguments but for those of the page. */
  text: (page: string) => string
  at: (data: any) => Page
}

interface Page {
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

const SELECTION = '{ edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }'
const schema = buildSchema()
const valuesOf = (name: string) => {
  const type = schema.getType(name)!
  return 'getValues' in type ? type.getValues().map((value) => value.name) : []
}
const nested = (field: string, args: string): List => ({
  title: `link.${field}(${args})`,
  text: (page) =>
    `{ link(id: "${Buffer.from(`Link:${links[0]}`).toString('base64url')}") { ${field}(${args} ${page}) ${SELECTION} } }`,
  at: (data) => data.link[field],
})
const root = (field: string, args = ''): List => ({
  title: `${field}(${args})`,
  text: (page) => `{ ${field}(${args} ${page}) ${SELECTION} }`,
  at: (data) => data[field],
})

const LISTS: List[] = [
  ...valuesOf('LinkSort').map((sort) => root('links', `sort: ${sort}`)),
  ...valuesOf('ResponseSort').map((sort) => root('responses', `sort: ${sort}`)),
  ...valuesOf('ResponseSort').map((sort) => nested('responses', `sort: ${sort}`)),
  nested('respondents', ''),
  nested('campaigns', 'kind: SURVEY_CALLS'),
  {
    title: 'respondent.calls()',
    text: (page) =>
      `{ respondent(id: "${Buffer.from(`Respondent:${called}`).toString('base64url')}") { calls(${page}) ${SELECTION} } }`,
    at: (data) => data.respondent.calls,
  },
]

async function read(list: List, page: string): Promise<Page> {
  const { data, errors } = await app.graphql(list.text(page))
  if (errors) throw new Error(`${page}: ${JSON.stringify(errors)}`)
  return list.at(data)
}

const idsOf = (page: Page) => page.edges.map((edge) => edge.node.id)

/** All pages of these sizes in turn; `between` runs after each. */
async function walk(list: List, sizes: number[], forward: boolean, between: () => Promise<void> = async () => {}) {
  const found: string[] = []
  let cursor: string | null = null
  for (let n = 0; n < 200; n++) {
    const bounds: string = cursor === null ? '' : `, ${forward ? 'after' : 'before'}: "${cursor}"`
    const page = await read(list, `${forward ? 'first' : 'last'}: ${sizes[n % sizes.length]}${bounds}`)
    const { pageInfo } = page
    expect(page.edges.length).toBeLessThanOrEqual(sizes[n % sizes.length]!)
    expect(pageInfo.startCursor).toBe(page.edges[0]?.cursor ?? null)
    expect(pageInfo.endCursor).toBe(page.edges.at(-1)?.cursor ?? null)
    if (forward) found.push(...idsOf(page))
    else found.unshift(...idsOf(page))
    if (!(forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return found
    expect(page.edges.length).toBeGreaterThan(0)
    cursor = forward ? pageInfo.endCursor : pageInfo.startCursor
    await between()
  }
  throw new Error('the pages do not end')
}

const walks = fc.record({
  sizes: fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 4 }),
  forward: fc.boolean(),
})

describe('pages', () => {
  it('are of more than one row, with ties and nulls', async () => {
    expect(LISTS.length).toBeGreaterThan(10)
    for (const list of LISTS) expect(idsOf(await read(list, 'first: 100')).length, list.title).toBeGreaterThan(15)
  })

  it.each(LISTS)('visit each row once, in one order: $title', async (list) => {
    const whole = idsOf(await read(list, 'first: 100'))
    expect(new Set(whole).size).toBe(whole.length)
    expect(idsOf(await read(list, 'last: 100'))).toEqual(whole)
    expect(await walk(list, [1, 7], true)).toEqual(whole)
    await fc.assert(
      fc.asyncProperty(walks, async ({ sizes, forward }) => {
        expect(await walk(list, sizes, forward)).toEqual(whole)
      }),
      { numRuns: 3 },
    )
  })

  it.each(LISTS)('between two cursors hold what lies there: $title', async (list) => {
    const { edges } = await read(list, 'first: 100')
    const [from, to] = [edges[3]!, edges[11]!]
    const between = await read(list, `first: 100, after: "${from.cursor}", before: "${to.cursor}"`)
    expect(idsOf(between)).toEqual(edges.slice(4, 11).map((edge) => edge.node.id))
    const last = await read(list, `last: 3, after: "${from.cursor}", before: "${to.cursor}"`)
    expect(idsOf(last)).toEqual(edges.slice(8, 11).map((edge) => edge.node.id))
  })

  it.each(LISTS)('stay whole while rows come and go: $title', async (list) => {
    await fc.assert(
      fc.asyncProperty(
        walks,
        fc.array(fc.nat(), { minLength: 3, maxLength: 6 }),
        async ({ sizes, forward }, changes) => {
          const before = idsOf(await read(list, 'first: 100'))
          const added: string[] = []
          let step = 0
          const found = await walk(
            list,
            sizes.map((size) => Math.min(size, 15)),
            forward,
            async () => {
              const change = changes[step++]
              if (change === undefined) return
              if (list.title.startsWith('links')) added.push(await addLink(workspaceId, change))
              else added.push(await addResponse(workspaceId, links[0]!, change))
              const gone = step % 2 === 0 ? added.shift() : undefined
              if (gone)
                await app.db.query(
                  sql`WITH r AS (DELETE FROM response WHERE id = ${gone}::uuid) DELETE FROM link WHERE id = ${gone}::uuid`,
                )
            },
          )
          const known = new Set(before)
          expect(found.filter((id) => known.has(id))).toEqual(before)
          expect(new Set(found).size).toBe(found.length)
          for (const id of added) {
            await app.db.query(
              sql`WITH r AS (DELETE FROM response WHERE id = ${id}::uuid) DELETE FROM link WHERE id = ${id}::uuid`,
            )
          }
          await app.db.query(
            sql`DELETE FROM respondent r WHERE contact_id IS NULL AND NOT EXISTS (SELECT FROM response WHERE respondent_id = r.id)`,
          )
        },
      ),
      { numRuns: 2 },
    )
  })

  it('put nulls last in both directions', async () => {
    for (const sort of ['SUBMITTED_AT_ASC', 'SUBMITTED_AT_DESC']) {
      const { data } = await app.graphql(`{ responses(first: 100, sort: ${sort}) { nodes { submittedAt } } }`)
      const values = data!.responses.nodes.map((node: { submittedAt: string | null }) => node.submittedAt)
      const filled = values.filter((value: unknown) => value !== null)
      expect(values.slice(0, filled.length)).toEqual(filled)
      const ascending = [...filled].sort()
      expect(filled).toEqual(sort.endsWith('ASC') ? ascending : ascending.reverse())
    }
  })
})

describe('a page that cannot be', () => {
  async function refusal(page: string, field = 'links', key?: string) {
    const { data, errors } = await app.graphql(`{ ${field}(${page}) { nodes { id } } }`, {}, key)
    expect(data).toBeNull()
    expect(errors).toHaveLength(1)
    const { code, inputPath, rule, retryable } = errors![0]!.extensions
    expect(retryable).toBe(false)
    expect(errors![0]!.path).toEqual([field])
    return [code, inputPath, rule]
  }

  it.each([
    ['sort: NAME_ASC', ['first'], 'required'],
    ['first: 1, last: 1', ['last'], 'required'],
    ['first: 0', ['first'], 'too_small'],
    ['last: 0', ['last'], 'too_small'],
    ['first: -5', ['first'], 'too_small'],
    ['first: 101', ['first'], 'too_large'],
    ['last: 101', ['last'], 'too_large'],
    ['first: null', ['first'], 'required'],
  ])('%s', async (page, path, rule) => {
    expect(await refusal(page)).toEqual(['VALIDATION_FAILED', path, rule])
  })

  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it('has a cursor of another sort, list or workspace', async () => {
    const cursorOf = async (field: string, key?: string) => {
      const { data } = await app.graphql(`{ list: ${field} { edges { cursor } } }`, {}, key)
      return data!.list.edges[0].cursor as string
    }
    const strange = [
      await cursorOf('links(first: 1, sort: NAME_ASC)'),
      await cursorOf('links(first: 1, sort: CREATED_AT_ASC)'),
      await cursorOf('responses(first: 1)'),
      await cursorOf('links(first: 1)', otherKey),
    ]
    for (const cursor of strange) {
      expect(await refusal(`first: 1, after: "${cursor}"`)).toEqual(['INVALID_CURSOR', ['after'], undefined])
      expect(await refusal(`last: 1, before: "${cursor}"`)).toEqual(['INVALID_CURSOR', ['before'], undefined])
    }
  })

  it('has a cursor that nobody made', async () => {
    const id = newId()
    const name = 'links:createdAt:desc'
    const garbage = [
      '',
      'x',
      '????',
      'null',
      encoded(null),
      encoded({}),
      encoded([]),
      encoded([name, workspaceId, at(1), id, 1]),
      encoded([name, workspaceId, at(1), 'x']),
      encoded([name, workspaceId, at(1), null]),
      encoded([name, workspaceId, null, id]),
      encoded([name, workspaceId, 'yesterday', id]),
      encoded([name, workspaceId, 5, id]),
      encoded([name, workspaceId, {}, id]),
      encoded([name, workspaceId, '+275760-09-13T00:00:00.000Z', id]),
      encoded([name, workspaceId, '-271821-04-20T00:00:00.000Z', id]),
      encoded([name, workspaceId, at(1), `${id}'; --`]),
    ]
    for (const cursor of garbage) {
      expect(await refusal(`first: 1, after: "${cursor}"`), cursor).toEqual(['INVALID_CURSOR', ['after'], undefined])
    }
    const texts = ['\0', '\ud800', 5, null, ['a'], { a: 1 }]
    for (const text of texts) {
      const cursor = encoded(['links:name:asc', workspaceId, text, id])
      expect(await refusal(`first: 1, sort: NAME_ASC, after: "${cursor}"`), cursor).toEqual([
        'INVALID_CURSOR',
        ['after'],
        undefined,
      ])
    }
    for (const number of [1.5, 2 ** 31, -(2 ** 40), '1', null]) {
      const cursor = encoded(['links:responseCount:desc', workspaceId, number, id])
      expect(await refusal(`first: 1, sort: RESPONSE_COUNT_DESC, after: "${cursor}"`), cursor).toEqual([
        'INVALID_CURSOR',
        ['after'],
        undefined,
      ])
    }
  })

  it('never breaks the server, whatever the cursor', async () => {
    const parts = fc.tuple(
      fc.constantFrom('links:createdAt:desc', 'links:name:asc', 'x'),
      fc.constantFrom(workspaceId, 'x'),
      fc.oneof(
        fc.string(),
        fc.date({ noInvalidDate: true }).map((d) => d.toISOString()),
        fc.integer(),
        fc.constant(null),
      ),
      fc.constantFrom(newId(), 'x'),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), parts.map(encoded)),
        fc.constantFrom('NAME_ASC', 'CREATED_AT_DESC'),
        async (after, sort) => {
          const { errors } = await app.graphql(
            `query ($after: String) { links(first: 1, sort: ${sort}, after: $after) { nodes { id } } }`,
            { after },
          )
          if (errors) expect(errors[0]!.extensions.code).toBe('INVALID_CURSOR')
        },
      ),
      { numRuns: 60 },
    )
  })

  it('names the argument also where the list is nested', async () => {
    const { errors } = await app.graphql('{ links(first: 2) { nodes { responses(first: 101) { nodes { id } } } } }')
    expect(errors![0]!.extensions).toMatchObject({ code: 'VALIDATION_FAILED', inputPath: ['first'], rule: 'too_large' })
  })
})

describe('texts to look for', () => {
  it.each(['\0', '\ud800', "'; DROP TABLE link; --", '%', '_', '\\', 'x'.repeat(10_000)])(
    '%j never breaks the server',
    async (text) => {
      const { data, errors } = await app.graphql(
        `query ($text: String!, $id: ID!) {
        links(first: 9, filter: { search: $text }) { totalCount }
        responses(first: 9, filter: { search: $text }) { totalCount }
        contacts(first: 9, search: $text) { totalCount }
        linkBySlug(slug: $text) { id }
        nodeByLegacyId(system: SAYIFY, type: LINK, id: $text) { id }
        link(id: $id) { id }
        node(id: $id) { id }
      }`,
        { text, id: text },
      )
      expect(errors).toBeUndefined()
      expect(data!.linkBySlug).toBeNull()
    },
  )
})
