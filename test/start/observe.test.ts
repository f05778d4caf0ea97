import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { connect, EVENTS, openSocket, openStream } from '../live/clients.ts'

// Processes are started here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const KEY = 'sk_live_SecretKeyOfThisTest0123456789'
const SECRET = 'SecretOfTheServer-SecretOfTheServer'
const METRICS_TOKEN = 'TokenOfPrometheus0123456789'
const UNKNOWN_KEY = 'sk_live_UnknownButSecret0123456789'
let folder: string
let server: ServerProcess
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-observe-'))
  server = await startServer({
    DATA_DIR: folder,
    LOG_LEVEL: 'trace',
    BOOTSTRAP_API_KEY: KEY,
    APP_SECRET: SECRET,
    METRICS_TOKEN,
    ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
  })
})
afterAll(async () => {
  await server.kill()
  await rm(folder, { recursive: true, force: true })
})

const at = (path: string) => new URL(path, server.url)
const get = (path: string, headers: Record<string, string> = {}) => fetch(at(path), { headers })
const post = (path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') =>
  fetch(at(path), {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
async function graphql(query: string, variables = {}, credential = KEY): Promise<Record<string, any>> {
  const response = await post('/graphql', { query, variables }, { authorization: `Bearer ${credential}` })
  return (await response.json()) as Record<string, any>
}

test('every answer has the id under which the log knows the request', async () => {
  const answers = [
    await get('/health/live'),
    await get('/nowhere'),
    await get('/i/welcome', { accept: 'text/html' }),
    await post('/graphql', { query: '{ __typename }' }, { authorization: `Bearer ${KEY}` }),
    await post('/graphql', { query: '{ __typename }' }, { authorization: 'Bearer wrong' }),
    await post('/graphql', '{', { authorization: `Bearer ${KEY}` }),
    await post('/i/welcome/sessions', {}),
  ]
  const ids = answers.map(({ headers }) => headers.get('x-request-id')!)
  expect(new Set(ids).size).toBe(answers.length)
  await until(() => ids.every((id) => server.log().includes(id)) && server.log().endsWith('\n'), 'all are logged')
  const lines = server
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  for (const [n, { status }] of answers.entries()) {
    const line = lines.find(({ reqId, msg }) => reqId === ids[n] && msg === 'request')
    expect(line).toMatchObject({
      level: expect.anything(),
      time: expect.stringMatching(/Z$/),
      status,
      ms: expect.any(Number),
    })
  }
})

test('metrics tell of requests, operations, the log, sockets, subscriptions and the queue', async () => {
  const socket = await connect(server.url, KEY)
  const { eventCursor: after } = (await graphql('{ eventCursor }')).data
  const operation = socket.run('subscription Live($after: String) { events(after: $after) { cursor } }', { after })
  const stream = await openStream(server.url, KEY, EVENTS, { after })
  await graphql('query Named { links(first: 1) { nodes { name } } }')
  await graphql('mutation Making { createLink(input: { name: "Counted" }) { __typename } }')
  await graphql('query Failing { nonsense: links(first: 1000000) { nodes { name } } }')
  await until(() => operation.results.length > 0 && stream.results.length > 0, 'both are told')
  const readMetrics = () => get('/metrics', { authorization: `Bearer ${METRICS_TOKEN}` })
  const response = await readMetrics()
  expect(response.headers.get('content-type')).toContain('text/plain')
  const text = await response.text()
  for (const line of [
    /^saygraph_http_request_seconds_count{method="POST",route="\/graphql",status="200"} \d+$/m,
    /^saygraph_http_request_seconds_bucket{le="0\.1",method="GET",route="\/health\/ready",status="200"} \d+$/m,
    /^saygraph_graphql_operation_seconds_count{operation="Named",kind="query",outcome="ok"} 1$/m,
    /^saygraph_graphql_operation_seconds_count{operation="Making",kind="mutation",outcome="ok"} 1$/m,
    /^saygraph_graphql_operation_seconds_count{operation="Failing",kind="query",outcome="error"} 1$/m,
    /^saygraph_graphql_operation_seconds_count{operation="Live",kind="subscription",outcome="ok"} 1$/m,
    /^saygraph_event_log_lag 0$/m,
    /^saygraph_websockets 1$/m,
    /^saygraph_subscribers 2$/m,
    /^saygraph_subscription_groups 2$/m,
    /^# TYPE saygraph_queue_jobs gauge$/m,
    /^saygraph_process_resident_memory_bytes \d+$/m,
  ]) {
    expect(text).toMatch(line)
  }
  // Whoever asks for what does not exist must not fill the memory of the server, nor of who watches it.
  for (let n = 0; n < 5; n++) await get(`/nowhere/${n}`)
  expect((await (await readMetrics()).text()).match(/nowhere/)).toBeNull()
  socket.ws.close()
  stream.abort()
})

test('metrics are told to whoever shows their token', async () => {
  for (const headers of [{}, { authorization: `Bearer ${METRICS_TOKEN}x` }, { authorization: `Bearer ${KEY}` }]) {
    const refused = await get('/metrics', headers as Record<string, string>)
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(await refused.text()).not.toContain('saygraph_')
  }
})

test('no credential is ever written, in whatever form it came', async () => {
  const secrets: Record<string, string> = { KEY, SECRET, UNKNOWN_KEY, METRICS_TOKEN }
  secrets.unsubscribe = 'AllThatIsNeededToUnsubscribe'
  const bearer = (credential: string) => ({ authorization: `Bearer ${credential}` })
  const { data } = await graphql(`mutation {
    createBrowserToken(input: {}) { ... on CreateBrowserTokenPayload { token } }
    createApiKey(input: { name: "second" }) { ... on CreateApiKeyPayload { key apiKey { id } } } }`)
  secrets.browserToken = data.createBrowserToken.token
  secrets.secondKey = data.createApiKey.key
  const { links } = (await graphql('{ links(first: 5) { nodes { id slug } } }')).data
  const added = await graphql(`mutation { createContact(input: { name: "Ann", email: "ann@example.com" }) {
    ... on CreateContactPayload { contact { id } } } }`)
  const invited = await graphql(
    `mutation ($linkId: ID!, $contactId: ID!) { inviteRespondent(input: { linkId: $linkId, contactId: $contactId }) {
      ... on InviteRespondentPayload { respondent { personalUrl } } } }`,
    {
      linkId: links.nodes.find(({ slug }: { slug: string }) => slug === 'welcome').id,
      contactId: added.data.createContact.contact.id,
    },
  )
  const personal = new URL(invited.data.inviteRespondent.respondent.personalUrl)
  secrets.respondent = personal.searchParams.get('r')!
  const opened = await post(`${personal.pathname}/sessions`, { respondent: secrets.respondent })
  expect(opened.status).toBe(201)
  const anonymous = (await (await post('/i/welcome/sessions', {})).json()) as { session: string }
  secrets.session = anonymous.session
  expect([200, 201, 404]).toContain(opened.status)

  for (const credential of [KEY, UNKNOWN_KEY, secrets.browserToken!, secrets.secondKey!]) {
    await graphql('{ workspace { name } }', {}, credential)
    await post('/graphql', '{"query":', bearer(credential))
    await get(`/nowhere?key=${credential}`, {
      ...bearer(credential),
      cookie: `key=${credential}`,
      'x-access-token': credential,
    })
    await get(`/graphql?query={__typename}&token=${credential}`, bearer(credential))
    const socket = await openSocket(server.url)
    await socket.init({ authorization: `Bearer ${credential}` }).catch(() => {})
    if (!socket.closed()) {
      socket.run(`subscription { events(after: "${credential}") { cursor } }`)
      socket.ws.send(`nonsense ${credential}`)
    }
    await socket.whenClosed()
    const stream = await openStream(
      server.url,
      credential,
      `subscription { events(after: "${credential}") { cursor } }`,
    )
    await until(() => stream.ended() !== undefined, 'the stream ends')
  }
  const session = { authorization: `Session ${secrets.session}` }
  const cookie = `saygraph_session=${secrets.session}`
  await get(personal.pathname + personal.search, { accept: 'text/html' })
  await get('/i/welcome', { accept: 'text/html', cookie })
  await post('/i/welcome/session/answers/nps', { value: 'wrong' }, session, 'PUT')
  await post('/i/welcome/session/answers/nps', { value: 9 }, { cookie }, 'PUT')
  await post('/i/welcome/session/submit', `{"token":"${secrets.session}"`, session)
  await get('/i/welcome/session', { authorization: `Session ${secrets.session}x` })
  await get(`/media/x?signature=${secrets.session}`)
  // As it is, as mail programs mangle it, and as nobody would write it.
  for (const path of ['unsubscribe/?', 'unsubscribe/?/', 'unsubscribe/?/x?y', 'unsubscribe/?%zz', '%75nsubscribe/?']) {
    await get(`/${path.replace('?', secrets.unsubscribe)}`)
  }
  await post(`/unsubscribe/${secrets.unsubscribe}`, {})
  await graphql('mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', {
    id: data.createApiKey.apiKey.id,
  })

  const last = (await get('/health/live')).headers.get('x-request-id')!
  await until(() => server.log().includes(last) && server.log().endsWith('\n'), 'all is logged')
  const output = server.output()
  for (const line of server.log().trim().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
  expect(output).toContain('/i/welcome')
  expect(output).toContain('/unsubscribe/:token')
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length).toBeGreaterThan(15)
    expect(output.includes(secret), `${name} was written`).toBe(false)
    // Nor the part of it that would be enough.
    expect(output.includes(secret.slice(-16)), `the end of ${name} was written`).toBe(false)
  }
  expect(output).not.toContain('ann@example.com')
})
