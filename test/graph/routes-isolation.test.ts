import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { tokenSigner } from '../../src/domains/responses/index.ts'
import type { VoiceFileForm } from '../../src/domains/voice-files/index.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { FakeClock } from '../../src/platform/clock.ts'
import { deriveKey } from '../../src/platform/secret.ts'
import { signMediaUrl, signRecordingUrl, signVoiceFileUrl } from '../../src/rest/media/index.ts'
import { testApp } from '../kit/app.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'
import { twoWorkspaces } from './population.ts'

/**
 * The same promise as isolation.test.ts makes for the graph, for every other address: what is another workspace's is
 * answered like what does not exist. Addresses come from the server itself; a new one is added here or fails.
 */
const SECRET = 'a secret that only this test knows, really'
const clock = new FakeClock('2026-06-01T12:00:00Z')
// HTTP says of what is refused that it is, at every entrance.
const app = await testApp({ APP_SECRET: SECRET, SAYGENT_HTTP_STATUS: 'matching', SAYGENT_RATE_LIMIT: '0' }, clock)
// The server's own host stands for its oldest workspace.
clock.advance(1_000)
const { a, b } = await twoWorkspaces(app)
/** A session of its own that has said something, and has not submitted it. */
async function spoken(of: typeof a): Promise<string> {
  const base = new URL(`/w/${of.slug}/i/${of.linkSlug}/`, app.localUrl)
  const { session } = (await (await fetch(new URL('sessions', base), { method: 'POST' })).json()) as { session: string }
  const sent = await fetch(new URL(`session/answers/${of.fieldKeys.voice}/upload`, base), {
    ...{ method: 'PUT', headers: { authorization: `Session ${session}` }, body: new Uint8Array(toneWav(0.1)) },
  })
  expect(sent.status).toBe(200)
  return session
}
const [spokenInA, spokenInB] = [await spoken(a), await spoken(b)]
// What is made of their recordings is no answer to what is tried here.
await until(
  async () => {
    const busy = await app.db.query(
      sql`SELECT id FROM answer WHERE process_due_at IS NOT NULL
        UNION ALL SELECT id FROM upload WHERE sound_state = 'pending'`,
    )
    return busy.length === 0
  },
  'recordings are prepared',
  60_000,
)
const signer = tokenSigner(deriveKey(SECRET, 'public-token'))
const unknownSession = signer.sign('session', randomUUID())
const unknownRespondent = signer.sign('respondent', randomUUID())
const unknownSlug = `${b.linkSlug.slice(0, -4)}none`
const PAGE = { accept: 'text/html' }
const JSON_BODY = { 'content-type': 'application/json' }

const FORM = { ...PAGE, 'content-type': 'multipart/form-data; boundary=part' }

function formOf(values: Record<string, string>): string {
  const parts = Object.entries(values).map(
    ([name, value]) => `--part\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return `${parts.join('')}--part--\r\n`
}

interface Probe {
  label: string
  path: (value: string) => string
  own: string
  foreign: string
  unknown: string
  /** A session that nobody has begins a new one: a page must not lose what was typed into it. */
  beginsAnew?: true
  headers?: (value: string) => Record<string, string>
  body?: (value: string) => string
}

const media = (workspaceId: string) => (uploadId: string) => {
  const secret = deriveKey(SECRET, 'media-url')
  const { pathname, search } = new URL(signMediaUrl({ publicUrl: app.publicUrl, secret, clock, workspaceId, uploadId }))
  return `${pathname}${search}`
}

const voice = (workspaceId: string, form: VoiceFileForm) => (voiceFileId: string) => {
  const secret = deriveKey(SECRET, 'media-url')
  const signed = signVoiceFileUrl({ publicUrl: app.publicUrl, secret, clock, workspaceId, voiceFileId, form })
  const { pathname, search } = new URL(signed)
  return `${pathname}${search}`
}

const recording = (workspaceId: string) => (recordingId: string) => {
  const secret = deriveKey(SECRET, 'media-url')
  const signed = signRecordingUrl({ publicUrl: app.publicUrl, secret, clock, workspaceId, recordingId })
  const { pathname, search } = new URL(signed)
  return `${pathname}${search}`
}

/** A link's slug under one's own workspace, with a session of one's own where one is needed. */
function slugProbe(rest: string, body?: string): (prefix: string) => Probe {
  return (prefix) => ({
    label: 'slug',
    path: (slug) => `${prefix}${slug}${rest}`,
    own: a.linkSlug,
    foreign: b.linkSlug,
    unknown: unknownSlug,
    headers: () => ({ authorization: `Session ${a.session}`, ...(body === undefined ? {} : JSON_BODY) }),
    ...(body === undefined ? {} : { body: () => body }),
  })
}

/** A session's token at one's own link. */
function sessionProbe(rest: string, body?: string): (prefix: string) => Probe {
  return (prefix) => ({
    label: 'session',
    path: () => `${prefix}${a.linkSlug}${rest}`,
    own: a.session,
    foreign: b.session,
    unknown: unknownSession,
    headers: (session) => ({ authorization: `Session ${session}`, ...(body === undefined ? {} : JSON_BODY) }),
    ...(body === undefined ? {} : { body: () => body }),
  })
}

const ANSWER = JSON.stringify({ value: 'changed' })
const answers = `/session/answers/${a.fieldKeys.text}`
const upload = `/session/answers/${a.fieldKeys.file}/upload`

const TUS = { 'tus-resumable': '1.0.0', 'upload-length': '10', 'upload-offset': '0' }
const pieces = `/session/answers/${a.fieldKeys.file}/uploads`

/** An upload under way, of a session of its own: its id and the token. */
async function underWay(of: typeof a): Promise<{ id: string; session: string }> {
  const base = new URL(`/w/${of.slug}/i/${of.linkSlug}/`, app.localUrl)
  const opened = await fetch(new URL('sessions', base), { method: 'POST' })
  const { session } = (await opened.json()) as { session: string }
  const begun = await fetch(new URL(`session/answers/${of.fieldKeys.file}/uploads`, base), {
    ...{ method: 'POST', headers: { ...TUS, authorization: `Session ${session}` } },
  })
  return { id: begun.headers.get('location')!.split('/').at(-1)!, session }
}
const [uploadOfA, uploadOfB] = [await underWay(a), await underWay(b)]

/** The same with what uploads in pieces want to hear. */
function inPieces(probe: (prefix: string) => Probe, more: Record<string, string> = {}): (prefix: string) => Probe {
  return (prefix) => {
    const made = probe(prefix)
    return { ...made, headers: (value) => ({ ...made.headers?.(value), ...TUS, ...more }) }
  }
}

/** Someone else's upload under one's own session, and one's own under someone else's. */
function pieceProbes(more: Record<string, string> = {}, body?: string): ((prefix: string) => Probe)[] {
  const rest = `/session/uploads/${uploadOfA.id}`
  return [
    inPieces(slugProbe(rest, body), more),
    inPieces(sessionProbe(rest, body), more),
    inPieces(
      (prefix) => ({
        label: 'upload',
        path: (id) => `${prefix}${a.linkSlug}/session/uploads/${id}`,
        own: uploadOfA.id,
        foreign: uploadOfB.id,
        unknown: randomUUID(),
        headers: () => ({ authorization: `Session ${uploadOfA.session}` }),
        ...(body === undefined ? {} : { body: () => body }),
      }),
      more,
    ),
  ]
}
/** One's own recording at another's link, another's at one's own, and at a question that one's link has not. */
function recordingProbes(): ((prefix: string) => Probe)[] {
  const path = (prefix: string, slug: string, fieldKey = a.fieldKeys.voice) =>
    `${prefix}${slug}/session/answers/${fieldKey}/recording`
  const own = { authorization: `Session ${spokenInA}` }
  return [
    (prefix) => ({
      ...{ label: 'slug', own: a.linkSlug, foreign: b.linkSlug, unknown: unknownSlug },
      path: (slug) => path(prefix, slug),
      headers: () => own,
    }),
    (prefix) => ({
      ...{ label: 'session', own: spokenInA, foreign: spokenInB, unknown: unknownSession },
      path: () => path(prefix, a.linkSlug),
      headers: (session) => ({ authorization: `Session ${session}` }),
    }),
    (prefix) => ({
      ...{ label: 'cookie', own: spokenInA, foreign: spokenInB, unknown: unknownSession },
      path: () => path(prefix, a.linkSlug),
      headers: (session) => ({ cookie: `saygraph_session=${session}` }),
    }),
    (prefix) => ({
      ...{ label: 'field key', own: a.fieldKeys.voice, foreign: 'only_in_b', unknown: 'nowhere_at_all' },
      path: (fieldKey) => path(prefix, a.linkSlug, fieldKey),
      headers: () => own,
    }),
  ]
}
const PIECE = { 'content-type': 'application/offset+octet-stream' }

/** What is tried at each address below a link. */
const BELOW_LINK: Record<string, ((prefix: string) => Probe)[]> = {
  'GET /': [
    slugProbe('/'),
    (prefix) => ({ ...slugProbe('/')(prefix), label: 'slug as a page', headers: () => PAGE }),
    (prefix) => ({
      label: 'personal address',
      path: (token) => `${prefix}${a.linkSlug}?r=${token}`,
      own: a.personalToken,
      foreign: b.personalToken,
      unknown: unknownRespondent,
      headers: () => PAGE,
    }),
  ],
  'POST /': [
    (prefix) => ({
      ...slugProbe('', formOf({ session: a.session }))(prefix),
      headers: () => FORM,
    }),
    (prefix) => ({
      label: 'session',
      path: () => `${prefix}${a.linkSlug}`,
      own: a.session,
      foreign: b.session,
      unknown: unknownSession,
      beginsAnew: true,
      headers: () => FORM,
      body: (session) => formOf({ session }),
    }),
  ],
  'POST /sessions': [
    slugProbe('/sessions', '{}'),
    (prefix) => ({
      label: 'personal token',
      path: () => `${prefix}${a.linkSlug}/sessions`,
      own: a.personalToken,
      foreign: b.personalToken,
      unknown: unknownRespondent,
      headers: () => JSON_BODY,
      body: (respondent) => JSON.stringify({ respondent }),
    }),
  ],
  'GET /session': [slugProbe('/session'), sessionProbe('/session')],
  'PUT /session/answers/:fieldKey': [
    slugProbe(answers, ANSWER),
    sessionProbe(answers, ANSWER),
    (prefix) => ({
      label: 'field key',
      path: (fieldKey) => `${prefix}${a.linkSlug}/session/answers/${fieldKey}`,
      own: a.fieldKeys.text,
      foreign: 'only_in_b',
      unknown: 'nowhere_at_all',
      headers: () => ({ ...JSON_BODY, authorization: `Session ${a.session}` }),
      body: () => ANSWER,
    }),
  ],
  'DELETE /session/answers/:fieldKey': [slugProbe(answers), sessionProbe(answers)],
  'PUT /session/answers/:fieldKey/upload': [slugProbe(upload, 'x'), sessionProbe(upload, 'x')],
  'POST /session/answers/:fieldKey/upload': [slugProbe(upload, 'x'), sessionProbe(upload, 'x')],
  'GET /session/answers/:fieldKey/recording': recordingProbes(),
  'POST /session/answers/:fieldKey/uploads': [inPieces(slugProbe(pieces)), inPieces(sessionProbe(pieces))],
  'HEAD /session/uploads/:uploadId': pieceProbes(),
  'PATCH /session/uploads/:uploadId': pieceProbes(PIECE, 'x'),
  'POST /session/uploads/:uploadId': pieceProbes({ ...PIECE, 'x-http-method-override': 'PATCH' }, 'x'),
  'DELETE /session/uploads/:uploadId': pieceProbes(),
  'GET /speech/:file': [slugProbe(`/speech/${a.fieldKeys.text}.mp3`)],
  // Nothing is drafted here, whoever asks: what sessions may, src/web/routes-live.test.ts tells.
  'POST /session/live-transcript': [slugProbe('/session/live-transcript', 'x')],
  'POST /session/submit': [slugProbe('/session/submit'), sessionProbe('/session/submit')],
}

/** Addresses that name nothing of a workspace. */
const NAMES_NOTHING = new Set([
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'GET /graphql',
  'POST /graphql',
  'OPTIONS *', // CORS
  'POST /voice-files', // only ever makes new ones
  'POST /messages/import', // the same; its idempotency keys are those of one's own workspace
  // Nobody asks there as a workspace: whoever holds the token, which is signed, may opt out one address.
  'GET /unsubscribe/:token',
  'POST /unsubscribe/:token',
])
const NAMELESS_BELOW_LINK = /^OPTIONS \//
/** The page's own style and script; their names hold a hash. */
const STYLE = /^GET \/assets\//

const PREFIXES: Record<string, (slug?: string) => string> = {
  '/i/:slug': () => '/i/',
  '/w/:workspace/i/:slug': () => `/w/${a.slug}/i/`,
}

const uuidOf = (globalId: string) => decodeGlobalId(globalId).id
const document = (await (await fetch(new URL('/sayify/openapi.json', app.localUrl))).json()) as {
  paths: Record<string, Record<string, object>>
}
const LEGACY = /^(?:\/sayify)?\/api\/v1\/(links|workspaces|tokens)\b/
const LEGACY_REST = /^(GET \/sayify\/(openapi\.json|postman\.json|docs)|\w+ \/sayify(\/\*?)?)$/

async function make(path: string, body: object, key = a.key): Promise<string> {
  const response = await fetch(new URL(path, app.localUrl), {
    method: 'POST',
    headers: { ...JSON_BODY, authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })
  return ((await response.json()) as { uuid: string }).uuid
}
const HOOK = { url: 'https://example.com/', events: ['response.started'] }
const hooksOf = (workspaceId: string) => `/api/v1/workspaces/${workspaceId}/webhooks/`
const spare = async () => ({
  link: await make('/api/v1/links/', { name: 'Spare' }),
  token: await make('/api/v1/tokens/', { name: 'Spare' }),
  webhook: await make(hooksOf(a.workspaceId), HOOK),
  webhookOfWorkspace: await make(hooksOf(a.workspaceId), HOOK),
})
/** What a DELETE may take away, at the documented path and below the prefix. */
const spares = [await spare(), await spare()]
const webhookOfB = await make(hooksOf(b.workspaceId), HOOK, b.key)

/** What the addresses of a legacy API name, with the credential of a. */
function legacyProbes(method: string, url: string): Probe[] {
  // The document lists what is served; test/contract/sayify/openapi.test.ts holds it against the routes.
  const path = url.replace('/sayify', '').replace(/:(\w+)/g, '{$1}')
  if (!document.paths[path]?.[method.toLowerCase()]) return []
  const own = spares[url.startsWith('/sayify') ? 1 : 0]!
  const deletes = method === 'DELETE'
  const named: Record<string, [own: string, foreign: string]> = {
    link_uuid: [deletes ? own.link : uuidOf(a.ids.Link), uuidOf(b.ids.Link)],
    response_uuid: [uuidOf(a.ids.Response), uuidOf(b.ids.Response)],
    workspace_uuid: [a.workspaceId, b.workspaceId],
    webhook_uuid: [own.webhook, webhookOfB],
    token_uuid: [own.token, uuidOf(b.ids.ApiKey)],
  }
  return [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const filled: Record<string, string[]> = {
      ...named,
      ...(name === 'workspace_uuid' ? { webhook_uuid: [own.webhookOfWorkspace] } : {}),
    }
    return {
      label: name,
      path: (value) => url.replace(/:(\w+)/g, (_, each: string) => (each === name ? value : filled[each]![0]!)),
      own: named[name]![0],
      foreign: named[name]![1],
      unknown: randomUUID(),
      headers: () => ({ authorization: `Bearer ${a.key}`, ...(method === 'POST' ? JSON_BODY : {}) }),
      ...(method === 'POST' ? { body: () => JSON.stringify(HOOK) } : {}),
    }
  })
}

// Multisender's ids are numbers, which both workspaces count from 1: those of b become ones that a does not have.
const NUMBERED = {
  accountId: 'contact',
  groupId: 'contact_list',
  filterId: 'segment',
  subuserId: 'subuser',
  voiceFileId: 'voice_file',
  callId: 'campaign',
  clickToCallId: 'campaign',
  emailId: 'campaign',
  rsvpCallId: 'campaign',
  smsId: 'campaign',
} as const
/** Campaigns are counted by kind. */
const KINDS: Readonly<Record<string, string>> = {
  callId: 'voice_broadcast',
  clickToCallId: 'click_to_call',
  emailId: 'email_broadcast',
  rsvpCallId: 'rsvp',
  smsId: 'sms_broadcast',
}
const B_NUMBERS_FROM = 50_000
const NO_NUMBER = '99999'
for (const table of new Set(Object.values(NUMBERED))) {
  const statement = { ...sql`SELECT ${B_NUMBERS_FROM}::int, ${b.workspaceId}::uuid`, text: '' }
  statement.text = `UPDATE "${table}" SET legacy_id = legacy_id + $1 WHERE workspace_id = $2`
  await app.db.query(statement as never)
}
async function numberIn(p: typeof a, table: string, kind?: string): Promise<string> {
  const statement = { ...sql`SELECT ${p.workspaceId}::uuid`, text: '' }
  const ofKind = kind === undefined ? '' : `AND kind = '${kind}'`
  statement.text = `SELECT max(legacy_id)::text AS number FROM "${table}" WHERE workspace_id = $1 ${ofKind}`
  const [row] = await app.db.query<{ number: string }>(statement as never)
  return row!.number
}
const numbersOfB: Record<string, string> = {}
for (const [name, table] of Object.entries(NUMBERED)) numbersOfB[name] = await numberIn(b, table, KINDS[name])

const TOKEN = { 'x-access-token': a.key }
async function makeNumbered(path: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(new URL(path, app.localUrl), {
    method: 'POST',
    headers: { ...JSON_BODY, ...TOKEN },
    body: JSON.stringify(body),
  })
  expect(response.status, path).toBe(201)
  return (await response.json()) as Record<string, string>
}
let made = 0
const readyFile = await numberIn(a, 'voice_file')
/** On no day, so that nobody is called. */
const NEVER = { activeFrom: '09:00:00', activeTo: '17:00:00', activeWeekdays: [] }
const IN_2099 = '2099-01-01 12:00:00'
/** Things of one's own: what a probe may do to them stays between it and them. */
async function ownNumbers(): Promise<Record<string, string>> {
  const account = await makeNumbered('/v1/accounts', { firstName: 'Spare' })
  const group = await makeNumbered('/v1/groups', { name: 'Spare', description: '' })
  await makeNumbered(`/v1/groups/${group.groupId}/accounts`, [account.accountId!] as never)
  const filters = [{ field: 'note', operator: '==', value: 'nobody has this' }]
  const filter = await makeNumbered('/v1/accounts/filters', { filters })
  const subuser = await makeNumbered('/v1/subusers', { username: 'spare', email: `spare${++made}@example.com` })
  const speech = { name: 'Spare', text: 'spare', voiceCode: 'en' }
  const file = await makeNumbered('/v1/voice_files/text_to_speech', speech)
  const receivers = [{ accountId: account.accountId }]
  const later = { actionTime: IN_2099, receivers }
  const asked = { ...NEVER, receivers, actionButtons: [{ button: '5', action: 'accept' }] }
  const campaigns = [
    await makeNumbered('/v1/calls', { ...later, operations: '[]' }),
    await makeNumbered('/v1/click_to_calls', { ...asked, voiceFileId: readyFile }),
    await makeNumbered('/v1/emails', { ...later, subject: 'Spare', messageText: 'spare' }),
    await makeNumbered('/v1/rsvp_calls', {
      ...{ ...asked, endTime: IN_2099, acceptsWanted: 1 },
      voiceFiles: [{ type: 'start', voiceFileId: readyFile }],
    }),
    await makeNumbered('/v1/smses', { ...later, message: 'spare' }),
  ]
  const all = Object.assign({ ...account, ...group, ...filter, ...subuser, ...file }, ...campaigns)
  return Object.fromEntries(Object.keys(NUMBERED).map((name) => [name, String(all[name])]))
}

const multisender = (await (await fetch(new URL('/multisender/openapi.json', app.localUrl))).json()) as typeof document
const MULTISENDER =
  /^(\/multisender\b|(\/v1|\/vi)?\/(accounts|groups|calls|click_to_calls|emails|login|auth|authenticate|tokens|rsvp_calls|smses|subusers|voice_files)\b|\/vi\b)/

/** One set of things for each probe that could be asked for, by its place; made once. */
const ownByProbe = new Map<string, Record<string, string>>()
for (const [path, item] of Object.entries(multisender.paths)) {
  for (const method of Object.keys(item)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
    for (const name of path === '/v1/accounts' ? ['filterId'] : names) {
      if (name in NUMBERED) ownByProbe.set(`${method} ${path} ${name}`, await ownNumbers())
    }
  }
}

/** What Multisender's addresses name: in paths, the filter in a query, accounts in a body. */
function multisenderProbes(method: string, url: string): Probe[] | undefined {
  // The document lists what is served; test/contract/multisender/openapi.test.ts holds the routes against it, and those
  // at the other base paths to the same operations.
  const path = url.replace(/:(\w+)/g, '{$1}')
  if (!multisender.paths[path]?.[method.toLowerCase()]) return []
  const own = (name: string) => ownByProbe.get(`${method.toLowerCase()} ${path} ${name}`)!
  const names = [...url.matchAll(/:(\w+)/g)].map(([, name]) => name!)
  if (names.some((name) => !(name in NUMBERED))) return undefined
  const isBodied = method === 'POST' || method === 'PUT'
  const bodyOf = (name: string) =>
    path === '/v1/groups/{groupId}/accounts' ? JSON.stringify([own(name).accountId]) : '{}'
  const probe = (name: string, rest: Omit<Probe, 'label' | 'own' | 'foreign' | 'unknown'>): Probe => ({
    ...{ label: name, own: own(name)[name]!, foreign: numbersOfB[name]!, unknown: NO_NUMBER },
    ...{
      headers: () => ({ ...TOKEN, ...(isBodied ? JSON_BODY : {}) }),
      ...(isBodied ? { body: () => bodyOf(name) } : {}),
    },
    ...rest,
  })
  const probes = names.map((name) =>
    probe(name, {
      path: (value) => url.replace(/:(\w+)/g, (_, each: string) => (each === name ? value : own(name)[each]!)),
    }),
  )
  if (path === '/v1/accounts' && !isBodied) probes.push(probe('filterId', { path: (id) => `${url}?filterId=${id}` }))
  return probes
}

// Saygent's ids are numbers as well, and stand in the query and the body. Those of b become ones that a does not have.
for (const table of ['respondent', 'link']) {
  const statement = { ...sql`SELECT ${B_NUMBERS_FROM}::int, ${b.workspaceId}::uuid`, text: '' }
  statement.text = `UPDATE "${table}" SET legacy_id = legacy_id + $1 WHERE workspace_id = $2`
  await app.db.query(statement as never)
}
async function numbersOf(p: typeof a): Promise<{ survey_id: string; respondent_ids: string }> {
  const [row] = await app.db.query<{ survey_id: string; respondent_ids: string }>(
    sql`SELECT k.legacy_id::text AS survey_id, p.legacy_id::text AS respondent_ids
        FROM respondent p JOIN link k ON k.id = p.link_id WHERE p.id = ${uuidOf(p.ids.Respondent)}::uuid`,
  )
  return row!
}
const saygent = { a: await numbersOf(a), b: await numbersOf(b) }
const SAYGENT = /^(?:\/saygent)?\/api\/v1\/(respondents|call|status)(\.json)?\/?$/
const SAYGENT_REST =
  /^(GET \/saygent\/(openapi\.json|postman\.json|docs)|\w+ (\/saygent(\/\*?)?|(\/saygent)?\/api\/v1\/(respondents|call|status)\/\*))$/

/** What Saygent's addresses name: surveys and respondents, in the query and in JSON. */
function saygentProbes(method: string, url: string): Probe[] {
  const [, path] = SAYGENT.exec(url)!
  if (!(method === 'POST' || (method === 'GET' && path !== 'call'))) return []
  const names = path === 'respondents' ? (['survey_id', 'respondent_ids'] as const) : (['respondent_ids'] as const)
  return names.flatMap((name) => {
    const asked = (value: string) => ({ auth_token: a.key, ...saygent.a, [name]: value })
    const probe = { own: saygent.a[name], foreign: saygent.b[name], unknown: NO_NUMBER }
    return [
      { label: `${name} in the query`, path: (value) => `${url}?${new URLSearchParams(asked(value))}`, ...probe },
      // fetch sends no body with GET.
      ...(method === 'POST'
        ? [
            {
              ...{ label: `${name} in JSON`, path: () => url, ...probe, headers: () => JSON_BODY },
              body: (value: string) => JSON.stringify(asked(value)),
            },
          ]
        : []),
    ] satisfies Probe[]
  })
}

const CONVERSATION = { provider: 'TWILIO', channel: 'SMS', tenantChannelIdentifier: '+31612345678' }
for (const { key, slug } of [a, b]) {
  const body = {
    ...{ ...CONVERSATION, tenant: slug, direction: 'IN', customerChannelIdentifier: '+31687654321' },
    ...{ message: {}, conversation: `${slug} 1` },
  }
  const headers = { ...JSON_BODY, authorization: `Bearer ${key}` }
  const added = await fetch(new URL('/v1/messages', app.localUrl), {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  })
  expect(added.status).toBe(201)
}
const SAYSIMPLE =
  /^(?:\/saysimple)?(\/insights\/v1|\/messaging\/v1|\/v1\/(messages|metrics|agents|channels|tags|teams|events|auth\/authenticate))(?=\/|$)/
const SAYSIMPLE_PAGES =
  /^GET (\/saysimple\/(openapi\.json|postman\.json|docs)|\/docs\/intelligence(\/.*)?)$|^\w+ \/saysimple(\/\*?)?$/

/** What SaySimple's addresses look up is conversations to resolve; filters of metrics are values, not names of objects. */
function saysimpleProbes(method: string, url: string): Probe[] {
  if (method !== 'POST' || !/\/events\/conversations\/resolve\/?$/.test(url)) return []
  const probe = { own: `${a.slug} 1`, foreign: `${b.slug} 1`, unknown: 'none of 1' }
  const headers = () => ({ ...JSON_BODY, authorization: `Bearer ${a.key}` })
  const body = (conversation: string) =>
    JSON.stringify({ ...CONVERSATION, conversation, time: clock.now().toISOString() })
  return [{ label: 'conversation', path: () => url, ...probe, headers, body }]
}

/** Contacts in and out, with a key of one's own. */
function contactsProbes(route: string): Probe[] | undefined {
  const key = { authorization: `Bearer ${a.key}` }
  const named = (name: 'ContactList' | 'Segment' | 'ContactImport') => ({
    label: name,
    own: a.ids[name],
    foreign: b.ids[name],
    unknown: Buffer.from(`${name}:${randomUUID()}`).toString('base64url'),
  })
  switch (route) {
    case 'POST /contacts/import':
      return [
        {
          ...named('ContactList'),
          path: (id) => `/contacts/import?dryRun=true&listId=${id}`,
          headers: () => ({ ...key, 'content-type': 'text/csv' }),
          body: () => 'name\nx',
        },
      ]
    case 'GET /contacts/imports/:id':
      return [{ ...named('ContactImport'), path: (id) => `/contacts/imports/${id}`, headers: () => key }]
    case 'GET /contacts/imports/:id/report':
      return [{ ...named('ContactImport'), path: (id) => `/contacts/imports/${id}/report`, headers: () => key }]
    case 'GET /contacts/export':
      return (['ContactList', 'Segment'] as const).map((name) => ({
        ...named(name),
        path: (id) => `/contacts/export?${name === 'Segment' ? 'segmentId' : 'listId'}=${id}`,
        headers: () => key,
      }))
    case 'GET /responses/export': {
      const path = (link: string) => `/responses/export?format=ndjson&link=${link}`
      const uuids = { own: uuidOf(a.ids.Link), foreign: uuidOf(b.ids.Link), unknown: randomUUID() }
      const slugs = { own: a.linkSlug, foreign: b.linkSlug, unknown: 'no-such-survey' }
      const globals = {
        ...{ own: a.ids.Link, foreign: b.ids.Link },
        unknown: Buffer.from(`Link:${randomUUID()}`).toString('base64url'),
      }
      const signed = (link: string) =>
        `${path(link)}&workspace=${b.workspaceId}&expires=9999999999&signature=${'x'.repeat(42)}A`
      return [
        { label: 'link', path, headers: () => key, ...globals },
        { label: 'uuid', path, headers: () => key, ...uuids },
        { label: 'slug', path, headers: () => key, ...slugs },
        { label: 'signed by nobody', path: signed, ...uuids },
        { label: 'without a key', path, ...uuids },
      ]
    }
    default:
      return undefined
  }
}

function probesOf(route: string): Probe[] | undefined {
  const [method, url] = route.split(' ') as [string, string]
  if (NAMES_NOTHING.has(route) || STYLE.test(route) || LEGACY_REST.test(route)) return []
  if (SAYGENT_REST.test(route)) return []
  if (SAYGENT.test(url)) return saygentProbes(method, url)
  if (SAYSIMPLE_PAGES.test(route)) return []
  if (SAYSIMPLE.test(url)) return saysimpleProbes(method, url)
  if (LEGACY.test(url)) return legacyProbes(method, url)
  if (MULTISENDER.test(url)) return multisenderProbes(method, url)
  if (url.startsWith('/media/recordings/')) {
    const probe = { own: uuidOf(a.ids.Recording), foreign: uuidOf(b.ids.Recording), unknown: randomUUID() }
    return [
      { label: 'recording', path: recording(a.workspaceId), ...probe },
      { label: 'without a signature', path: (id) => `/media/recordings/${id}/audio.wav`, ...probe },
    ]
  }
  if (url.startsWith('/media/voice/')) {
    const of = (p: typeof a) => uuidOf(p.ids.VoiceFile)
    const probe = { own: of(a), foreign: of(b), unknown: randomUUID() }
    return [
      // There are no bytes in storage; only whose file it is decides between the two answers 404.
      ...(['mp3', 'wav', 'original'] as const).map((form) => ({
        ...{ label: `upload ${form}`, path: voice(a.workspaceId, form), ...probe },
      })),
      { label: 'without a signature', path: (id) => `/media/voice/${id}/audio.mp3`, ...probe },
    ]
  }
  if (url.startsWith('/media/:uploadId')) {
    const probe = { own: a.uploadId, foreign: b.uploadId, unknown: randomUUID() }
    const named = (path: string) => (url === '/media/:uploadId' ? path : path.replace(/^[^?]*/, '$&/audio.mp3'))
    return [
      { label: "signed for one's own workspace", path: (id) => named(media(a.workspaceId)(id)), ...probe },
      {
        label: 'signed by nobody',
        path: (id) => named(`/media/${id}?workspace=${b.workspaceId}&expires=1999999999&signature=x`),
        ...probe,
      },
      { label: 'without a signature', path: (id) => named(`/media/${id}`), ...probe },
    ]
  }
  const contacts = contactsProbes(route)
  if (contacts) return contacts
  const prefix = Object.keys(PREFIXES).find((each) => url.startsWith(each))
  if (!prefix) return undefined
  const below = `${method} ${url.slice(prefix.length) || '/'}`
  if (NAMELESS_BELOW_LINK.test(below)) return []
  const make = BELOW_LINK[below]
  if (!make) return undefined
  const probes = make.map((each) => each(PREFIXES[prefix]!()))
  if (!prefix.includes(':workspace')) return probes
  // Another workspace's own name with a slug that it does not have.
  const [first] = probes
  return [
    ...probes,
    {
      ...first!,
      label: 'slug of the other workspace',
      path: (slug) => first!.path(slug).replace(`/w/${a.slug}/`, `/w/${slug}/`),
      own: b.slug,
      foreign: b.slug,
      unknown: 'no-such-workspace',
    },
  ]
}

async function send(method: string, probe: Probe, value: string): Promise<string> {
  const response = await fetch(new URL(probe.path(value), app.localUrl), {
    method,
    headers: probe.headers?.(value) ?? {},
    redirect: 'manual',
    ...(probe.body ? { body: probe.body(value) } : {}),
  })
  const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id', 'keep-alive'].includes(name))
  const text = `${response.status} ${JSON.stringify(headers)} ${await response.text()}`
  return text
    .replaceAll(value, '(sent)')
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, '(token)')
    .replace(/"content-length","\d+"/, '"content-length","…"')
}

async function rowsOfB(): Promise<unknown> {
  return app.db.query(
    sql`SELECT (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM response r WHERE workspace_id = ${b.workspaceId}::uuid) AS responses,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM answer r WHERE workspace_id = ${b.workspaceId}::uuid) AS answers,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM upload r WHERE workspace_id = ${b.workspaceId}::uuid) AS uploads,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM respondent r WHERE workspace_id = ${b.workspaceId}::uuid) AS respondents,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM link r WHERE workspace_id = ${b.workspaceId}::uuid) AS links,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM webhook r WHERE workspace_id = ${b.workspaceId}::uuid) AS webhooks,
               (SELECT jsonb_agg(to_jsonb(r) - 'last_used_at' ORDER BY id) FROM api_key r WHERE workspace_id = ${b.workspaceId}::uuid) AS keys,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM voice_file r WHERE workspace_id = ${b.workspaceId}::uuid) AS voice_files,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM contact r WHERE workspace_id = ${b.workspaceId}::uuid) AS contacts,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM contact_list r WHERE workspace_id = ${b.workspaceId}::uuid) AS lists,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM contact_list_member r WHERE workspace_id = ${b.workspaceId}::uuid) AS members,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM campaign r WHERE workspace_id = ${b.workspaceId}::uuid) AS campaigns,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM campaign_target r WHERE workspace_id = ${b.workspaceId}::uuid) AS targets,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM receiver r WHERE workspace_id = ${b.workspaceId}::uuid) AS receivers,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM segment r WHERE workspace_id = ${b.workspaceId}::uuid) AS segments,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM subuser r WHERE workspace_id = ${b.workspaceId}::uuid) AS subusers,
               (SELECT jsonb_agg(to_jsonb(r) ORDER BY id) FROM conversation r WHERE workspace_id = ${b.workspaceId}::uuid) AS conversations,
               (SELECT position FROM event_head WHERE workspace_id = ${b.workspaceId}::uuid) AS events`,
  )
}

describe('what is another workspace’s is answered like what does not exist', () => {
  // Reads first, and what ends a session last.
  const rank = (route: string) =>
    ['GET', 'PUT', 'DELETE', 'POST'].indexOf(route.split(' ')[0]!) + (route.includes('submit') ? 9 : 0)
  const isOfGet = (route: string) =>
    route.startsWith('HEAD ') && app.routes.has(route.replace('HEAD', 'GET').replace(/\/$/, ''))
  const routes = [...app.routes].filter((route) => !isOfGet(route)).sort((x, y) => rank(x) - rank(y))

  it('knows every address', () => {
    expect(routes.length).toBeGreaterThan(20)
    const strange = routes.filter((route) => probesOf(route) === undefined)
    expect(strange, 'add a probe to test/graph/routes-isolation.test.ts').toEqual([])
  })

  it.each(routes.filter((route) => probesOf(route)?.length !== 0))('%s', async (route) => {
    const [method] = route.split(' ')
    const before = await rowsOfB()
    for (const probe of probesOf(route)!) {
      const theirs = await send(method!, probe, probe.foreign)
      const nobodys = await send(method!, probe, probe.unknown)
      if (probe.label !== 'slug of the other workspace') expect(theirs, probe.label).toBe(nobodys)
      else if (route.includes('/session')) expect(theirs.slice(0, 3), probe.label).toBe('404')
      expect(nobodys, probe.label).toMatch(probe.beginsAnew ? /^200 / : /^4\d\d /)
      expect(theirs, probe.label).not.toContain(`of ${b.slug}`)
      if (/nobody|without|other workspace|upload/.test(`${probe.label} ${route}`)) continue
      expect(await send(method!, probe, probe.own), probe.label).not.toBe(nobodys)
    }
    expect(await rowsOfB()).toEqual(before)
  })
})
