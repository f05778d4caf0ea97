import { request } from 'node:http'
import { Readable } from 'node:stream'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../src/db/sql.ts'
import { testApp } from './kit/app.ts'

/** Messages in bulk over HTTP, on a whole server. */
const app = await testApp()
let workspaceId: string
beforeAll(async () => {
  const { data } = await app.graphql('{ viewer { workspace { id } } }')
  workspaceId = Buffer.from(data!.viewer.workspace.id, 'base64url').toString().split(':')[1]!
})

interface Answer {
  status: number
  rows: Record<string, any>[]
  summary: Record<string, number> | undefined
  error: Record<string, any> | undefined
}

async function send(
  body: string | AsyncIterable<string>,
  query = '',
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(new URL(`/messages/import${query}`, app.localUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${app.key}`, 'content-type': 'application/x-ndjson', ...headers },
    body: typeof body === 'string' ? body : Readable.toWeb(Readable.from(body).map((text) => Buffer.from(text))),
    duplex: 'half',
  } as RequestInit)
  const text = await response.text()
  if (response.status !== 200)
    return { status: response.status, rows: [], summary: undefined, error: JSON.parse(text).error }
  const rows = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, any>)
  return { status: 200, rows, summary: rows.pop()!.summary, error: undefined }
}

const place = { channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' }
const message = (n: number, more: object = {}) => ({
  ...place,
  direction: n % 2 === 0 ? 'IN' : 'OUT',
  customerChannelIdentifier: '+31687654321',
  conversation: 'import',
  time: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
  content: { textContent: `number ${n}` },
  ...more,
})
const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n')
const stored = async (conversation: string) =>
  (
    await app.db.query<{ n: number }>(
      sql`SELECT count(*)::int AS n FROM message m JOIN conversation c ON c.id = m.conversation_id
          WHERE m.workspace_id = ${workspaceId}::uuid AND c.key = ${conversation}`,
    )
  )[0]!.n

describe('an import of messages', () => {
  it('stores what it can, in order, and says of each row what became of it', async () => {
    const { status, rows, summary } = await send(
      `${lines(
        message(0),
        message(1, { businessHours: { 1: ['08:00'] } }),
        message(1, { time: '2026-01-01 00:01:00' }),
        message(1, { channel: 'sms', provider: '' }),
        { type: 'resolution', ...place, conversation: 'import', time: '2026-01-01T01:00:00+01:00' },
        { type: 'resolution', ...place, conversation: 'nowhere' },
        { type: 'other' },
      )}\n\nnot json\n[1]\n${lines(message(-1), message(3))}`,
    )
    expect(status).toBe(200)
    expect(rows.map(({ row, status, error }) => [row, status, error?.code, error?.path?.join('.')])).toEqual([
      [1, 'added', undefined, undefined],
      [2, 'refused', 'VALIDATION_FAILED', 'businessHours.1'],
      [3, 'refused', 'VALIDATION_FAILED', 'time'],
      [4, 'refused', 'VALIDATION_FAILED', 'channel'],
      [5, 'resolved', undefined, undefined],
      [6, 'refused', 'NOT_FOUND', 'conversation'],
      [7, 'refused', 'VALIDATION_FAILED', 'type'],
      [8, 'refused', 'VALIDATION_FAILED', ''],
      [9, 'refused', 'VALIDATION_FAILED', ''],
      [10, 'added', undefined, undefined],
      [11, 'refused', 'CONVERSATION_RESOLVED', 'conversation'],
    ])
    expect(rows[3]!.error.issues.map(({ path }: { path: string[] }) => path.join('.'))).toEqual(['channel', 'provider'])
    expect(summary).toEqual({ rows: 11, added: 2, resolved: 1, doneBefore: 0, refused: 8 })
    expect(
      (await send(lines(message(5, { conversation: 'x' }), { type: 'other' }), '?results=refused')).rows,
    ).toHaveLength(1)
  })

  it('takes what is said as `message` as well, but not twice', async () => {
    const said = { textContent: 'as SaySimple calls it' }
    const { rows } = await send(
      lines(
        message(0, { conversation: 'called', content: undefined, message: said }),
        message(1, { conversation: 'called', message: said }),
        message(1, { conversation: 'called', content: undefined, message: 'text' }),
        message(1, { conversation: 'called', message: null }),
      ),
    )
    expect(rows.map(({ status, error }) => [status, error?.path?.join('.'), error?.issues?.[0]?.rule])).toEqual([
      ['added', undefined, undefined],
      ['refused', 'message', 'once'],
      ['refused', 'content', expect.any(String)],
      ['added', undefined, undefined],
    ])
    const found = await app.db.query<{ content: object }>(
      sql`SELECT m.content FROM message m JOIN conversation c ON c.id = m.conversation_id
          WHERE m.workspace_id = ${workspaceId}::uuid AND c.key = 'called' ORDER BY m.time`,
    )
    expect(found.map(({ content }) => content)).toEqual([said, { textContent: 'number 1' }])
  })

  it('goes on where it broke off, under the same key', async () => {
    const all = Array.from({ length: 5_000 }, (_, n) => message(n, { conversation: 'resumed' }))
    async function* broken() {
      yield `${lines(...all.slice(0, 4_500))}\n`
      // Whole batches are stored while more is waited for.
      await expect.poll(() => stored('resumed'), { timeout: 20_000 }).toBe(4_000)
      throw new Error('the client is gone')
    }
    await expect(send(broken(), '', { 'idempotency-key': 'one' })).rejects.toThrow()
    expect(await stored('resumed')).toBe(4_000)
    const again = await send(lines(...all), '', { 'idempotency-key': 'one' })
    expect(again.summary).toEqual({ rows: 5_000, added: 1_000, resolved: 0, doneBefore: 4_000, refused: 0 })
    expect(await stored('resumed')).toBe(5_000)
    const other = await send(lines({ ...all[0], agent: 'other' }, ...all.slice(1)), '', { 'idempotency-key': 'one' })
    expect(other.error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', path: ['idempotencyKey'] })
    const shorter = await send(lines(...all.slice(0, 10)), '', { 'idempotency-key': 'one' })
    expect(shorter.error).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' })
    expect(await stored('resumed')).toBe(5_000)
  }, 60_000)

  it('stores nothing twice when the same import runs twice at one time', async () => {
    const all = lines(...Array.from({ length: 3_000 }, (_, n) => message(n, { conversation: 'twice' })))
    const answers = await Promise.all([1, 2].map(() => send(all, '', { 'idempotency-key': 'both' })))
    expect(await stored('twice')).toBe(3_000)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0)
    for (const { status, error } of answers) if (status !== 200) expect(error!.code).toBe('IDEMPOTENCY_CONFLICT')
  }, 60_000)

  it('needs a key that may write messages', async () => {
    const { data } = await app.graphql(
      'mutation { createApiKey(input: { name: "r", scopes: [MESSAGES_READ] }) { ... on CreateApiKeyPayload { key } } }',
    )
    const { status, error } = await send(lines(message(1)), '', { authorization: `Bearer ${data!.createApiKey.key}` })
    expect([status, error!.code]).toEqual([403, 'INSUFFICIENT_SCOPE'])
    expect((await send(lines(message(1)), '', { authorization: '' })).status).toBe(401)
    expect((await send(lines(message(1)), '?results=some')).error).toMatchObject({ path: ['results'] })
    expect((await send(lines(message(1)), '', { 'idempotency-key': 'k'.repeat(201) })).error).toMatchObject({
      path: ['idempotencyKey'],
    })
    expect((await send(`\u0000${'x'.repeat(1_100_000)}`)).error).toMatchObject({ path: ['body'] })
  })

  it('takes a body that is no UTF-8 for what it is', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const { hostname, port } = new URL(app.localUrl)
      const sent = request(
        { hostname, port, method: 'POST', path: '/messages/import', headers: { authorization: `Bearer ${app.key}` } },
        (response) => {
          response.resume()
          resolve(response.statusCode!)
        },
      )
      sent.on('error', reject)
      sent.end(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))
    })
    expect(status).toBe(400)
  })
})
