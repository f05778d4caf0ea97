import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { API_KEY, startTranscriptionServer } from '../../src/providers/transcription/test-transcription-server.ts'
import { TEST_KEY } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'

/** A job of a process that died is noticed after a minute, and looked for once a minute. */
const PATIENCE_MS = 240_000

let folder: string | undefined
const servers = new Set<ServerProcess>()
afterAll(async () => {
  for (const server of servers) await server.kill()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a server that dies while it listens and understands has lost nothing', { timeout: 2 * PATIENCE_MS }, async () => {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-spoken-'))
  // Whoever asks first is never answered.
  const ears = await startTranscriptionServer((n) => (n === 0 ? 'hang' : undefined))
  ears.say('The delivery was late, please send it again')
  const env = {
    ...{ PORT: String(await freePort()), DATA_DIR: folder, BOOTSTRAP_API_KEY: TEST_KEY, SAMPLE_LINK: 'off' },
    ...{ APP_SECRET: 'only for tests, and long enough for that', INSIGHT: 'heuristic' },
    ...{ TRANSCRIPTION: 'openai', TRANSCRIPTION_URL: ears.url, TRANSCRIPTION_API_KEY: API_KEY },
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  }
  const start = async () => {
    const server = await startServer(env)
    servers.add(server)
    return server
  }
  const first = await start()
  const { url } = first
  const send = async (path: string, method: string, headers: Record<string, string>, body?: string | Uint8Array) => {
    const response = await fetch(new URL(path, url), { method, headers, body: (body ?? null) as string | null })
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status} ${text}`)
    return JSON.parse(text)
  }
  const json = { 'content-type': 'application/json', authorization: `Bearer ${TEST_KEY}` }
  const link = await send(
    ...(['/sayify/api/v1/links/', 'POST', json] as const),
    JSON.stringify({ name: 'Feedback', questions: [{ prompt: 'How was it?', type: 'voice', field_key: 'it' }] }),
  )
  const page = `/i/${link.slug}`
  const { session, responseId } = await send(`${page}/sessions`, 'POST', {})
  const owner = { authorization: `Session ${session}` }
  await send(`${page}/session/answers/it/upload`, 'PUT', { ...owner, 'content-type': 'audio/wav' }, toneWav())
  await until(() => ears.peak() > 0, 'somebody listens', 30_000)
  await send(`${page}/session/submit`, 'POST', owner)
  await first.kill()

  await start()
  const query = `query ($id: ID!) { response(id: $id) { analysis respondent { status }
    answers { text transcripts { version } insight { isStale sentiment } } } }`
  const id = Buffer.from(`Response:${responseId}`).toString('base64')
  const response = async () =>
    (await send('/graphql', 'POST', json, JSON.stringify({ query, variables: { id } }))).data.response
  await until(async () => (await response()).analysis === 'DONE', 'the analysis', PATIENCE_MS)
  expect(await response()).toMatchObject({
    respondent: { status: 'ANALYZED' },
    answers: [
      {
        text: 'The delivery was late, please send it again',
        transcripts: [{ version: 1 }],
        insight: { isStale: false },
      },
    ],
  })
  // The one who died is heard of no more; after it one has listened.
  expect(ears.asked).toHaveLength(1)
})
