import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { freePort, type ServerProcess, startServer } from '../kit/server.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'
import { connect, EVENTS, openStream } from '../live/clients.ts'
import { attempt } from './attempt.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const PRINTED_KEY = /^ {2}(sk_live_\w{40})$/m
const CURL = /^ {2}(curl [\s\S]*?'\{"query".*\}')$/m
const GRACE_SECONDS = 60

// One server's life, told in order: each test goes on from where the one before it left the data folder.
let env: Record<string, string>
let server: ServerProcess
let key: string
beforeAll(async () => {
  env = {
    PORT: String(await freePort()),
    DATA_DIR: await mkdtemp(join(tmpdir(), 'saygraph-life-')),
    SHUTDOWN_SECONDS: String(GRACE_SECONDS),
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  }
})
afterAll(async () => {
  await server?.kill()
  await rm(env.DATA_DIR!, { recursive: true, force: true })
})

async function start(): Promise<string> {
  server = await startServer(env)
  await until(() => server.output().includes("-d '"), 'the welcome is printed')
  return server.output()
}
async function graphql(query: string, variables = {}): Promise<Record<string, any>> {
  const response = await fetch(new URL('/graphql', server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  })
  return (await response.json()) as Record<string, any>
}
async function paste(command: string, environment = {}): Promise<Record<string, any>> {
  const { stdout } = await promisify(execFile)('sh', ['-c', command], {
    env: { PATH: process.env.PATH, ...environment },
  })
  return JSON.parse(stdout)
}

test('the first start prints a key, addresses that answer, and a request that works as pasted', async () => {
  const text = await start()
  key = PRINTED_KEY.exec(text)![1]!
  expect(text.match(/sk_live_\w+/g)).toEqual([key, key])
  expect(text).toContain(`Saygraph is listening on ${server.url}.`)
  const links = (await paste(CURL.exec(text)![1]!)).data.links.nodes
  expect(links).toMatchObject([{ name: 'How was your visit?', responseCount: 0 }])

  const addressOf = (label: string) => new RegExp(`^ {2}${label} +(\\S+)$`, 'm').exec(text)![1]!
  const page = (path: string) => fetch(path, { headers: { accept: 'text/html' } })
  expect(addressOf('A link')).toBe(links[0].publicUrl)
  expect(await (await page(addressOf('A link'))).text()).toContain('How was your visit?')
  expect(await (await page(addressOf('GraphiQL'))).text()).toContain('GraphiQL')
  expect((await page(addressOf('Health'))).status).toBe(200)
})

test.runIf(!onPostgres)('a second process on the same folder is refused in one line', async () => {
  const { code, out, err } = await attempt({ ...env, PORT: '0' })
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^The data folder \S+ is in use by another Saygraph process \(process \d+\)\. .*\n$/)
  expect(err).toContain(String(server.process.pid))
})

test('SIGTERM stops an idle server at once, with 0', async () => {
  expect(await server.stop()).toBe(0)
})

test('the second start keeps the data, prints no key, and the key of the first works', async () => {
  const text = await start()
  expect(text).not.toContain('sk_live_')
  expect(text).not.toContain('first start')
  const pasted = await paste(CURL.exec(text)![1]!, { SAYGRAPH_KEY: key })
  expect(pasted.data.links.nodes).toHaveLength(1)
})

describe('told to stop while busy', () => {
  /** A recording of which half was sent. */
  async function halfAnUpload(agent: Agent): Promise<{ finish(): void; answer: Promise<IncomingMessage> }> {
    const link = new URL('/w/default/i/welcome/', server.url)
    const opened = await fetch(new URL('sessions', link), { method: 'POST', body: '{}', headers: JSON_BODY })
    const { session } = (await opened.json()) as { session: string }
    const owner = { ...JSON_BODY, authorization: `Session ${session}` }
    const answers = new URL('session/answers/', link)
    await fetch(new URL('nps', answers), { method: 'PUT', headers: owner, body: '{"value":3}' })
    const wav = toneWav(125)
    const before = (await readdir(join(env.DATA_DIR!, 'storage', '.partial')).catch(() => [])).length
    const upload: ClientRequest = request(new URL('what_went_wrong/upload?filename=a.wav', answers), {
      method: 'PUT',
      agent,
      headers: { authorization: `Session ${session}`, 'content-type': 'audio/wav', 'content-length': wav.length },
    })
    const answer = once(upload, 'response').then(([response]) => response as IncomingMessage)
    answer.catch(() => {})
    await new Promise<void>((resolve, reject) => {
      upload.once('error', reject)
      upload.write(wav.subarray(0, 1_000_000), () => resolve())
    })
    const arriving = join(env.DATA_DIR!, 'storage', '.partial')
    await until(
      async () => (await readdir(arriving).catch(() => [])).length > before,
      'the server writes the first half',
    )
    return { answer, finish: () => upload.end(wav.subarray(1_000_000)) }
  }
  const JSON_BODY = { 'content-type': 'application/json' }

  test('it finishes what runs, says goodbye to who listens, takes nothing new, and exits with 0', async () => {
    const agent = new Agent({ keepAlive: true })
    const { answer, finish } = await halfAnUpload(agent)
    const socket = await connect(server.url, key)
    socket.run(EVENTS)
    const stream = await openStream(server.url, key, EVENTS)
    let code: number | null | undefined
    const stopped = performance.now()
    const exit = server.stop().then((result) => {
      code = result
    })
    // Twice is what an impatient person, or a supervisor, does.
    server.process.kill('SIGTERM')
    server.process.kill('SIGINT')
    expect((await socket.whenClosed()).code).toBe(1012)
    await until(() => stream.ended() !== undefined, 'the stream ends')
    expect(stream.ended()).toBe('complete')
    expect(stream.results.at(-1)).toMatchObject({
      errors: [{ extensions: { code: 'SHUTTING_DOWN', retryable: true } }],
    })
    await until(
      () =>
        fetch(new URL('/health/ready', server.url)).then(
          ({ status }) => status === 503,
          () => true,
        ),
      'it is no longer ready',
    )
    await sleep(300)
    expect(code).toBeUndefined()
    finish()
    const response = await answer
    expect(response.statusCode).toBe(200)
    const [body] = (await once(response, 'data')) as [Buffer]
    expect(JSON.parse(String(body)).answerId).toMatch(/^[0-9a-f-]{36}$/)
    await exit
    expect(code).toBe(0)
    // Long before it would have been ended by force, although the client would keep its connection.
    expect(performance.now() - stopped).toBeLessThan((GRACE_SECONDS / 2) * 1_000)
    agent.destroy()
  })

  test('what was finished then is there afterwards; what does not finish in time is ended, with 0', async () => {
    env = { ...env, SHUTDOWN_SECONDS: '1' }
    await start()
    const { data } = await graphql('{ links(first: 1) { nodes { responses(first: 5) { nodes { answers { id } } } } } }')
    expect(data.links.nodes[0].responses.nodes[0].answers).toHaveLength(2)
    const agent = new Agent({ keepAlive: true })
    const { answer } = await halfAnUpload(agent)
    const failed = answer.then(
      () => 'answered',
      () => 'cut off',
    )
    expect(await server.stop()).toBe(0)
    expect(await failed).toBe('cut off')
    agent.destroy()
    await start()
    expect((await graphql('{ links(first: 1) { nodes { name } } }')).data.links.nodes).toHaveLength(1)
    expect(await server.stop('SIGINT')).toBe(0)
  })
})
