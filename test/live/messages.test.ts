import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Relay, readEmail, testRelay } from '../../src/providers/email/test-relay.ts'
import { type Smsc, testSmsc } from '../../src/providers/sms/test-smsc.ts'
import { TEST_KEY, type TestApp, testApp } from '../kit/app.ts'
import { onPostgres, testDatabaseUrl } from '../kit/database.ts'
import { freePort, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const SECRET = 'what-providers-must-show'
const ports = { smsc: await freePort(), relay: await freePort() }
const SETTINGS = {
  ...{ SMS: 'smpp', SMPP_URL: `smpp://127.0.0.1:${ports.smsc}`, SMPP_SYSTEM_ID: 'us', SMPP_PASSWORD: 'secret' },
  ...{ EMAIL: 'smtp', SMTP_URL: `smtp://127.0.0.1:${ports.relay}`, SMTP_STARTTLS: 'off' },
  ...{ SMTP_RETURN_PATH: 'bounces@say.example', EMAIL_FROM: 'Acme <hello@say.example>', SMS_FROM: 'Acme' },
  ...{ PUBLIC_URL: 'https://say.example', PROVIDER_SECRET: SECRET, QUIET_HOURS: 'off' },
}

let app: TestApp
beforeAll(async () => {
  app = await testApp(SETTINGS)
})

async function create(kind: 'Sms' | 'Email', receiver: object, content: object): Promise<string> {
  const { data, errors } = await app.graphql(
    `mutation ($input: Create${kind}BroadcastInput!) { create${kind}Broadcast(input: $input) {
      ... on Create${kind}BroadcastPayload { campaign { id } } ... on Error { message } } }`,
    { input: { receivers: [receiver], content } },
  )
  expect(errors).toBeUndefined()
  return data![`create${kind}Broadcast`].campaign.id
}

const CAMPAIGN = `query ($id: ID!) { campaign(id: $id) {
  state stats { messagesSent messagesDelivered messagesFailed }
  receivers(first: 10) { nodes { state outcome reason } } } }`
async function campaign(id: string) {
  const { data, errors } = await app.graphql(CAMPAIGN, { id })
  expect(errors).toBeUndefined()
  return data!.campaign
}
const outcome = async (id: string) => (await campaign(id)).receivers.nodes[0]
const becomes = (id: string, wanted: string) =>
  until(async () => (await outcome(id)).outcome === wanted, `the receiver becomes ${wanted}`, 20_000)

const call = (path: string, init: RequestInit & { secret?: string | null } = {}) => {
  const { secret = SECRET, headers, ...rest } = init
  return fetch(new URL(path, app.localUrl), {
    method: 'POST',
    ...rest,
    headers: { ...(secret === null ? {} : { authorization: `Bearer ${secret}` }), ...headers },
  })
}
const json = (body: unknown) => ({ headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

describe('an SMS over SMPP', () => {
  const answered = (id: string, stat: string) => ({
    ...{ esm_class: 4, source_addr: '358401230001', source_addr_ton: 1, destination_addr: 'Acme', data_coding: 1 },
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611221200 done date:2611221201 stat:${stat} err:000 text:Hei`,
  })

  test('arrives, is confirmed, and can be answered with STOP and START', async () => {
    const smsc: Smsc = await testSmsc({ port: ports.smsc })
    const phone = '+358401230001'
    const id = await create('Sms', { phone }, { message: 'Hei! Tässä on viesti.' })
    await smsc.until(() => smsc.messages().length === 1)
    expect(smsc.messages()).toEqual([{ from: 'Acme', to: phone, text: 'Hei! Tässä on viesti.' }])
    await becomes(id, 'SENT')
    expect(await campaign(id)).toMatchObject({ state: 'COMPLETED', stats: { messagesSent: 1, messagesDelivered: 0 } })
    expect(await smsc.deliver(answered('SMSC-1', 'DELIVRD'))).toBe(0)
    expect(await smsc.deliver(answered('SMSC-1', 'DELIVRD'))).toBe(0)
    expect(await smsc.deliver(answered('SMSC-1', 'UNDELIV'))).toBe(0)
    expect(await outcome(id)).toEqual({ state: 'SETTLED', outcome: 'DELIVERED', reason: null })
    expect(await campaign(id)).toMatchObject({ stats: { messagesSent: 1, messagesDelivered: 1, messagesFailed: 0 } })

    const text = (short_message: string) =>
      smsc.deliver({
        ...{
          source_addr: '358401230001',
          source_addr_ton: 1,
          destination_addr: '12345',
          data_coding: 1,
          short_message,
        },
      })
    expect(await text('Stop.')).toBe(0)
    const refused = await create('Sms', { phone }, { message: 'Again' })
    await becomes(refused, 'NOT_CALLED')
    expect(await outcome(refused)).toMatchObject({ reason: 'OPTED_OUT' })
    expect(await text('START')).toBe(0)
    const again = await create('Sms', { phone }, { message: 'Welcome back' })
    await becomes(again, 'SENT')
    expect(smsc.messages().map((sms) => sms.text)).toEqual(['Hei! Tässä on viesti.', 'Welcome back'])
  })

  test('that is refused for good has failed', async () => {
    const smsc = await testSmsc({ port: ports.smsc, onSubmit: () => ({ status: 0x0b }) })
    const id = await create('Sms', { phone: '+358401230002' }, { message: 'Hei' })
    await becomes(id, 'FAILED')
    expect(await outcome(id)).toMatchObject({ reason: 'invalid_number' })
    expect(smsc.submits).toHaveLength(1)
  })

  test('can be reported on, and answered, through a gateway that calls', async () => {
    const smsc = await testSmsc({ port: ports.smsc, onSubmit: () => ({ status: 0, messageId: 'gateway-7' }) })
    const phone = '+358401230003'
    const id = await create('Sms', { phone }, { message: 'Hei' })
    await becomes(id, 'SENT')
    const receipt = json({ id: 'gateway-7', status: 'undelivered', code: '34' })
    expect((await call('/providers/sms/receipt', { ...receipt, secret: null })).status).toBe(401)
    expect((await call('/providers/sms/receipt', { ...receipt, secret: 'what-nobody-must-show' })).status).toBe(401)
    expect(await outcome(id)).toMatchObject({ outcome: 'SENT' })
    for (let times = 0; times < 2; times++) expect((await call('/providers/sms/receipt', receipt)).status).toBe(204)
    expect(await outcome(id)).toMatchObject({ outcome: 'FAILED', reason: 'undeliverable' })
    expect((await call('/providers/sms/receipt', json({ id: 'gateway-8', status: 'delivered' }))).status).toBe(204)
    for (const broken of [json({ status: 'delivered' }), json([]), { body: 'x' }, json(null)]) {
      const answer = await call('/providers/sms/receipt', broken)
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { error: { code: 'VALIDATION_FAILED', path: ['body'] } },
      ])
    }
    const stop = new URLSearchParams({ from: '358401230003', to: '12345', text: ' stop ' })
    expect((await call(`/providers/sms/inbound?secret=${SECRET}`, { body: stop, secret: null })).status).toBe(204)
    const refused = await create('Sms', { phone }, { message: 'Again' })
    await becomes(refused, 'NOT_CALLED')
    expect(smsc.submits).toHaveLength(1)
  })
})

describe('an e-mail over SMTP', () => {
  let relay: Relay
  const mailed = async (id: string) => {
    await becomes(id, 'SENT')
    return readEmail(relay.received.at(-1)!.raw)
  }

  test('arrives with both bodies, and the person can end it from the mail program', async () => {
    relay = await testRelay({ port: ports.relay })
    const email = 'person@example.com'
    const id = await create(
      'Email',
      { email },
      { subject: 'Päivää', html: '<h1>News</h1><p>of <a href="https://a.example/x">today</a></p>' },
    )
    const received = await mailed(id)
    expect(received).toMatchObject({
      from: { name: 'Acme', address: 'hello@say.example' },
      to: [{ address: email }],
      subject: 'Päivää',
      text: 'News\n\nof today (https://a.example/x)',
      html: '<h1>News</h1><p>of <a href="https://a.example/x">today</a></p>',
    })
    expect(relay.received[0]!.envelope).toMatchObject({ from: 'bounces@say.example', to: [email] })
    const [, url] = /^<(https:\/\/say\.example\/unsubscribe\/[\w-]{43})>$/.exec(received.headers['list-unsubscribe']!)!
    expect(received.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
    const address = new URL(new URL(url!).pathname, app.localUrl)

    // A program that looks at every link.
    for (const method of ['GET', 'HEAD', 'GET']) expect((await fetch(address, { method })).status).toBe(200)
    const page = await (await fetch(address, { headers: { 'accept-language': 'fi' } })).text()
    expect(page).toContain('<html lang="fi">')
    expect(page).toContain('<form method="post"><button type="submit">Peruuta tilaus</button></form>')
    const untouched = await create('Email', { email }, { subject: 'Second', text: 'Still here' })
    expect(await mailed(untouched)).toMatchObject({ subject: 'Second', text: 'Still here' })

    const click = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    })
    expect([click.status, await click.text()]).toEqual([
      200,
      expect.stringContaining('no more e-mail from Default workspace'),
    ])
    const form = new FormData()
    form.set('List-Unsubscribe', 'One-Click')
    expect((await fetch(address, { method: 'POST', body: form })).status).toBe(200)
    expect((await fetch(address, { method: 'POST' })).status).toBe(200)
    const refused = await create('Email', { email }, { subject: 'Third', text: 'Not sent' })
    await becomes(refused, 'NOT_CALLED')
    expect(relay.received).toHaveLength(2)
    const out = await app.graphql(
      `{ events(first: 100, types: [CONTACT_OPTED_OUT]) { ... on EventPage { events { payload } } } }`,
    )
    expect(out.data!.events.events.at(-1)).toMatchObject({ payload: { channel: 'email' } })
    expect(out.data!.events.events.filter((event: any) => event.payload.channel === 'email')).toHaveLength(1)
  })

  test.each(['GET', 'POST'])('and nobody else can: %s', async (method) => {
    for (const token of ['x', 'A'.repeat(43), '%00', `${'A'.repeat(42)}-`]) {
      const response = await fetch(new URL(`/unsubscribe/${token}`, app.localUrl), { method })
      expect([response.status, await response.text()]).toEqual([404, expect.stringContaining('There is nothing here')])
    }
    const large = await fetch(new URL(`/unsubscribe/${'A'.repeat(43)}`, app.localUrl), {
      method: 'POST',
      body: 'x'.repeat(20_000),
    })
    expect(large.status).toBe(413)
  })

  test('bounces', async () => {
    relay = await testRelay({ port: ports.relay })
    const id = await create('Email', { email: 'nobody@example.com' }, { subject: 'Hello', text: 'Are you there?' })
    const { messageId } = await mailed(id)
    const report = [
      ...['From: <>', 'Content-Type: multipart/report; report-type=delivery-status; boundary=b', '', '--b'],
      ...['Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; relay.example', ''],
      ...['Final-Recipient: rfc822; nobody@example.com', 'Action: failed', 'Status: 5.1.1', '', '--b'],
      ...['Content-Type: text/rfc822-headers', '', `Message-ID: ${messageId}`, '', '--b--', ''],
    ].join('\r\n')
    const type = { headers: { 'content-type': 'message/rfc822' } }
    expect((await call('/providers/email/bounce', { ...type, body: report, secret: null })).status).toBe(401)
    expect(
      (await call('/providers/email/bounce', { ...type, body: 'Subject: I am away\r\n\r\nUntil Monday' })).status,
    ).toBe(204)
    expect(await outcome(id)).toMatchObject({ outcome: 'SENT' })
    expect((await call('/providers/email/bounce', { ...type, body: report })).status).toBe(204)
    expect(await outcome(id)).toMatchObject({ outcome: 'FAILED', reason: 'bounced' })
    expect((await call('/providers/email/bounce', type)).status).toBe(400)
  })
})

describe('a server of its own', () => {
  async function settings() {
    const folder = await mkdtemp(join(tmpdir(), 'saygraph-messages-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    return {
      ...{ DATA_DIR: folder, BOOTSTRAP_API_KEY: TEST_KEY, SAMPLE_LINK: 'off', SHUTDOWN_SECONDS: '20' },
      ...(onPostgres ? { DATABASE_URL: await testDatabaseUrl() } : {}),
      ...SETTINGS,
    }
  }

  test('asks the relay when told to, and does not start without it', async () => {
    const env = { ...(await settings()), SMTP_VERIFY: 'on' }
    await expect(startServer(env)).rejects.toThrow(`Cannot reach the relay 127.0.0.1:${ports.relay}: `)
    const relay = await testRelay({ port: ports.relay })
    const server = await startServer(env)
    expect(relay.sockets.length).toBeGreaterThan(0)
    expect(await server.stop()).toBe(0)
  })

  test('that is told to stop finishes what is on its way, and loses nothing', async () => {
    const release = Promise.withResolvers<void>()
    const relay = await testRelay({ port: ports.relay, judge: () => release.promise })
    const env = await settings()
    const server = await startServer(env)
    const input = { receivers: [{ email: 'slow@example.com' }], content: { subject: 'Slow', text: 'Slow' } }
    const ask = async (url: string, query: string, variables: object) =>
      (await (
        await fetch(new URL('/graphql', url), {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${TEST_KEY}` },
          body: JSON.stringify({ query, variables }),
        })
      ).json()) as any
    const made = await ask(
      server.url,
      `mutation ($input: CreateEmailBroadcastInput!) { createEmailBroadcast(input: $input) {
        ... on CreateEmailBroadcastPayload { campaign { id } } } }`,
      { input },
    )
    await until(() => relay.received.length === 1, 'the relay has the message', 20_000)
    const stopped = server.stop()
    setTimeout(() => release.resolve(), 1_000)
    expect(await stopped).toBe(0)
    const next = await startServer(env)
    onTestFinished(() => next.kill())
    const { data } = await ask(next.url, CAMPAIGN, { id: made.data.createEmailBroadcast.campaign.id })
    expect(data.campaign).toMatchObject({ state: 'COMPLETED', receivers: { nodes: [{ outcome: 'SENT' }] } })
    expect(relay.received).toHaveLength(1)
  })
})
