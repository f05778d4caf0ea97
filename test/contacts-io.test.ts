import { request } from 'node:http'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../src/db/sql.ts'
import { columnFields } from '../src/rest/contacts-io/columns.ts'
import { csvRows, ndjsonRows } from '../src/rest/contacts-io/read-rows.ts'
import { guardCell, unguardCell } from '../src/rest/csv-cells.ts'
import { testApp } from './kit/app.ts'
import { onPostgres } from './kit/database.ts'

/** Contacts in and out over HTTP, on a whole server. */
const app = await testApp()
let workspaceId: string
beforeAll(async () => {
  const { data } = await app.graphql('{ viewer { workspace { id } } }')
  workspaceId = uuid(data!.viewer.workspace.id)
})

const uuid = (globalId: string) => Buffer.from(globalId, 'base64url').toString().split(':')[1]!
const auth = { authorization: `Bearer ${app.key}` }

async function send(
  query: Record<string, string>,
  body: string | AsyncIterable<string>,
  type = 'text/csv',
  key = app.key,
) {
  const url = new URL(`/contacts/import?${new URLSearchParams(query)}`, app.localUrl)
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': type },
    body: typeof body === 'string' ? body : Readable.toWeb(Readable.from(body).map((text) => Buffer.from(text))),
    duplex: 'half',
  } as RequestInit)
  const answer = (await response.json()) as Record<string, any>
  return { ...answer, status: response.status } as Record<string, any>
}

async function get(path: string, key = app.key) {
  const response = await fetch(new URL(path, app.localUrl), { headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

const report = async (path: string) =>
  (await get(path)).text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { row: number; issues: { path: string[]; rule: string }[] })
    .map(({ row, issues }) => `${row} ${issues.map((issue) => `${issue.path.join('.')}:${issue.rule}`).join(' ')}`)

const stored = (key: string) =>
  app.db.query<Record<string, unknown>>(
    sql`SELECT legacy_id, external_key, name, first_name, phone, email, postal_code, birth_year, note FROM contact
        WHERE workspace_id = ${workspaceId}::uuid AND deleted_at IS NULL AND external_key LIKE ${`${key}%`}
        ORDER BY external_key`,
  )
const head = async () =>
  (
    await app.db.query<{ n: number }>(
      sql`SELECT position AS n FROM event_head WHERE workspace_id = ${workspaceId}::uuid`,
    )
  )[0]!.n

describe('an import', () => {
  it('takes what it can of a CSV and says of each other row what is wrong', async () => {
    const csv = [
      '\uFEFFAccount ID,External-Key,First name,Phone number,E-mail,zip,yearOfBirth,Shoe size,note',
      '700,in-1,Ann,+358 40 1234567,ann@in.example,00100,1980,42,"two',
      'lines, ""quoted"""',
      ',in-2,Bob,0401234567,,,,,',
      '',
      ',in-3,Cid,,,,nineteen,,',
      '700,in-4,Dan,,,,,,',
      ',in-5,,,ANN@in.example,,,,',
      ',,,,,,,44,',
      ',in-6,Eve,,,,,,,one,too many',
      ",in-7,'=HYPERLINK(),,,,,,",
    ].join('\r\n')
    const result = await send({ key: 'csv' }, csv)
    expect(result).toMatchObject({ status: 200, state: 'finished', rowsDone: 8, created: 2, updated: 0, failed: 6 })
    expect(await report(result.report)).toEqual([
      '2 phone:phone_number',
      '3 birthYear:type',
      '4 legacyId:taken',
      '5 email:taken',
      '6 :required',
      '7 :malformed',
    ])
    expect(await stored('in-')).toEqual([
      {
        ...{ legacy_id: 700, external_key: 'in-1', name: 'Ann', first_name: 'Ann', phone: '+358401234567' },
        ...{ email: 'ann@in.example', postal_code: '00100', birth_year: 1980, note: 'two\r\nlines, "quoted"' },
      },
      {
        ...{ legacy_id: 701, external_key: 'in-7', name: '=HYPERLINK()', first_name: '=HYPERLINK()', phone: null },
        ...{ email: null, postal_code: null, birth_year: null, note: null },
      },
    ])
    // What comes later has a number that no client of the old system holds.
    const { data } = await app.graphql(
      'mutation { createContact(input: { name: "Later" }) { ... on CreateContactPayload { contact { legacyId } } } }',
    )
    expect(data!.createContact.contact.legacyId).toBe(702)
  })

  it('changes the contact that a row is about; a later row sees what an earlier one did', async () => {
    const rows = [
      { externalKey: 'up-1', name: 'One', city: 'Turku', note: 'kept' },
      { externalKey: 'up-2', name: 'Two', birthYear: 1970 },
      { externalKey: 'up-1', name: 'One again', city: null },
    ]
    const ndjson = (items: object[]) => items.map((item) => JSON.stringify(item)).join('\n')
    const first = await send({ matchBy: 'externalKey' }, `${ndjson(rows)}\n[]\nnonsense`, 'application/x-ndjson')
    expect(first).toMatchObject({ created: 2, updated: 1, failed: 2 })
    expect(await report(first.report)).toEqual(['4 :malformed', '5 :malformed'])
    const [one] = await stored('up-1')
    expect(one).toMatchObject({ name: 'One again', note: 'kept' })
    const second = await send(
      { matchBy: 'externalKey', format: 'csv' },
      'key;full\nup-2;Second\nup-3;Third',
      'text/csv',
    ).catch((error) => error)
    expect(second).toMatchObject({ status: 400, error: { issues: [{ path: ['body'], rule: 'no_columns' }] } })
    const mapping = JSON.stringify({ key: 'externalKey', full: 'name' })
    const third = await send({ matchBy: 'externalKey', mapping, delimiter: ';' }, 'key;full\nup-2;Second\nup-3;Third')
    expect(third).toMatchObject({ status: 200, created: 1, updated: 1, failed: 0 })
    expect((await stored('up-')).map((row) => [row.external_key, row.name, row.birth_year])).toEqual([
      ['up-1', 'One again', null],
      ['up-2', 'Second', 1970],
      ['up-3', 'Third', null],
    ])
  })

  const ndjson = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')

  it('refuses the row that would end the sharing of an address which somebody else has', async () => {
    const email = 'desk@in.example'
    const people = [
      { externalKey: 'sh-1', email },
      { externalKey: 'sh-2', email: 'Desk@in.example', sharesEmail: true },
    ]
    expect(await send({}, ndjson(...people), 'application/x-ndjson')).toMatchObject({ created: 2 })
    const ending = ndjson({ externalKey: 'sh-2', sharesEmail: null }, { externalKey: 'sh-2', city: 'Turku' })
    for (const dryRun of ['true', 'false']) {
      const result = await send({ matchBy: 'externalKey', dryRun }, ending, 'application/x-ndjson')
      expect(result).toMatchObject({ status: 200, state: 'finished', updated: 1, failed: 1 })
      expect(await report(result.report)).toEqual(['1 email:taken'])
    }
    // Nobody has it for themselves once the other shares it as well, and then one may.
    const turn = ndjson({ externalKey: 'sh-1', sharesEmail: true }, { externalKey: 'sh-2', sharesEmail: false })
    const turned = await send({ matchBy: 'externalKey' }, turn, 'application/x-ndjson')
    expect(turned).toMatchObject({ updated: 2, failed: 0 })
    const back = ndjson({ externalKey: 'sh-2', sharesEmail: true }, { externalKey: 'sh-1', sharesEmail: null })
    const turnedBack = await send({ matchBy: 'externalKey' }, back, 'application/x-ndjson')
    expect(turnedBack).toMatchObject({ updated: 2, failed: 0 })
  })

  it('lets contacts pass on their keys and addresses, in whatever order they are stored', async () => {
    const keys = ['sw-a', 'sw-b', 'sw-c']
    const emailOf = (key: string) => `${key}@in.example`
    const people = keys.map((externalKey) => ({ externalKey, email: emailOf(externalKey) }))
    await send({}, ndjson(...people), 'application/x-ndjson')
    const numbers = (await stored('sw-')).map((row) => row.legacy_id as number)
    // Forwards each takes what the one after it has given up, and then the other way round.
    for (const order of [numbers, numbers.toReversed()]) {
      const [first, second, third] = order.map((legacyId) => ({ legacyId }))
      const now = await stored('sw-')
      const keyOf = (legacyId: number) => now.find((row) => row.legacy_id === legacyId)!.external_key as string
      const rows = [
        { ...first, externalKey: 'sw-free', email: null },
        { ...second, externalKey: keyOf(first!.legacyId), email: emailOf(keyOf(first!.legacyId)) },
        { ...third, externalKey: keyOf(second!.legacyId), email: emailOf(keyOf(second!.legacyId)) },
        { ...first, externalKey: keyOf(third!.legacyId), email: emailOf(keyOf(third!.legacyId)) },
      ]
      const result = await send({ matchBy: 'legacyId' }, ndjson(...rows), 'application/x-ndjson')
      expect(result).toMatchObject({ status: 200, updated: 4, failed: 0 })
      expect((await stored('sw-')).map((row) => row.email)).toEqual(keys.map(emailOf))
    }
  })

  it('refuses a row alone that the database alone refuses', async () => {
    await app.db.script(`CREATE UNIQUE INDEX one_nickname ON contact (nickname) WHERE nickname = 'The only one'`)
    const csv = 'externalKey,nickname\nal-1,The only one\nal-2,The only one\nal-3,Another'
    const result = await send({ key: 'alone', matchBy: 'externalKey' }, csv)
    await app.db.script('DROP INDEX one_nickname')
    expect(result).toMatchObject({ status: 200, state: 'finished', created: 2, failed: 1 })
    expect(await report(result.report)).toEqual(['2 :conflict'])
    expect((await stored('al-')).map((row) => row.external_key)).toEqual(['al-1', 'al-3'])
  })

  it('has failed when the server cannot go on, and goes on later', async () => {
    await app.db.script('ALTER TABLE contact_import_error RENAME TO contact_import_gone')
    const csv = 'externalKey,name,birthYear\nfa-1,A,x\nfa-2,B,1980'
    expect(await send({ key: 'fails' }, csv)).toMatchObject({ status: 500 })
    await app.db.script('ALTER TABLE contact_import_gone RENAME TO contact_import_error')
    const { data } = await app.graphql(
      '{ contactImports(first: 1, key: "fails") { nodes { state message rowsDone } } }',
    )
    const message = 'the server could not go on; send the same again under the same key'
    expect(data!.contactImports.nodes).toEqual([{ state: 'FAILED', message, rowsDone: 0 }])
    expect(await send({ key: 'fails' }, csv)).toMatchObject({ state: 'finished', created: 1, failed: 1, message: null })
  })

  it('stores nothing when it is a dry run, and says the same', async () => {
    const csv = 'externalKey,name,phone\ndry-1,A,+358401234567\ndry-1,B,\ndry-2,C,12'
    const before = await app.db.query(sql`SELECT * FROM legacy_counter ORDER BY workspace_id, kind`)
    const dry = await send({ dryRun: 'true', matchBy: 'externalKey' }, csv)
    expect(dry).toMatchObject({ dryRun: true, created: 1, updated: 1, failed: 1 })
    expect(await report(dry.report)).toEqual(['3 phone:phone_number'])
    expect(await stored('dry-')).toEqual([])
    expect(await app.db.query(sql`SELECT * FROM legacy_counter ORDER BY workspace_id, kind`)).toEqual(before)
    expect(await send({ matchBy: 'externalKey' }, csv)).toMatchObject({ created: 1, updated: 1, failed: 1 })
  })

  it('goes on where it broke off, and does nothing the second time', async () => {
    const total = 1_201
    const lines = Array.from(
      { length: total },
      (_, n) => `go-${String(n).padStart(5, '0')},Person ${n},${n % 100 === 7 ? 'x' : ''}\n`,
    )
    const csv = `externalKey,name,birthYear\n${lines.join('')}`
    // The connection breaks within the second batch.
    const half = csv.slice(0, csv.indexOf('go-00700'))
    const url = new URL('/contacts/import?key=go', app.localUrl)
    await new Promise<void>((resolve) => {
      const broken = request(url, {
        method: 'POST',
        headers: { ...auth, 'content-type': 'text/csv', 'content-length': csv.length },
      })
      broken.on('error', () => resolve())
      broken.write(half, () => setTimeout(() => broken.destroy(), 100))
    })
    const state = async () =>
      (
        await app.graphql(
          '{ contactImports(first: 1, key: "go") { nodes { id uuid state rowsDone created failed message } } }',
        )
      ).data!.contactImports.nodes[0]
    await expect.poll(async () => (await state())?.state, { timeout: 10_000 }).toBe('FAILED')
    expect(await state()).toMatchObject({ rowsDone: 500, created: 495, failed: 5 })
    expect((await state()).message).toContain('stopped before it was complete')
    expect(await stored('go-')).toHaveLength(495)

    const before = await head()
    const result = await send({ key: 'go' }, csv)
    expect(result).toMatchObject({ state: 'finished', rowsDone: total, created: 1_189, failed: 12, message: null })
    expect(await stored('go-')).toHaveLength(1_189)
    // One event for each batch that was left.
    expect(await head()).toBe(before + 2)
    expect(await send({ key: 'go' }, csv)).toEqual(result)
    expect(await head()).toBe(before + 2)
    for (const other of [csv.replace('Person 3,', 'Person 4,'), `${csv}more,More,\n`, half]) {
      expect(await send({ key: 'go' }, other)).toMatchObject({ status: 409, error: { code: 'IDEMPOTENCY_CONFLICT' } })
    }
    expect(await send({ key: 'go', dryRun: 'true' }, csv)).toMatchObject({ status: 409 })
    expect(await stored('go-')).toHaveLength(1_189)

    const { data, errors } = await app.graphql(
      `{ events(first: 100, types: [CONTACTS_IMPORTED]) { ... on EventPage {
        events { payload contactImport { key } } } } }`,
    )
    expect(errors).toBeUndefined()
    const mine = data!.events.events.filter((event: any) => event.contactImport.key === 'go')
    expect(mine.map(({ payload }: any) => [payload.state, payload.rowsDone])).toEqual([
      ['running', 500],
      ['failed', 500],
      ['running', 1000],
      ['finished', total],
    ])
  })

  it('tells of each batch, in order, whenever one asks', async () => {
    const { data } = await app.graphql('{ eventCursor }')
    const csv = `name\n${'Followed\n'.repeat(1_001)}`
    const { id } = await send({ key: 'followed' }, csv)
    const query = `subscription ($id: ID!, $after: String) { importProgress(importId: $id, after: $after) {
      event { type payload } contactImport { key state rowsDone } } }`
    const variables = { id: Buffer.from(`ContactImport:${id}`).toString('base64url'), after: data!.eventCursor }
    const controller = new AbortController()
    const response = await fetch(new URL('/graphql', app.localUrl), {
      method: 'POST',
      headers: { ...auth, 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query, variables }),
      signal: controller.signal,
    })
    const seen: [string, number][] = []
    let text = ''
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString()
      const found = [...text.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1]!).data.importProgress)
      if (found.length < 3) continue
      for (const { event, contactImport } of found) {
        expect(contactImport).toEqual({ key: 'followed', state: 'FINISHED', rowsDone: 1_001 })
        seen.push([event.payload.state, event.payload.rowsDone])
      }
      break
    }
    controller.abort()
    expect(seen).toEqual([
      ['running', 500],
      ['running', 1_000],
      ['finished', 1_001],
    ])
  })

  it('puts the contacts of all rows on a list, in their order', async () => {
    const { data } = await app.graphql(
      'mutation { createContactList(input: { name: "Imported" }) { ... on CreateContactListPayload { contactList { id } } } }',
    )
    const listId = data!.createContactList.contactList.id
    const csv = 'externalKey,name\nli-2,B\nli-1,A\nli-2,B again'
    expect(await send({ listId, matchBy: 'externalKey' }, csv)).toMatchObject({ created: 2, updated: 1 })
    const { data: list } = await app.graphql(
      'query ($id: ID!) { contactList(id: $id) { memberCount members(first: 9) { nodes { contact { name } } } } }',
      { id: listId },
    )
    expect(list!.contactList).toEqual({
      memberCount: 2,
      members: { nodes: [{ contact: { name: 'B again' } }, { contact: { name: 'A' } }] },
    })
    expect((await get(`/contacts/export?format=ndjson&listId=${listId}`)).text.match(/"externalKey":"[^"]*"/g)).toEqual(
      ['"externalKey":"li-2"', '"externalKey":"li-1"'],
    )
  })

  it.each<[string, Record<string, string>, string | AsyncIterable<string>, string, object]>([
    [
      'a type that it does not know',
      {},
      'x',
      'application/xml',
      { issues: [{ path: ['format'], rule: 'unknown_option' }] },
    ],
    ['an unknown key', { matchBy: 'name' }, 'name\nx', 'text/csv', { issues: [{ path: ['matchBy'] }] }],
    ['an unknown list', { listId: 'x' }, 'name\nx', 'text/csv', { code: 'NOT_FOUND' }],
    ['a mapping to no field', { mapping: '{"a":"b"}' }, 'a\nx', 'text/csv', { issues: [{ path: ['mapping', 'a'] }] }],
    ['two columns for a field', {}, 'zip,postal code\n1,2', 'text/csv', { issues: [{ rule: 'column_twice' }] }],
    ['an open quote', {}, 'name\n"x', 'text/csv', { issues: [{ rule: 'malformed' }] }],
    ['an empty body', {}, '', 'text/csv', { issues: [{ rule: 'malformed' }] }],
    [
      'a line without end',
      {},
      `{"name":"${'x'.repeat(200_000)}"}`,
      'application/x-ndjson',
      { issues: [{ rule: 'malformed' }] },
    ],
  ])('refuses %s', async (_what, query, body, type, error) => {
    expect(await send(query, body, type)).toMatchObject({ error })
  })

  it('needs a key with the scope, of the same workspace', async () => {
    expect(await send({}, 'name\nx', 'text/csv', 'sk_live_nobody_at_all_1234')).toMatchObject({ status: 401 })
    const { data } = await app.graphql(
      'mutation { createApiKey(input: { name: "r", scopes: [CONTACTS_READ] }) { ... on CreateApiKeyPayload { key } } }',
    )
    expect(await send({}, 'name\nx', 'text/csv', data!.createApiKey.key)).toMatchObject({ status: 403 })
    const other = await app.otherWorkspace('elsewhere')
    const { id } = await send({ key: 'mine' }, 'name\nx')
    for (const path of [`/contacts/imports/${id}`, `/contacts/imports/${id}/report`]) {
      expect((await get(path)).status).toBe(200)
      expect((await get(path, other.key)).status).toBe(404)
    }
    expect((await get('/contacts/export?format=ndjson', other.key)).text).toBe('')
    expect((await get('/contacts/export', 'sk_live_nobody_at_all_1234')).status).toBe(401)
  })
})

describe('an export', () => {
  it('is an import: what comes out of one workspace goes into another as it was', async () => {
    const other = await app.otherWorkspace('copy')
    const exported = await get('/contacts/export')
    expect(exported.type).toBe('text/csv; charset=utf-8')
    expect(exported.text).toContain("'=HYPERLINK()")
    const result = await send({ matchBy: 'legacyId' }, exported.text, 'text/csv', other.key)
    expect(result.failed).toBe(0)
    const rows = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => {
          const { id, createdAt, updatedAt, phoneInput, ...rest } = JSON.parse(line)
          return rest
        })
    const original = rows((await get('/contacts/export?format=ndjson')).text)
    expect(original.length).toBe(result.created)
    expect(rows((await get('/contacts/export?format=ndjson', other.key)).text)).toEqual(original)
  })

  it('is of a segment, when one is named', async () => {
    const { data } = await app.graphql(
      `mutation { createSegment(input: { filters: [{ field: EXTERNAL_KEY, operator: CONTAINS, value: "up-" }] }) {
        ... on CreateSegmentPayload { segment { id } } } }`,
    )
    const { text } = await get(`/contacts/export?format=ndjson&segmentId=${data!.createSegment.segment.id}`)
    expect(text.trim().split('\n')).toHaveLength(3)
    expect((await get('/contacts/export?segmentId=x')).status).toBe(404)
    expect((await get('/contacts/export?segmentId=x&listId=y')).status).toBe(400)
  })
})

describe('cells', () => {
  it.each(['=1+1', '@SUM(A1)', '+1+cmd|x', '-2+3+x', '\tx', '\r=x', "'=x", "''=x"])('%j is no formula', (text) => {
    expect(guardCell(text)).toBe(`'${text}`)
  })
  it.each(['+358 40 1234567', '-1.5', "it's", '', "'quoted'", 'a=b', '1-2'])('%j stays', (text) => {
    expect(guardCell(text)).toBe(text)
  })
  it('come back as they were', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '1', 'x') }))
    fc.assert(
      fc.property(text, (each) => unguardCell(guardCell(each)) === each),
      { numRuns: 2_000 },
    )
  })
})

describe('a body', () => {
  const CHUNK = 16_384
  /** An endless body, and how much of it was taken. */
  function endless(line: (n: number) => string) {
    const taken = { bytes: 0 }
    async function* source() {
      yield Buffer.from('name,note\n')
      for (let n = 0; ; n++) {
        const chunk = Buffer.from(line(n).repeat(Math.ceil(CHUNK / line(n).length)))
        taken.bytes += chunk.length
        yield chunk
      }
    }
    return { source: source(), taken }
  }

  it.each([
    ['csv', (n: number) => `Person ${n},note\n`],
    ['ndjson', (n: number) => `{"name":"Person ${n}"}\n`],
  ] as const)('of %s is read no further than its rows are taken', async (format, line) => {
    const { source, taken } = endless(line)
    const fieldOf = columnFields(undefined)
    const rows = format === 'csv' ? csvRows(source, fieldOf, ',', (cell) => cell) : ndjsonRows(source, fieldOf)
    for (let n = 0; n < 10; n++) await rows.next()
    // Whoever reads ahead would go on now, since nothing else happens.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    const ahead = taken.bytes
    expect(ahead).toBeLessThan(20 * CHUNK)
    for (let n = 0; n < 20_000; n++) await rows.next()
    expect(taken.bytes).toBeGreaterThan(ahead)
    expect(taken.bytes).toBeLessThan(20_010 * line(99_999).length + 20 * CHUNK)
    await rows.return(undefined)
  })

  it('of many rows is imported and exported whole', async () => {
    const total = onPostgres ? 100_000 : 20_000
    async function* body() {
      yield 'externalKey,name,phone,city\n'
      for (let n = 0; n < total; n++) yield `big-${n},Person ${n},+35840${1_000_000 + n},Helsinki\n`
    }
    const other = await app.otherWorkspace('big')
    expect(await send({ key: 'big' }, body(), 'text/csv', other.key)).toMatchObject({ created: total, failed: 0 })
    const response = await fetch(new URL('/contacts/export?format=ndjson', app.localUrl), {
      headers: { authorization: `Bearer ${other.key}` },
    })
    let lines = 0
    for await (const chunk of response.body!) for (const byte of chunk) if (byte === 10) lines++
    expect(lines).toBe(total)
  }, 240_000)
})
