import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get as httpGet } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { parse } from 'csv-parse/sync'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database } from '../src/db/database.ts'
import { sql } from '../src/db/sql.ts'
import { createLink, deleteLink, listQuestions } from '../src/domains/links/index.ts'
import { FakeClock } from '../src/platform/clock.ts'
import { createLogger } from '../src/platform/logger.ts'
import { createStorage, type Storage } from '../src/providers/storage/index.ts'
import { parametersOf, responsesIoPlugin, signExportUrl } from '../src/rest/responses-io/index.ts'
import { type StoredResponse, storeResponses } from './kit/answers.ts'
import { testApp } from './kit/app.ts'
import { testWorld, until } from './kit/world.ts'

/** Exports over HTTP: the plugin on storage and a database that can be made to fail, and the whole server. */
const t = await testWorld()
const { world, viewer, otherViewer, workspaceId, db, clock } = t
const { newId } = world
const run = promisify(execFile)
const folder = await mkdtemp(join(tmpdir(), 'saygraph-export-'))
const shelf = createStorage({ adapter: 'files', folder: join(folder, 'stored') })
/** What the next reads do instead; asked with what is read. */
let onQuery: (text: string) => void = () => {}
let read: Storage['read'] = shelf.read
const secret = new Uint8Array(32).fill(3)
const watched: Database = {
  ...db,
  query: async (statement) => {
    onQuery(statement.text)
    return db.query(statement)
  },
}
const app = Fastify()
await app.register(
  responsesIoPlugin({
    world: { ...world, db: watched },
    storage: { ...shelf, read: (key, range) => read(key, range) },
    secret,
    logger: createLogger('silent'),
    authenticate: async (key) => {
      if (key === 'theirs') return otherViewer
      return key === 'none' ? { ...viewer, scopes: new Set() } : viewer
    },
    limit: async () => {},
  }),
)
await app.listen({ port: 0, host: '127.0.0.1' })
const origin = new URL(`http://127.0.0.1:${(app.server.address() as { port: number }).port}`)
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true })
})

const at = (minute: number) => new Date(Date.UTC(2026, 5, 1, 12, minute))
const QUESTIONS = [
  { prompt: 'Say', fieldKey: 'say', type: 'voice' },
  {
    prompt: 'Which?',
    fieldKey: 'which',
    type: 'multiple_choice',
    configuration: { options: ['a', 'b'], allow_multiple: true },
  },
  { prompt: '=cmd|evil', fieldKey: '=evil', type: 'text' },
  { prompt: 'File', fieldKey: 'file', type: 'file_upload' },
  { prompt: 'Silent', fieldKey: 'silent', type: 'yes_no' },
] as const
const RESPONSES: StoredResponse[] = [
  {
    ...{ channel: 'web', startedAt: at(1), submittedAt: at(2), analyzedAt: at(3), email: 'ann@x.example' },
    answers: [
      {
        ...{
          fieldKey: 'say',
          type: 'voice',
          text: 'Second hearing',
          transcripts: ['First', 'Second "hearing"\nwith, commas'],
        },
        upload: { storageKey: 'u/one', mediaType: 'audio/webm', size: 5, durationSeconds: 1.5 },
        insights: [
          { sentiment: 'positive', topics: ['old'] },
          {
            ...{
              sentiment: 'negative',
              sentimentScore: 0.75,
              actionable: true,
              topics: ['price', '+topic'],
              clarity: 40,
            },
            ...{ summary: '@summary', customFields: { tone: 'angry', city: null } },
            // Read from what was heard first.
            ...{ evidence: [{ field: 'topic:price', start: 1, end: 4 }], transcriptVersion: 1 },
          },
        ],
      },
      {
        ...{ fieldKey: 'say__follow_up_1', type: 'voice', follows: 'say', prompt: 'Why was it late?' },
        ...{ text: 'Because', transcripts: ['Because'] },
        upload: { storageKey: 'u/two', mediaType: 'audio/mp4', size: 6 },
      },
      { fieldKey: 'which', type: 'multiple_choice', value: ['a', 'b'] },
      { fieldKey: '=evil', type: 'text', value: '=1+1', text: '=1+1' },
      {
        ...{ fieldKey: 'file', type: 'file_upload' },
        upload: { storageKey: 'u/gone', mediaType: 'application/pdf', size: 7, fileName: '../../../etc/passwd' },
      },
      { fieldKey: 'gone', type: 'number', value: -5 },
    ],
  },
  {
    channel: 'phone',
    startedAt: at(5),
    answers: [{ fieldKey: '=evil', type: 'text', value: 'Äiti 😀', text: 'Äiti 😀' }],
  },
]

let linkId: string
let ids: string[]
beforeAll(async () => {
  linkId = (await createLink(world, viewer, { name: 'Visit', slug: 'visit', questions: QUESTIONS as never })).id
  ids = (await storeResponses({ db, newId }, workspaceId, linkId, RESPONSES)).map(({ id }) => id)
  const bytes = async function* (text: string) {
    yield Buffer.from(text)
  }
  await shelf.write('u/one', bytes('one..'))
  await shelf.write('u/two', bytes('two...'))
})

const address = (query: Record<string, string>) => new URL(`/responses/export?${new URLSearchParams(query)}`, origin)
async function get(query: Record<string, string>, key = 'mine') {
  const response = await fetch(address(query), { headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) }
}
const refused = async (query: Record<string, string>, key?: string) => {
  const { status, body } = await get(query, key)
  const { error } = JSON.parse(body.toString())
  return [status, error.code, ...(error.issues ?? []).map((i: any) => `${i.path.join('.')}:${i.rule}`)]
}
const rows = (body: Buffer): Record<string, string>[] => parse(body, { columns: true, bom: true })
const lines = (body: Buffer) =>
  body
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

describe('an export', () => {
  it('is a table with a column for whatever there is of each question', async () => {
    const { status, headers, body } = await get({ link: linkId })
    expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      ...[200, 'text/csv; charset=utf-8', 'attachment; filename="responses-visit.csv"'],
    ])
    expect(body.subarray(0, 3).toString('hex')).toBe('efbbbf')
    const [one, two] = rows(body)
    expect(Object.keys(one!)).toEqual([
      ...['response_id', 'status', 'channel', 'respondent_id', 'contact_id', 'respondent_email'],
      ...['started_at', 'submitted_at', 'analyzed_at'],
      ...['say.file', 'say.seconds', 'say.transcript', 'say.transcript_method', 'say.sentiment', 'say.sentiment_score'],
      ...['say.actionable', 'say.key_topics', 'say.summary', 'say.clarity', 'say.city', 'say.tone'],
      ...['say__follow_up_1.question', 'say__follow_up_1.file', 'say__follow_up_1.transcript'],
      ...['say__follow_up_1.transcript_method', 'which', "'=evil", 'file.file', 'silent', 'gone'],
    ])
    expect(one).toMatchObject({
      ...{
        response_id: ids[0],
        status: 'completed',
        channel: 'web',
        respondent_email: 'ann@x.example',
        contact_id: '',
      },
      ...{ started_at: '2026-06-01T12:01:00.000000Z', submitted_at: '2026-06-01T12:02:00.000000Z' },
      ...{ 'say.file': `files/${ids[0]}/001-say.webm`, 'say.seconds': '1.5' },
      ...{
        'say.transcript': 'Second "hearing"\nwith, commas',
        'say.sentiment': 'negative',
        'say.sentiment_score': '0.75',
      },
      ...{
        'say.actionable': 'true',
        'say.key_topics': 'price; +topic',
        'say.summary': "'@summary",
        'say.clarity': '40',
      },
      ...{ 'say.tone': 'angry', 'say.city': '', 'say__follow_up_1.question': 'Why was it late?' },
      ...{ 'say__follow_up_1.file': `files/${ids[0]}/002-say__follow_up_1.m4a`, which: 'a; b', "'=evil": "'=1+1" },
      ...{ 'file.file': `files/${ids[0]}/005-file.bin`, silent: '', gone: '-5' },
    })
    expect(two).toMatchObject({ status: 'started', channel: 'phone', submitted_at: '', "'=evil": 'Äiti 😀', which: '' })
    const bare = await get({ link: linkId, bom: 'false' })
    expect(bare.body).toEqual(body.subarray(3))
  })

  it('is a line with everything for each response', async () => {
    const { headers, body } = await get({ link: 'visit', format: 'ndjson' })
    expect(headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    const [one, two] = lines(body)
    expect(one).toMatchObject({
      ...{ link: { id: linkId, slug: 'visit', name: 'Visit' }, id: ids[0], status: 'completed' },
    })
    expect(one.answers.map((each: any) => [each.fieldKey, each.follows, each.value])).toEqual([
      ['say', null, null],
      ['say__follow_up_1', 'say', null],
      ['which', null, ['a', 'b']],
      ['=evil', null, '=1+1'],
      ['file', null, null],
      ['gone', null, -5],
    ])
    expect(one.answers[0]).toMatchObject({
      ...{ question: 'What of say?', type: 'voice', file: { name: `files/${ids[0]}/001-say.webm`, size: 5 } },
      transcript: { version: 2, text: 'Second "hearing"\nwith, commas', isDraft: false },
      insight: { sentiment: 'negative', keyTopics: ['price', '+topic'], customFields: { tone: 'angry', city: null } },
    })
    expect(one.answers[0].insight).toMatchObject({
      transcriptVersion: 1,
      evidence: [{ finding: 'topic', name: 'price', start: 1, end: 4, quote: 'irs' }],
    })
    expect(one.answers[0].insight).not.toHaveProperty('readFrom')
    expect(two.answers[0]).toMatchObject({ file: null, transcript: null, insight: null })
    // Where bytes are kept is told to nobody.
    expect(body.toString()).not.toMatch(/storageKey|u\/one/)
  })

  it('is an archive of both with the files, which says what is missing', async () => {
    const { headers, body } = await get({ link: linkId, format: 'zip' })
    expect(headers.get('content-type')).toBe('application/zip')
    const path = join(folder, 'all.zip')
    await writeFile(path, body)
    // Judged by another implementation of the format.
    const script = `import zipfile, sys, json
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2]); print(json.dumps(z.namelist()))`
    const { stdout } = await run('python3', ['-c', script, path, join(folder, 'out')])
    const [one, two] = [`files/${ids[0]}/001-say.webm`, `files/${ids[0]}/002-say__follow_up_1.m4a`]
    expect(JSON.parse(stdout)).toEqual(['responses.csv', 'responses.ndjson', one, two, 'manifest.json'])
    const file = (name: string) => readFile(join(folder, 'out', name))
    expect((await file(one)).toString()).toBe('one..')
    expect((await file(two)).toString()).toBe('two...')
    expect(await file('responses.csv')).toEqual((await get({ link: linkId })).body)
    expect(await file('responses.ndjson')).toEqual((await get({ link: linkId, format: 'ndjson' })).body)
    expect(JSON.parse((await file('manifest.json')).toString())).toEqual({
      ...{ madeAt: clock.now().toISOString(), link: { id: linkId, name: 'Visit', slug: 'visit' } },
      ...{ responses: 2, files: 2, bytes: 11, missing: 1, missingFiles: [`files/${ids[0]}/005-file.bin`] },
    })
  })

  it('holds what the filter names', async () => {
    const found = async (filter: Record<string, string>) =>
      lines((await get({ link: linkId, format: 'ndjson', ...filter })).body).map(({ id }) => ids.indexOf(id))
    expect(await found({})).toEqual([0, 1])
    expect(await found({ status: 'COMPLETED' })).toEqual([0])
    expect(await found({ channel: 'phone' })).toEqual([1])
    expect(await found({ sentiment: 'negative', topic: 'PRICE' })).toEqual([0])
    expect(await found({ sentiment: 'positive' })).toEqual([])
    expect(await found({ hasRecording: 'false' })).toEqual([1])
    expect(await found({ analyzed: 'true', submittedFrom: '2026-06-01T12:02:00Z' })).toEqual([0])
    expect(await found({ submittedBefore: '2026-06-01T12:02:00Z' })).toEqual([])
    expect(await found({ search: 'äiti' })).toEqual([1])
    expect(await found({ link: Buffer.from(`Link:${linkId}`).toString('base64url') })).toEqual([0, 1])
  })

  it.each<[Record<string, string>, string | undefined, unknown[]]>([
    [{}, undefined, [400, 'VALIDATION_FAILED', 'link:required']],
    [{ link: 'visit', format: 'xml' }, undefined, [400, 'VALIDATION_FAILED', 'format:unknown_option']],
    [{ link: 'visit', sentimant: 'x' }, undefined, [400, 'VALIDATION_FAILED', 'sentimant:unknown']],
    [{ link: 'visit', bom: '1' }, undefined, [400, 'VALIDATION_FAILED', 'bom:boolean']],
    [{ link: 'visit', submittedFrom: 'today' }, undefined, [400, 'VALIDATION_FAILED', 'submittedFrom:instant']],
    [{ link: 'nowhere' }, undefined, [404, 'NOT_FOUND']],
    [{ link: 'a\0b' }, undefined, [404, 'NOT_FOUND']],
    [{ link: 'visit' }, 'theirs', [404, 'NOT_FOUND']],
    [{ link: 'visit' }, 'none', [403, 'INSUFFICIENT_SCOPE']],
    [{ link: 'visit', signature: 'x' }, undefined, [401, 'UNAUTHENTICATED']],
  ])('refuses %j of %s', async (query, key, expected) => {
    expect(await refused(query, key)).toEqual(expected)
  })

  it('is refused for a parameter given twice, and for a link of another workspace by its id', async () => {
    expect(await refused({ link: linkId }, 'theirs')).toEqual([404, 'NOT_FOUND'])
    const twice = await fetch(`${address({ link: linkId })}&link=x`, { headers: { authorization: 'Bearer mine' } })
    expect(twice.status).toBe(400)
    expect((await fetch(address({ link: linkId }))).status).toBe(401)
  })

  it('is there of a link that was deleted, by its id', async () => {
    const link = await createLink(world, viewer, {
      name: 'Old',
      slug: 'old',
      questions: [{ prompt: 'Q', fieldKey: 'q', type: 'text' }],
    })
    await storeResponses({ db, newId }, workspaceId, link.id, [
      { channel: 'web', startedAt: at(0), answers: [{ fieldKey: 'q', type: 'text', value: 'x' }] },
    ])
    await deleteLink(world, viewer, link.id)
    expect(await listQuestions(db, workspaceId, link.id)).toEqual([])
    expect(rows((await get({ link: link.id })).body)).toMatchObject([{ q: 'x' }])
    expect(await refused({ link: 'old' })).toEqual([404, 'NOT_FOUND'])
  })

  it('is opened by a signed address, as it was signed, for ten minutes', async () => {
    const signed = (workspace = workspaceId) =>
      new URL(
        signExportUrl({
          ...{ publicUrl: origin, secret, clock, workspaceId: workspace, linkId },
          parameters: parametersOf('ndjson', { status: 'completed', topic: 'price' }),
        }).url,
      )
    const code = async (url: URL) => (await fetch(url)).status
    const whole = await fetch(signed())
    expect([whole.status, lines(Buffer.from(await whole.arrayBuffer())).length]).toEqual([200, 1])
    for (const [name, value] of [
      ['link', newId()],
      ['status', 'started'],
      ['workspace', otherViewer.workspaceId],
      ['expires', '9999999999'],
      ['bom', 'false'],
    ] as const) {
      const changed = signed()
      changed.searchParams.set(name, value)
      expect(await code(changed), name).toBe(401)
    }
    const without = signed()
    without.searchParams.delete('topic')
    expect(await code(without)).toBe(401)
    expect(await code(signed(otherViewer.workspaceId))).toBe(404)
    const old = signed()
    clock.advance(599_000)
    expect(await code(old)).toBe(200)
    clock.advance(1_000)
    expect(await code(old)).toBe(401)
  })
})

describe('a large export', () => {
  const COUNT = 4_000
  let large: string
  beforeAll(async () => {
    large = (
      await createLink(world, viewer, { name: 'Large', questions: [{ prompt: 'Q', fieldKey: 'q', type: 'text' }] })
    ).id
    const recorded = { storageKey: 'u/one', mediaType: 'audio/webm', size: 5 }
    await storeResponses(
      { db, newId },
      ...([workspaceId, large] as const),
      Array.from(
        { length: COUNT },
        (_, n): StoredResponse => ({
          // Many at one moment: the page after them must know which were given.
          ...{ channel: 'web', startedAt: at(Math.floor(n / 700)) },
          answers: [
            { fieldKey: 'q', type: 'text', value: `${n} ${'x'.repeat(2_000)}` },
            { fieldKey: 'v', type: 'voice', upload: recorded },
          ],
        }),
      ),
    )
    // The database knows moments more exactly than a Date.
    await db.query(
      sql`UPDATE response SET started_at = started_at + (('x' || right(id::text, 4))::bit(16)::int % 1000) * interval '1 microsecond'
          WHERE link_id = ${large}::uuid`,
    )
  })

  it('has each response once', async () => {
    const all = lines((await get({ link: large, format: 'ndjson' })).body)
    expect(all.length).toBe(COUNT)
    expect(new Set(all.map(({ id }) => id)).size).toBe(COUNT)
    expect(rows((await get({ link: large })).body).length).toBe(COUNT)
  }, 60_000)

  /** Begins a download, takes the first bytes, and leaves. */
  const leave = (format: string) =>
    new Promise<void>((resolve, reject) => {
      const request = httpGet(
        address({ link: large, format }),
        { headers: { authorization: 'Bearer mine' } },
        (response) => {
          response.once('data', () => {
            response.destroy()
            resolve()
          })
        },
      )
      request.on('error', reject)
    })

  it.each(['csv', 'ndjson', 'zip'])('ends when whoever asked for it goes away (%s)', async (format) => {
    let asked = 0
    onQuery = () => asked++
    await leave(format)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const then = asked
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(asked).toBe(then)
    // 20 pages and what comes before them, twice more in an archive.
    expect(asked).toBeLessThan(17)
    onQuery = () => {}
  })

  it('closes the file that it was reading when whoever asked goes away', async () => {
    const open: Readable[] = []
    read = async () => {
      const stream = new Readable({ read() {} })
      stream.push(Buffer.alloc(100_000))
      open.push(stream)
      return { size: 1_000_000, stream }
    }
    const gone = new AbortController()
    const one = address({ link: linkId, format: 'zip' })
    const response = await fetch(one, { headers: { authorization: 'Bearer mine' }, signal: gone.signal })
    const drained = (async () => {
      for await (const _ of response.body!);
    })().catch((error: Error) => error.name)
    await until(() => open.length === 1, 'a file is read')
    gone.abort()
    await until(() => open[0]!.destroyed, 'it is closed')
    expect(await drained).toBe('AbortError')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(open.length).toBe(1)
    read = shelf.read
  })

  it.each(['csv', 'ndjson', 'zip'])('breaks off visibly when the database fails in the middle (%s)', async (format) => {
    let pages = 0
    onQuery = (text) => {
      if (text.includes('"sessionId"') && ++pages === 4) throw new Error('connection lost')
    }
    await expect(get({ link: large, format })).rejects.toThrow()
    expect(pages).toBe(4)
    onQuery = () => {}
    expect((await get({ link: large })).status).toBe(200)
  })

  it.each([
    ['fails', async () => ({ size: 5, stream: Readable.from(failing()) })],
    ['is shorter than it should be', async () => ({ size: 9, stream: Readable.from([Buffer.from('one')]) })],
    ['cannot be asked for', async () => Promise.reject(new Error('storage is away'))],
  ])('breaks off visibly when a file %s', async (_what, reading) => {
    read = reading as Storage['read']
    await expect(get({ link: linkId, format: 'zip' })).rejects.toThrow()
    read = shelf.read
  })

  it('says so when it cannot even begin', async () => {
    onQuery = () => {
      throw new Error('no database')
    }
    expect(await refused({ link: large })).toEqual([500, 'INTERNAL_SERVER_ERROR'])
    onQuery = () => {}
  })
})

async function* failing() {
  yield Buffer.from('on')
  throw new Error('disk failed')
}

describe('on a whole server', () => {
  let server: Awaited<ReturnType<typeof testApp>>
  let id: string
  const FORMER = { ...RESPONSES[0]!, answers: RESPONSES[0]!.answers.filter(({ upload }) => !upload) }
  const LATE: StoredResponse = {
    ...{ channel: 'web', startedAt: at(0), submittedAt: at(1) },
    answers: [
      {
        ...{ fieldKey: 'say', type: 'voice', text: 'A late delivery', transcripts: ['A late delivery'] },
        upload: { storageKey: 'none', mediaType: 'audio/webm', size: 1, durationSeconds: 2 },
        insights: [{ sentiment: 'negative', topics: ['Delivery'], customFields: { tone: 'angry' } }],
      },
    ],
  }
  beforeAll(async () => {
    server = await testApp({}, new FakeClock('2026-06-01T12:00:00Z'))
    const { data } = await server.graphql(
      `mutation ($questions: [QuestionInput!]!) { createLink(input: { name: "Visit", slug: "visit", questions: $questions }) {
        ... on CreateLinkPayload { link { id } } } }`,
      {
        questions: QUESTIONS.map(({ prompt, fieldKey, type }) => ({
          ...{ prompt, fieldKey, type: type.toUpperCase() },
          ...(type === 'multiple_choice'
            ? { configuration: { multipleChoice: { options: ['a', 'b'], allowMultiple: true } } }
            : {}),
        })),
      },
    )
    id = data!.createLink.link.id
    const [workspace] = await server.db.query<{ id: string }>(sql`SELECT id FROM workspace LIMIT 1`)
    const uuid = Buffer.from(id, 'base64url').toString().split(':')[1]!
    await storeResponses({ db: server.db, newId }, workspace!.id, uuid, [LATE, FORMER])
  })
  const download = async (url: URL | string, key = server.key) => {
    const response = await fetch(new URL(url, server.localUrl), { headers: { authorization: `Bearer ${key}` } })
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
  }

  it('is asked for with a key, or with the address that the graph gives', async () => {
    expect(rows((await download('/responses/export?link=visit')).body)).toHaveLength(2)
    const ask = `query ($id: ID!) { link(id: $id) { export(format: NDJSON, filter: { sentiment: NEGATIVE, search: "a & b=ä" }) { url expiresAt }
      all: export(format: CSV) { url } } }`
    const { data: given } = await server.graphql(ask, { id })
    expect(given!.link.export.expiresAt).toBe('2026-06-01T12:10:00.000Z')
    const plain = async (url: string) => Buffer.from(await (await fetch(url)).arrayBuffer())
    expect(lines(await plain(given!.link.export.url))).toEqual([])
    expect(rows(await plain(given!.link.all.url))).toHaveLength(2)
    const { data: made } = await server.graphql(
      'mutation { createApiKey(input: { name: "l", scopes: [LINKS_READ] }) { ... on CreateApiKeyPayload { key } } }',
    )
    const { key } = made!.createApiKey
    for (const field of ['export(format: CSV) { url }', 'summary { analyzedAnswers }']) {
      const { errors } = await server.graphql(`query ($id: ID!) { link(id: $id) { ${field} } }`, { id }, key)
      expect(errors![0]!.extensions.code).toBe('INSUFFICIENT_SCOPE')
    }
    const { errors } = await server.graphql('{ searchAnswers(query: "x", first: 1) { totalCount } }', {}, key)
    expect(errors![0]!.extensions.code).toBe('INSUFFICIENT_SCOPE')
    expect((await download('/responses/export?link=visit', key)).status).toBe(403)
  })

  it('and all else does what docs/responses.md says', async () => {
    const document = await readFile(new URL('../docs/responses.md', import.meta.url), 'utf8')
    const examples = [...document.matchAll(/```graphql\n(.*?)```/gs)].map(([, text]) => text!)
    const answers: Record<string, any>[] = []
    for (const example of examples) {
      const { data, errors } = await server.graphql(example)
      expect(errors, example).toBeUndefined()
      answers.push(data!)
    }
    const [found, searched, summed, exported] = answers
    expect(found!.linkBySlug.responses.nodes).toHaveLength(1)
    expect(searched!.searchAnswers.nodes).toMatchObject([
      {
        fragments: [
          {
            ...{ start: 0, end: 15 },
            parts: [
              { text: 'A ', isMatch: false },
              { text: 'late', isMatch: true },
              { text: ' ', isMatch: false },
              { text: 'delivery', isMatch: true },
            ],
          },
        ],
        answer: { fieldKey: 'say', text: 'A late delivery' },
      },
    ])
    expect(summed!.linkBySlug.summary).toMatchObject({
      ...{ counts: { started: 2, completed: 2, completionRate: 1 }, nps: null },
      ...{ voice: { recordings: 1, totalSeconds: 2, averageSeconds: 2 }, sentiments: { negative: 1 } },
      points: Array.from({ length: 6 }, (_, n) => ({ completed: n < 5 ? 0 : 2 })),
      ...{
        topics: [{ topic: 'Delivery', count: 1 }],
        customFields: [{ fieldKey: 'say', name: 'tone', asked: 1, filled: 1 }],
      },
    })
    expect((await fetch(exported!.linkBySlug.export.url)).status).toBe(200)
    const [, path] = /'http:\/\/localhost:4000(\/responses\/export\?[^']*)'/.exec(document)!
    expect(rows((await download(path!)).body)).toHaveLength(2)
  })

  it('keeps paths of what is refused', async () => {
    const refusals = async (query: string) =>
      (await server.graphql(query)).errors!.map(({ extensions: { code, inputPath, issues } }) => [
        code,
        inputPath,
        (issues as any)?.[0].rule,
      ])
    expect(await refusals('{ searchAnswers(query: " ", first: 1) { totalCount } }')).toEqual([
      ['VALIDATION_FAILED', ['query'], 'too_short'],
    ])
    expect(await refusals('{ searchAnswers(query: "x", first: 1, after: "x") { totalCount } }')).toEqual([
      ['INVALID_CURSOR', ['after'], undefined],
    ])
    expect(
      await refusals(
        '{ linkBySlug(slug: "visit") { summary(timeZone: "Mars", granularity: DAY) { points { started } } } }',
      ),
    ).toEqual([['VALIDATION_FAILED', ['timeZone'], 'time_zone']])
  })
})
