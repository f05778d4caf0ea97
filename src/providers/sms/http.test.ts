import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import fc from 'fast-check'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { httpServer, httpsServer, rawServer } from '../outbound/test-servers.ts'
import { smsConformance } from './conformance.ts'
import { type HttpSmsOptions, httpSms } from './http.ts'
import { type BodyTemplate, renderBody, templateFault } from './http-template.ts'
import {
  DEFAULT_WEBHOOK_MAPPING,
  parseHttpInbound,
  parseHttpReceipt,
  webhookMapping,
  webhookPayload,
} from './http-webhook.ts'
import { atPointer, isJsonPointer } from './json-pointer.ts'
import { e164Of } from './number.ts'
import type { Sms } from './sms.ts'

const JSON_BODY: BodyTemplate = {
  format: 'json',
  template: '{"messages":[{"to":"{to}","from":"{from}","content":{"text":"{text}"},"reference":"{id}","flash":false}]}',
}
const FORM_BODY: BodyTemplate = { format: 'form', template: 'to=%2B{toDigits}&from={from}&text={text}&ref={id}&v=1' }
const MESSAGE: Sms = { id: 'm-1', from: 'Saygraph', to: '+358405556666', text: 'Hei & "moi" {to}' }

/** A gateway that takes everything; answers with a counted id. */
async function gateway(read: (body: string) => Omit<Sms, 'id'>, path: string) {
  const taken: Omit<Sms, 'id'>[] = []
  const headers: Record<string, unknown>[] = []
  const server = await httpServer(async (request, response) => {
    taken.push(read(await text(request)))
    headers.push({ method: request.method, path: request.url, ...request.headers })
    response.end(JSON.stringify({ messages: [{ 'message/id': taken.length }] }))
  })
  return { url: server.url + path, taken, headers }
}

const readJson = (body: string) => {
  const [{ to, from, content }] = JSON.parse(body).messages
  return { from, to, text: content.text }
}
const readForm = (body: string) => {
  const form = new URLSearchParams(body)
  return { from: form.get('from')!, to: form.get('to')!, text: form.get('text')! }
}

smsConformance('http, JSON', async () => {
  const { url, taken } = await gateway(readJson, '/v1/messages')
  const sms = httpSms({ url, body: JSON_BODY, idPointer: '/messages/0/message~1id' })
  return { sms, sent: async () => taken }
})
smsConformance('http, form', async () => {
  const { url, taken } = await gateway(readForm, '/send?v=2')
  const sms = httpSms({ url, body: FORM_BODY, idPointer: '/messages/0/message~1id' })
  return { sms, sent: async () => taken }
})

/** Sends one message to a server that answers in this way. */
async function sendTo(listener: RequestListener, options: Partial<HttpSmsOptions> = {}) {
  let requests = 0
  const server = await httpServer((request, response) => {
    requests++
    request.resume()
    listener(request, response)
  })
  const sms = httpSms({ url: server.url, body: JSON_BODY, ...options })
  onTestFinished(() => sms.close())
  const result = await sms.send(MESSAGE)
  return { result, again: () => sms.send(MESSAGE), requests: () => requests }
}

const answer =
  (status: number, body = ''): RequestListener =>
  (_, response) =>
    response.writeHead(status).end(body)

test('posts what the template says, with the headers', async () => {
  const { url, headers } = await gateway(readJson, '/v1/messages?x=1')
  const sms = httpSms({ url, body: JSON_BODY, headers: { authorization: 'Bearer secret' } })
  expect(await sms.send(MESSAGE)).toEqual({ outcome: 'accepted', providerIds: [] })
  expect(headers).toEqual([
    expect.objectContaining({
      method: 'POST',
      path: '/v1/messages?x=1',
      authorization: 'Bearer secret',
      'content-type': 'application/json',
    }),
  ])
  await sms.close()
})

describe('what an answer means', () => {
  test.each<[number, string, string, boolean]>([
    [400, 'refused', 'rejected', false],
    [404, 'refused', 'rejected', false],
    [422, 'refused', 'rejected', false],
    [401, 'refused', 'account', true],
    [402, 'refused', 'account', true],
    [403, 'refused', 'account', true],
    [429, 'refused', 'throttled', true],
    [503, 'refused', 'unreachable', true],
    [302, 'refused', 'rejected', false],
    [307, 'refused', 'rejected', false],
  ])('%d', async (status, outcome, reason, retryable) => {
    const { result, again, requests } = await sendTo((_, response) =>
      response.writeHead(status, { location: '/elsewhere' }).end('a\nb'),
    )
    expect(result).toMatchObject({ outcome, reason, retryable })
    expect((result as { message: string }).message).toContain(String(status))
    expect((result as { message: string }).message).not.toContain('\n')
    // It was not sent, so it may be tried again.
    await again()
    expect(requests()).toBe(2)
  })

  test.each([500, 502, 504, 408])('%d: nobody knows, and it is not sent again', async (status) => {
    const { result, again, requests } = await sendTo(answer(status, 'oops'))
    expect(result).toEqual({
      outcome: 'unknown',
      providerIds: [],
      message: `the gateway answered ${status}: oops`,
    })
    expect(await again()).toEqual(result)
    expect(requests()).toBe(1)
  })

  test('200 without the id that should be there', async () => {
    for (const body of ['{"error":"no credit"}', 'OK', '{"id":""}', '{"id":{"a":1}}']) {
      const { result } = await sendTo(answer(200, body), { idPointer: '/id' })
      expect(result).toMatchObject({ outcome: 'unknown', message: expect.stringContaining('no message id') })
    }
  })

  test('an id is a text or a number, also far behind', async () => {
    for (const id of ['"a b"', '17']) {
      const { result } = await sendTo(answer(202, `{"x":"${'x'.repeat(20_000)}","id":${id}}`), { idPointer: '/id' })
      expect(result).toEqual({ outcome: 'accepted', providerIds: [id.replaceAll('"', '')] })
    }
  })
})

describe('when the connection fails', () => {
  const closedPort = async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    await new Promise((done) => server.close(done))
    return port
  }
  const sendToUrl = async (url: string, options: Partial<HttpSmsOptions> = {}) => {
    const sms = httpSms({ url, body: JSON_BODY, ...options })
    onTestFinished(() => sms.close())
    return sms.send(MESSAGE)
  }
  const UNREACHABLE = { outcome: 'refused', reason: 'unreachable', retryable: true }

  test('before anything was sent, it can be tried again', async () => {
    expect(await sendToUrl(`http://127.0.0.1:${await closedPort()}`)).toMatchObject(UNREACHABLE)
    expect(await sendToUrl('http://does-not-exist.invalid')).toMatchObject(UNREACHABLE)
  })

  const trusted = getCACertificates('default')
  afterEach(() => setDefaultCACertificates(trusted))
  test('within the handshake, it can be tried again', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    })
    let requests = 0
    const server = await httpsServer({ key, cert }, (_, response) => {
      requests++
      response.end('{}')
    })
    expect(await sendToUrl(`https://localhost:${server.port}`)).toMatchObject(UNREACHABLE)
    expect(requests).toBe(0)
    setDefaultCACertificates([...trusted, cert])
    expect(await sendToUrl(`https://localhost:${server.port}`)).toMatchObject({ outcome: 'accepted' })
  })

  test.each([
    ['closed before the answer', (socket: { destroy(): void }) => socket.destroy()],
    ['garbage', (socket: { end(text: string): void }) => socket.end('SMPP?\r\n\r\n')],
  ])('%s: nobody knows', async (_, onRequest) => {
    const server = await rawServer(onRequest)
    expect(await sendToUrl(server.url)).toMatchObject({ outcome: 'unknown', providerIds: [] })
    // Unless the gateway is known to send once what it is given twice.
    expect(await sendToUrl(server.url, { idempotent: true })).toMatchObject(UNREACHABLE)
  })

  test('no answer in time: nobody knows', async () => {
    const server = await rawServer(() => {})
    expect(await sendToUrl(server.url, { timeoutMs: 50 })).toMatchObject({ outcome: 'unknown' })
  })
})

test.each<[BodyTemplate['format'], string, string | undefined]>([
  ['json', JSON_BODY.template, undefined],
  ['json', '"{to} {text}"', undefined],
  ['json', '{to: "{to}"}', 'is not JSON'],
  ['json', '{"to":"{to}"}', 'has no {text}'],
  ['json', '{"text":"{text}"}', 'has no {to} or {toDigits}'],
  ['form', FORM_BODY.template, undefined],
  ['form', 'text={text}', 'has no {to} or {toDigits}'],
  ['form', 'to {to}', 'is not a form such as to={to}&text={text}'],
])('a template in %s: %s', (format, template, fault) => {
  expect(templateFault({ format, template })).toBe(fault)
})

test('whatever a message says, its body keeps its structure', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('","to":"+1', '{to}{text}', '$&$1', '&to=%2B1', '\\', '\0'),
  )
  fc.assert(
    fc.property(texts, texts, (from, content) => {
      const sms = { ...MESSAGE, from, text: content }
      const seen = { from, to: sms.to, text: content }
      const json = renderBody(JSON_BODY, sms)
      expect(readJson(json.body)).toEqual(seen)
      expect(Object.keys(JSON.parse(json.body).messages[0])).toEqual(['to', 'from', 'content', 'reference', 'flash'])
      const form = renderBody(FORM_BODY, sms)
      expect(readForm(form.body)).toEqual(seen)
      expect([...new URLSearchParams(form.body).keys()]).toEqual(['to', 'from', 'text', 'ref', 'v'])
    }),
  )
})

describe('webhooks of a gateway', () => {
  const at = new Date('2026-11-22T10:00:00Z')
  const mapping = DEFAULT_WEBHOOK_MAPPING

  test.each<[object, object | string | undefined]>([
    [
      { id: 'x', status: 'delivered' },
      { type: 'delivered', providerId: 'x', at },
    ],
    [
      { id: 17, status: 'DELIVERED' },
      { type: 'delivered', providerId: '17', at },
    ],
    [
      { id: 'x', status: 'expired' },
      { type: 'failed', providerId: 'x', cause: 'expired', at },
    ],
    [
      { id: 'x', status: 'Rejected', code: 34 },
      { type: 'failed', providerId: 'x', cause: 'rejected', code: '34', at },
    ],
    [
      { id: 'x', status: 'undelivered' },
      { type: 'failed', providerId: 'x', cause: 'undeliverable', at },
    ],
    [{ id: 'x', status: 'sent' }, 'pending'],
    [{ id: 'x' }, undefined],
    [{ status: 'delivered' }, undefined],
    [{ id: null, status: 'delivered' }, undefined],
  ])('the receipt %j', (payload, event) => {
    expect(parseHttpReceipt(mapping, payload, at)).toEqual(event)
  })

  test('a mapping of its own, and a form', () => {
    const own = {
      receipt: { id: '/results/0/messageId', status: '/results/0/status/groupName', delivered: ['OK'], failed: ['NO'] },
      inbound: { from: '/msisdn', to: '/to', text: '/body', id: '/ref' },
    }
    const results = (groupName: string) => ({ results: [{ messageId: 'a', status: { groupName } }] })
    expect(parseHttpReceipt(own, results('ok'), at)).toEqual({ type: 'delivered', providerId: 'a', at })
    expect(parseHttpReceipt(own, results('no'), at)).toMatchObject({ type: 'failed', cause: 'undeliverable' })
    const form = webhookPayload(
      'application/x-www-form-urlencoded; charset=utf-8',
      'msisdn=358405556666&to=12345&body=STOP+%F0%9F%98%80&ref=9',
    )
    expect(parseHttpInbound(own, form, at)).toEqual({
      type: 'inbound',
      from: '+358405556666',
      to: '12345',
      text: 'STOP 😀',
      providerId: '9',
      at,
    })
  })

  test('a mapping that differs in a few fields', () => {
    expect(webhookMapping({})).toEqual(mapping)
    const own = webhookMapping({ 'receipt-id': '/data/id', delivered: 'OK|DONE', text: '/body' })
    expect(own).toEqual({
      receipt: { ...mapping.receipt, id: '/data/id', delivered: ['OK', 'DONE'] },
      inbound: { ...mapping.inbound, text: '/body' },
    })
    expect(parseHttpReceipt(own, { data: { id: 7 }, status: 'done' }, at)).toMatchObject({ type: 'delivered' })
  })

  test('what is no message and no document', () => {
    expect(parseHttpInbound(mapping, { from: '+358405556666', to: '12345' }, at)).toBeUndefined()
    expect(webhookPayload('application/json', '{')).toBeUndefined()
    expect(webhookPayload('text/plain', '{}')).toBeUndefined()
    expect(webhookPayload('application/vnd.x+json', '{"a":1}')).toEqual({ a: 1 })
    for (const payload of [undefined, null, 'x', 1, []]) {
      expect(parseHttpReceipt(mapping, payload, at)).toBeUndefined()
      expect(parseHttpInbound(mapping, payload, at)).toBeUndefined()
    }
  })
})

test('JSON Pointers, as in RFC 6901', () => {
  const document = JSON.parse('{"foo":["bar","baz"],"":0,"a/b":1,"m~n":8,"__proto__":2}')
  const found: [string, unknown][] = [
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/m~0n', 8],
    ['/__proto__', 2],
    ['/toString', undefined],
    ['/foo/length', 2],
    ['/foo/2', undefined],
    ['/foo/0/0', undefined],
  ]
  for (const [pointer, value] of found) expect([pointer, atPointer(document, pointer)]).toEqual([pointer, value])
  expect(['', '/a', '/a~0~1/'].map(isJsonPointer)).toEqual([true, true, true])
  expect(['a', '/~', '/~2', 'a/b'].map(isJsonPointer)).toEqual([false, false, false, false])
})

test.each([
  ['+358405556666', '+358405556666'],
  ['358405556666', '+358405556666'],
  ['00358405556666', '+358405556666'],
  ['+358 (40) 555-6666', '+358405556666'],
  ['0405556666', '0405556666'],
  ['12345', '12345'],
  [' Saygraph ', 'Saygraph'],
])('the number %s', (written, number) => {
  expect(e164Of(written)).toBe(number)
})
