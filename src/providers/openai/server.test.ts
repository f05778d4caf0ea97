import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { FormData } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { startReceiver } from '../../../test/kit/receiver.ts'
import { OpenAiFailure, type OpenAiOptions, type OpenAiServer, openAiServer } from './index.ts'

type Play = (response: ServerResponse) => void

const PATH = '/v1/things'
const MAX_BYTES = 1_000
const answer =
  (status: number, body: string | Uint8Array = '', headers: Record<string, string> = {}): Play =>
  (response) =>
    void response.writeHead(status, headers).end(body)
const good = answer(200, 'good')
const busy = (retryAfter: string, status = 429) => answer(status, 'busy', { 'retry-after': retryAfter })
const cut: Play = (response) => void response.destroy()
const hang: Play = () => {}
const cutWithin: Play = (response) => {
  response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy())
}
const hangWithin: Play = (response) => void response.writeHead(200).write('half')
const endless =
  (status: number): Play =>
  (response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
      response.once('drain', more)
    }
    response.writeHead(status)
    more()
  }

const opened: OpenAiServer[] = []
afterEach(() => Promise.all(opened.splice(0).map((server) => server.close())))

/** A server that plays these in turn, the last one for ever. */
async function serverThat(plays: readonly Play[], more: Partial<OpenAiOptions & { maxDelayMs: number }> = {}) {
  const at: number[] = []
  const receiver = await startReceiver(({ n }, response) => {
    at.push(performance.now())
    plays[Math.min(n, plays.length - 1)]!(response)
  })
  const options = { url: receiver.url, timeoutMs: 5_000, retryMs: 1, maxDelayMs: 1_000, ...more }
  const server = openAiServer(options)
  opened.push(server)
  const gaps = () => at.slice(1).map((time, n) => time - at[n]!)
  return { server, receiver, gaps, origin: new URL(receiver.url).origin }
}

const request = { path: PATH, body: '{"a":1}', maxBytes: MAX_BYTES }
const ask = (server: OpenAiServer, signal?: AbortSignal) =>
  server
    .begin(signal)(request)
    .then((bytes) => bytes.toString())

async function failure(attempt: Promise<unknown>): Promise<OpenAiFailure> {
  const error = await attempt.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof OpenAiFailure)) throw error
  return error
}

describe('is asked again, and answers then', () => {
  test.each<[string, Play[]]>([
    ['429', [answer(429)]],
    ['429 that may come back at once', [busy('0')]],
    ['500', [answer(500)]],
    ['503 with a date, which is passed over', [busy('Wed, 21 Oct 2065 07:28:00 GMT', 503)]],
    ['a wait below zero', [busy('-9999')]],
    ['a wait of no number', [busy('soon')]],
    ['a connection that is cut', [cut]],
    ['an answer that is cut', [cutWithin]],
    ['one thing after another', [cut, answer(502), busy('0')]],
  ])('after %s', async (_, plays) => {
    const { server, receiver } = await serverThat([...plays, good])
    expect(await ask(server)).toBe('good')
    expect(receiver.requests).toHaveLength(plays.length + 1)
    expect(new Set(receiver.requests.map(({ body }) => body))).toEqual(new Set([request.body]))
  })

  test('as late as it wants, up to the bound', async () => {
    const { server, gaps } = await serverThat([busy('1'), good], { maxDelayMs: 1_000 })
    expect(await ask(server)).toBe('good')
    expect(gaps()[0]).toBeGreaterThan(990)
  })

  test('after waits that double', async () => {
    const { server, gaps } = await serverThat([answer(503), answer(503), answer(503), good], { retryMs: 100 })
    expect(await ask(server)).toBe('good')
    expect(gaps()[0]).toBeGreaterThan(45)
    expect(gaps()[1]).toBeGreaterThan(95)
    expect(gaps()[2]).toBeGreaterThan(195)
  })

  test('after waits that do not pass the bound', async () => {
    const { server } = await serverThat([answer(503), answer(503), good], { retryMs: 60_000, maxDelayMs: 20 })
    expect(await ask(server)).toBe('good')
  })

  test('with the whole of a form', async () => {
    const { server, receiver } = await serverThat([answer(503), cut, good])
    const body = new FormData()
    body.set('file', new Blob(['sound']), 'recording.wav')
    body.set('model', 'small-1')
    expect((await server.begin()({ ...request, body })).toString()).toBe('good')
    expect(receiver.requests).toHaveLength(3)
    for (const { headers, body: sent } of receiver.requests) {
      expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
      expect(sent).toMatch(/filename="recording.wav".*sound.*name="model".*small-1/s)
    }
  })
})

describe('is given up', () => {
  const refused = (status: number, retryable: boolean) => ({ fault: 'refused', status, retryable })
  test.each<[string, Play[], object, number]>([
    [
      'after four tries',
      [answer(503, 'no\n  room')],
      { ...refused(503, true), message: 'the server answered 503: no room' },
      4,
    ],
    ['after four broken connections', [cut], { fault: 'unreachable', status: undefined, retryable: true }, 4],
    ['when it wants more patience than there is', [busy('2')], { ...refused(429, true), retryAfterMs: 2_000 }, 1],
    ['when it wants endless patience', [busy('9'.repeat(400))], refused(429, true), 1],
    ['at once after 400', [answer(400, 'bad')], { ...refused(400, false), message: 'the server answered 400: bad' }, 1],
    ['at once after 401', [answer(401)], refused(401, false), 1],
    ['at once after 403, whatever may come later', [busy('0', 403)], refused(403, false), 1],
    ['at once after 404', [answer(404)], refused(404, false), 1],
    ['where it leads elsewhere', [answer(302, '', { location: '/elsewhere' })], refused(302, false), 1],
    ['after a success of another kind', [answer(202, 'later')], refused(202, false), 1],
    ['after one thing that can and one that cannot be mended', [cut, answer(400)], refused(400, false), 2],
    [
      'when it answers one byte too many',
      [answer(200, 'x'.repeat(MAX_BYTES + 1))],
      { fault: 'too_long', retryable: false, message: 'the server answered with more than 1000 bytes' },
      1,
    ],
    ['when it answers without end', [endless(200)], { fault: 'too_long', retryable: false }, 1],
    [
      'when it complains without end',
      [endless(400)],
      { ...refused(400, false), message: `the server answered 400: ${'x'.repeat(500)}` },
      1,
    ],
  ])('%s', async (_, plays, expected, requests) => {
    const { server, receiver } = await serverThat(plays)
    expect(await failure(ask(server))).toMatchObject(expected)
    expect(receiver.requests).toHaveLength(requests)
    // Nothing is left hanging, an answer without end included.
    await expect.poll(() => receiver.open()).toBe(0)
  })

  test('after as many tries as are allowed', async () => {
    const { server, receiver } = await serverThat([answer(500)], { tries: 2 })
    await failure(ask(server))
    expect(receiver.requests).toHaveLength(2)
  })

  test('when nobody is there', async () => {
    const { server, receiver } = await serverThat([good])
    await receiver.close()
    const { fault, retryable, message } = await failure(ask(server))
    expect([fault, retryable]).toEqual(['unreachable', true])
    expect(message).toMatch(/^the server did not answer: .*ECONNREFUSED/)
  })

  test.each([
    ['lines and NUL', 'a\r\n\tb\0c', 'a b c'],
    ['nothing', '', ''],
    ['a character that the cut goes through', `x${'ä'.repeat(300)}`, `x${'ä'.repeat(249)}`],
    ['bytes that are no text', Buffer.from([0x61, 0xff, 0x62]), 'a\ufffdb'],
  ])('with a message of one line, of %s', async (_, body, text) => {
    const { server } = await serverThat([answer(400, body)])
    expect((await failure(ask(server))).message).toBe(`the server answered 400: ${text}`)
  })
})

test.each([
  ['2', 2_000],
  ['0', 0],
  ['-5', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['Wed, 21 Oct 2065 07:28:00 GMT', undefined],
])('Retry-After: %s', async (value, retryAfterMs) => {
  const { server } = await serverThat([busy(value, 400)])
  expect((await failure(ask(server))).retryAfterMs).toBe(retryAfterMs)
})

test('an answer of as many bytes as may be is taken', async () => {
  const { server } = await serverThat([answer(200, 'x'.repeat(MAX_BYTES))])
  expect(await ask(server)).toHaveLength(MAX_BYTES)
})

test.each([
  ['a key', 'sk-1', 'Bearer sk-1'],
  ['no key', undefined, undefined],
])('JSON goes to the path, with %s', async (_, apiKey, authorization) => {
  const { server, receiver } = await serverThat([good], { apiKey })
  await ask(server)
  const [{ path, headers, body }] = receiver.requests as [(typeof receiver.requests)[number]]
  expect([path, headers['content-type'], headers.authorization, body]).toEqual([
    PATH,
    'application/json',
    authorization,
    request.body,
  ])
})

/** Where a piece of work can stand when it has to end. */
const MOMENTS: [string, Play][] = [
  ['before the server answers', hang],
  ['within its answer', hangWithin],
  ['between two tries', busy('60')],
]
const patient = { maxDelayMs: 60_000, timeoutMs: 60_000 }

describe.each(MOMENTS)('%s', (_, play) => {
  test('the time may be over', async () => {
    const { server, receiver, origin } = await serverThat([play], { ...patient, timeoutMs: 200 })
    const expected = { fault: 'late', retryable: true, message: `${origin} took longer than 200 ms` }
    expect(await failure(ask(server))).toMatchObject(expected)
    await expect.poll(() => receiver.open()).toBe(0)
  })

  test('the signal may abort, whose reason comes first', async () => {
    const { server, receiver } = await serverThat([play], patient)
    const stop = new AbortController()
    const attempt = ask(server, stop.signal)
    const reason = new Error('enough')
    const checked = expect(attempt).rejects.toBe(reason)
    await expect.poll(() => receiver.requests.length).toBe(1)
    await sleep(50)
    stop.abort(reason)
    await server.close()
    await checked
    await expect.poll(() => receiver.open()).toBe(0)
  })

  test('the server may be closed', async () => {
    const { server, receiver } = await serverThat([play], patient)
    const attempt = failure(ask(server))
    await expect.poll(() => receiver.requests.length).toBe(1)
    await sleep(50)
    await server.close()
    expect(await attempt).toMatchObject({ fault: 'closed', retryable: true })
    await expect.poll(() => receiver.open()).toBe(0)
  })
})

test('the time may be over within the last try', async () => {
  const { server } = await serverThat([cut, hang], { timeoutMs: 200, tries: 2 })
  expect(await failure(ask(server))).toMatchObject({ fault: 'late' })
})

test('what is over before it begins is not sent', async () => {
  const { server, receiver } = await serverThat([good])
  const reason = new Error('enough')
  await expect(ask(server, AbortSignal.abort(reason))).rejects.toBe(reason)
  await server.close()
  expect(await failure(ask(server))).toMatchObject({ fault: 'closed' })
  expect(server.closing.reason).toBeInstanceOf(OpenAiFailure)
  expect(receiver.requests).toHaveLength(0)
})

test('all that one piece of work posts has its time together, another piece its own', async () => {
  const late: Play = (response) => void setTimeout(() => good(response), 700)
  const { server } = await serverThat([late], { timeoutMs: 1_300 })
  const post = server.begin()
  expect((await post(request)).toString()).toBe('good')
  expect(await failure(post(request))).toMatchObject({ fault: 'late' })
  expect(await failure(post(request))).toMatchObject({ fault: 'late' })
  expect(await ask(server)).toBe('good')
})
