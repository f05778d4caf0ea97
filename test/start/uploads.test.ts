import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const KEY = 'sk_live_0123456789abcdefghij'
const folder = await mkdtemp(join(tmpdir(), 'saygraph-uploads-'))
let server: ServerProcess | undefined
afterAll(async () => {
  await server?.kill()
  await rm(folder, { recursive: true, force: true })
})

test('an upload goes on in another process where the one that was killed had got to', async () => {
  const env = {
    ...{ PORT: String(await freePort()), DATA_DIR: folder, BOOTSTRAP_API_KEY: KEY },
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  }
  server = await startServer(env, 100_000)
  const graphql = async (query: string) => {
    const response = await fetch(new URL('/graphql', server!.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify({ query }),
    })
    return (await response.json()).data
  }
  await graphql(`mutation { createLink(input: { name: "Files", slug: "files", questions: [
    { prompt: "File", type: FILE_UPLOAD, fieldKey: "file" }] }) { __typename } }`)
  const opened = await fetch(new URL('/i/files/sessions', server.url), { method: 'POST' })
  const { session } = (await opened.json()) as { session: string }
  const headers = { 'tus-resumable': '1.0.0', authorization: `Session ${session}` }
  const bytes = randomBytes(14_000_000)
  const begun = await fetch(new URL('/i/files/session/answers/file/uploads', server.url), {
    ...{ method: 'POST', headers: { ...headers, 'upload-length': String(bytes.length) } },
  })
  const address = new URL(begun.headers.get('location')!, server.url)
  const stands = async () => {
    const response = await fetch(address, { method: 'HEAD', headers })
    expect(response.status).toBe(200)
    return Number(response.headers.get('upload-offset'))
  }

  const piece = { ...headers, 'content-type': 'application/offset+octet-stream' }
  const sending = request(address, {
    ...{ method: 'PATCH', headers: { ...piece, 'upload-offset': '0', 'content-length': String(bytes.length) } },
  })
  sending.on('error', () => {})
  sending.write(bytes.subarray(0, 11_000_000))
  await until(async () => (await stands()) >= 8_000_000, 'two pieces are kept')
  await server.kill()
  server = await startServer(env, 100_000)
  const offset = await stands()
  // All but the last piece, which was not whole.
  expect(offset).toBeGreaterThanOrEqual(8_000_000)
  expect(offset).toBeLessThan(11_000_000)
  const rest = await fetch(address, {
    method: 'PATCH',
    headers: { ...piece, 'upload-offset': String(offset) },
    body: new Uint8Array(bytes.subarray(offset)),
  })
  expect(rest.status).toBe(200)
  const { responses } = await graphql('{ responses(first: 1) { nodes { answers { upload { sha256 size } } } } }')
  expect(responses.nodes[0].answers).toEqual([
    { upload: { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length } },
  ])
  const stored = async () => {
    const found = await readdir(join(folder, 'storage', 'uploads'), { recursive: true, withFileTypes: true })
    return found.filter((entry) => entry.isFile()).length
  }
  // What the killed process was writing is swept when an hour has passed; the pieces that counted are gone.
  expect(await stored()).toBeLessThanOrEqual(2)
  expect(await server.stop()).toBe(0)
})
