import { readdir } from 'node:fs/promises'
import { connect as openConnection } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { testApp } from '../kit/app.ts'
import { until } from '../kit/world.ts'
import { EVENTS, openStream } from './clients.ts'

vi.setConfig({ testTimeout: 60_000 })

const SILENT_MS = 1_500
const app = await testApp({}, undefined, { timings: { silentBodyMs: SILENT_MS } })
const { port } = app.localUrl
const authorization = `Bearer ${app.key}`

/** Sends a request as it is written, and hears what comes. */
function raw(method: string, path: string, headers: Record<string, string | number>) {
  const socket = openConnection(Number(port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let heard = ''
  let closed = false
  socket.on('data', (data) => {
    heard += data
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  return { write: (text: string) => socket.write(text), heard: () => heard, closed: () => closed }
}

const { folder } = app.config.storage as { folder: string }
const partial = () => readdir(join(folder, '.partial')).catch(() => [])

test('an upload that stops arriving is ended, and nothing of it is left', async () => {
  const { data } = await app.graphql(`mutation { createLink(input: { name: "Files", slug: "files", questions: [
    { prompt: "File", type: FILE_UPLOAD, fieldKey: "file" }] }) { ... on CreateLinkPayload { link { id } } } }`)
  expect(data!.createLink.link).toBeTruthy()
  const opened = await fetch(new URL('/i/files/sessions', app.localUrl), { method: 'POST' })
  const { session } = (await opened.json()) as { session: string }
  const upload = raw('PUT', '/i/files/session/answers/file/upload?filename=a.txt', {
    ...{ authorization: `Session ${session}`, 'content-type': 'text/plain', 'content-length': 1_000_000 },
  })
  const began = performance.now()
  upload.write('x'.repeat(100_000))
  await until(async () => (await partial()).length > 0, 'it is being written')
  await until(upload.closed, 'it is ended')
  expect(performance.now() - began).toBeGreaterThan(SILENT_MS / 2)
  expect(upload.heard()).toMatch(/^HTTP\/1\.1 408 /)
  await until(async () => (await partial()).length === 0, 'what was written is gone')
})

test.each([
  ['POST', '/graphql', 'application/json', '{"query":'],
  ['POST', '/contacts/import', 'text/csv', 'name,email\nAnn,ann@example.com\n'],
  ['POST', '/messages/import', 'application/x-ndjson', '{'],
  ['POST', '/voice-files?name=a', 'audio/wav', 'RIFF'],
  ['POST', '/api/v1/links/', 'application/json', '{'],
  ['POST', '/i/welcome', 'application/x-www-form-urlencoded', 'a=b'],
])('nor does %s %s wait for ever', async (method, path, type, beginning) => {
  const request = raw(method, path, { authorization, 'content-type': type, 'content-length': 900 })
  request.write(beginning)
  await until(request.closed, 'it is ended')
  // Some are refused before their body is read.
  expect(request.heard()).toMatch(/^HTTP\/1\.1 4\d\d /)
})

test('what keeps arriving may take longer', async () => {
  const body = JSON.stringify({ query: '{ viewer { workspace { slug } } }' })
  const request = raw('POST', '/graphql', {
    ...{ authorization, 'content-type': 'application/json', 'content-length': body.length, connection: 'close' },
  })
  const began = performance.now()
  for (const letter of body) {
    request.write(letter)
    await sleep((2 * SILENT_MS) / body.length)
  }
  await until(request.closed, 'it is answered')
  expect(performance.now() - began).toBeGreaterThan(SILENT_MS * 1.5)
  expect(request.heard()).toMatch(/^HTTP\/1\.1 200 [\s\S]*"slug":"default"/)
})

test('an answer may take longer, when the body was there', async () => {
  const stream = await openStream(app.localUrl, app.key, EVENTS)
  await sleep(2 * SILENT_MS)
  expect(stream.ended()).toBeUndefined()
  await app.graphql('mutation { createLink(input: { name: "Late" }) { __typename } }')
  await until(() => stream.results.length > 0, 'it is told')
  stream.abort()
})
