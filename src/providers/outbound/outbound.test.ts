import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import manifest from '../../../package.json' with { type: 'json' }
import { isStorable } from '../../platform/validation.ts'
import { echo, httpServer, names, rawServer, testOutbound } from './test-servers.ts'

const SIGNED = { 'content-type': 'application/json', 'webhook-signature': 'v1,abc' }

/** Long enough for anything local to have been told, short enough for a test to wait. */
const SHORT_MS = 600

/** Resolves when the connection is gone, whichever way it went. */
const closed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.closed ? resolve() : socket.on('close', () => resolve())))

describe('an answer', () => {
  test('has status, headers and text; the request went out as it was given', async () => {
    const server = await httpServer((request, response) => {
      response.setHeader('X-Trace', 'a')
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.statusCode = 202
      echo(request, response)
    })
    const answer = await testOutbound().post({ url: `${server.url}/hook?a=b%20c#x`, headers: SIGNED, body: '{"ü":1}' })
    expect(answer).toMatchObject({
      outcome: 'answered',
      status: 202,
      headers: { 'x-trace': 'a', 'set-cookie': 'a=1, b=2' },
      truncated: false,
      durationMs: expect.any(Number),
    })
    if (answer.outcome !== 'answered') throw new Error('not answered')
    expect(JSON.parse(answer.body)).toEqual({
      method: 'POST',
      path: '/hook?a=b%20c',
      headers: {
        host: `127.0.0.1:${server.port}`,
        connection: 'keep-alive',
        'content-length': '8',
        'user-agent': `Saygraph/${manifest.version}`,
        'accept-encoding': 'identity',
        ...SIGNED,
      },
      body: '{"ü":1}',
    })
  })

  test('a given user agent stays', async () => {
    const server = await httpServer(echo)
    const answer = await testOutbound().post({ url: server.url, headers: { 'User-Agent': 'Sayify' }, body: '' })
    expect(answer).toHaveProperty('body', expect.stringContaining('"user-agent":"Sayify"'))
  })

  test.each([200, 204, 205, 400, 404, 410, 429, 500, 503, 599])('of status %i is an answer', async (status) => {
    const server = await httpServer((_, response) => response.writeHead(status).end())
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '{}' })
    expect(answer).toMatchObject({ outcome: 'answered', status, body: '', truncated: false })
  })

  test.each([
    ['NUL', 'a\0b', 'a\uFFFDb'],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0xfe, 0x62]), 'a\uFFFD\uFFFDb'],
    ['half a surrogate pair, as bytes', Buffer.from([0xed, 0xa0, 0x80]), '\uFFFD\uFFFD\uFFFD'],
    ['an end that is missing', Buffer.from('ü').subarray(0, 1), '\uFFFD'],
    ['a byte order mark', '\uFEFFtext', 'text'],
    ['an emoji', '👋', '👋'],
  ])('with %s is text that can be stored', async (_, sent, text) => {
    const server = await httpServer((_request, response) => response.end(sent))
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '' })
    expect(answer).toMatchObject({ outcome: 'answered', body: text, truncated: false })
    expect(isStorable(text)).toBe(true)
  })

  test.each([
    ['shorter', 'abcd', 'abcd', false],
    ['of exactly the limit', 'abcde', 'abcde', false],
    ['one byte longer', 'abcdef', 'abcde', true],
    ['cut inside of a character', 'abcd👋', 'abcd', true],
  ])('%s than five bytes', async (_, sent, body, truncated) => {
    const server = await httpServer((_request, response) => response.end(sent))
    const answer = await testOutbound({ maxBodyBytes: 5 }).post({ url: server.url, headers: {}, body: '' })
    expect(answer).toMatchObject({ outcome: 'answered', status: 200, body, truncated })
  })

  test('in pieces is put together, and 4096 bytes of it are kept', async () => {
    const server = await httpServer(async (_, response) => {
      for (let n = 0; n < 100; n++) response.write(`${n}`.padStart(50))
      response.end()
    })
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '' })
    const whole = Array.from({ length: 100 }, (_, n) => `${n}`.padStart(50)).join('')
    expect(answer).toMatchObject({ outcome: 'answered', body: whole.slice(0, 4096), truncated: true })
  })

  test('that says it is compressed is left as it is: a bomb stays packed', async () => {
    const server = await httpServer((_, response) => response.setHeader('content-encoding', 'gzip').end('not gzip'))
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '' })
    expect(answer).toMatchObject({ outcome: 'answered', body: 'not gzip' })
  })

  test.each([
    ['of known length', 'Content-Length: 100000000\r\n', ''],
    ['in chunks', 'Transfer-Encoding: chunked\r\n', '5f5e100\r\n'],
    ['until the end', '', ''],
  ])('of 100 MB %s counts, and is not sent to its end', async (_, header, start) => {
    const server = await rawServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${header}\r\n${start}`)
      const block = Buffer.alloc(100_000, 'x')
      let left = 1_000
      const send = () => {
        while (left-- > 0 && !socket.destroyed) if (!socket.write(block)) return socket.once('drain', send)
        return socket.end()
      }
      send()
    })
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '{}' })
    expect(answer).toMatchObject({ outcome: 'answered', status: 200, body: 'x'.repeat(4096), truncated: true })
    await closed(server.sockets[0]!)
    // What the buffers of both ends hold; the other 90 MB were never asked for.
    expect(server.sockets[0]!.bytesWritten).toBeLessThan(10_000_000)
  })
})

describe('one deadline over everything', () => {
  const time = `within ${SHORT_MS / 1000} s`

  /** Writes a byte every now and then, as long as somebody listens. */
  async function drip(socket: Socket | ServerResponse) {
    while (!socket.destroyed) {
      socket.write('x')
      await sleep(SHORT_MS / 10)
    }
  }

  test.each<[string, (socket: Socket) => void, object]>([
    ['silence', () => {}, { message: expect.stringMatching(`^no answer from 127.0.0.1:\\d+ ${time}$`) }],
    [
      'headers that drip',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nx-slow: ')
        void drip(socket)
      },
      { message: expect.stringMatching(`^no answer from 127.0.0.1:\\d+ ${time}$`) },
    ],
    [
      'a body that drips',
      (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n')
        void drip(socket)
      },
      { status: 200, message: expect.stringMatching(`^the answer of 127.0.0.1:\\d+ was not complete ${time}$`) },
    ],
    [
      'a body that stops',
      (socket) => socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nabc'),
      { status: 503 },
    ],
    ['interim answers only', (socket) => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), {}],
  ])('%s', async (_, onRequest, expected) => {
    const server = await rawServer(onRequest)
    const answer = await testOutbound({ timeoutMs: SHORT_MS }).post({ url: server.url, headers: {}, body: '{}' })
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'timeout', ...expected })
    expect('status' in answer).toBe('status' in expected)
    expect(answer.durationMs).toBeGreaterThanOrEqual(SHORT_MS - 5)
    // The connection goes with the deadline.
    await closed(server.sockets[0]!)
  })

  test('a TLS handshake that never comes', async () => {
    const server = await rawServer(() => {})
    const url = `https://127.0.0.1:${server.port}/`
    expect(await testOutbound({ timeoutMs: SHORT_MS }).post({ url, headers: {}, body: '{}' })).toMatchObject({
      outcome: 'failed',
      failure: 'timeout',
      message: `no connection to 127.0.0.1:${server.port} ${time}`,
    })
  })

  test('covers all hops of a redirect together', async () => {
    const server = await httpServer(async (_, response) => {
      await sleep(SHORT_MS * 0.6)
      response.writeHead(307, { location: '/again' }).end()
    })
    const answer = await testOutbound({ timeoutMs: SHORT_MS }).post({ url: server.url, headers: {}, body: '{}' })
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'timeout' })
  })
})

describe('connections that break', () => {
  const reset = (socket: Socket) => socket.resetAndDestroy()
  test.each<[string, (socket: Socket) => unknown, number | undefined]>([
    ['reset before the answer', reset, undefined],
    ['closed before the answer', (socket) => socket.end(), undefined],
    ['closed within the headers', (socket) => socket.end('HTTP/1.1 200 OK\r\nx-a: 1'), undefined],
    ['closed within the body', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'), 200],
    [
      'closed within a chunk',
      (socket) => socket.end('HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na'),
      201,
    ],
    [
      'closed within a body that would have been the last',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc'),
      200,
    ],
    [
      'closed within a chunk that would have been the last',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n9\r\na'),
      200,
    ],
    [
      'reset within the body',
      (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', () => setTimeout(reset, 50, socket)),
      200,
    ],
  ])('%s', async (_, onRequest, status) => {
    const server = await rawServer(onRequest)
    const when = status ? 'in the middle of its answer' : 'before it answered'
    expect(await testOutbound().post({ url: server.url, headers: {}, body: '{}' })).toEqual({
      outcome: 'failed',
      failure: 'reset',
      message: `127.0.0.1:${server.port} closed the connection ${when}`,
      durationMs: expect.any(Number),
      ...(status && { status }),
    })
  })

  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const answers = await Promise.all([
      testOutbound().post({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}' }),
      testOutbound().post({ url: `https://127.0.0.1:${port}/`, headers: {}, body: '{}' }),
    ])
    for (const answer of answers) {
      expect(answer).toMatchObject({
        outcome: 'failed',
        failure: 'connect',
        message: `127.0.0.1:${port} refused the connection`,
      })
    }
  })

  test('nobody listens at any of several addresses', async () => {
    const resolve = async () => ['127.0.0.2', '127.0.0.3'].map((address) => ({ address, family: 4 }))
    const outbound = testOutbound({ resolve, allow: '127.0.0.0/8' })
    const server = await httpServer(echo)
    const answer = await outbound.post({ url: `http://twice.example:${server.port}/`, headers: {}, body: '{}' })
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'connect' })
  })
})

test.each([
  ['the greeting of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['noise', '\x00\x01\x02\xff\xfe'],
  ['a web page without a head', '<!doctype html><p>hello</p>'],
  ['HTTP of no known version', 'HTTP/9.9 200 OK\r\n\r\n'],
  ['a status that is no number', 'HTTP/1.1 OK\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
  ],
  ['a chunk of no size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  ['NUL in a header', 'HTTP/1.1 200 OK\r\nx-a: a\0b\r\n\r\n'],
  ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ['headers without an end', `HTTP/1.1 200 OK\r\n${'x-a: aaaaaaaaaaaaaaaa\r\n'.repeat(2_000)}`],
  ['one enormous header', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(50_000)}\r\n\r\n`],
])('an answer that is %s is a fault of the protocol', async (_, sent) => {
  const server = await rawServer((socket) => socket.write(sent, 'latin1'))
  const answer = await testOutbound().post({ url: server.url, headers: {}, body: '{}' })
  expect(answer).toMatchObject({
    outcome: 'failed',
    failure: 'protocol',
    message: expect.stringMatching(/^(what|the headers of) 127\.0\.0\.1:\d+/),
  })
})

describe('the guard', () => {
  test.each([
    'http://127.0.0.1',
    'http://2130706433',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://127.1',
    'http://127.0.0.1.',
    'http://①②⑦.0.0.1',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[::1]',
    'http://[::]',
    'http://[64:ff9b::127.0.0.1]',
    'http://0',
    'http://user:secret@127.0.0.1',
    'https://127.0.0.1',
    'http:127.0.0.1',
  ])('knows %s for what it is', async (origin) => {
    const server = await httpServer(echo)
    const answer = await testOutbound({ allow: '' }).post({ url: `${origin}:${server.port}/`, headers: {}, body: '{}' })
    const message = expect.stringMatching(
      /^\S+ is (a loopback|an unspecified) address and WEBHOOK_ALLOW does not let it through$/,
    )
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'blocked', message })
    expect(server.sockets).toEqual([])
  })

  test('says which address it means', async () => {
    expect(
      await testOutbound({ allow: '' }).post({ url: 'http://0x7f.1/?token=secret', headers: {}, body: '' }),
    ).toEqual({
      outcome: 'failed',
      failure: 'blocked',
      message: '127.0.0.1 is a loopback address and WEBHOOK_ALLOW does not let it through',
      durationMs: expect.any(Number),
    })
  })

  test.each(['ftp://127.0.0.1/', 'file:///etc/passwd', 'data:,x', 'nonsense', '', 'http://', 'http://1.2.3.4.5.6/'])(
    'refuses %j, which is not on the web',
    async (url) => {
      const message = 'the address is not an http or https URL'
      expect(await testOutbound().post({ url, headers: {}, body: '' })).toMatchObject({ failure: 'blocked', message })
    },
  )

  test('keeps to https where it must', async () => {
    const server = await httpServer(echo)
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '', httpsOnly: true })
    const message = `127.0.0.1:${server.port} is to be called by https only`
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'blocked', message })
    expect(server.sockets).toEqual([])
  })

  test('a connection is used again while it is warm, and judged once for each', async () => {
    const server = await httpServer(echo)
    const resolve = names({ 'hooks.example': '127.0.0.1' })
    const outbound = testOutbound({ resolve })
    const post = () => outbound.post({ url: `http://hooks.example:${server.port}/`, headers: {}, body: '{}' })
    for (let n = 0; n < 5; n++) expect(await post()).toMatchObject({ outcome: 'answered', status: 200 })
    expect(resolve.looked).toHaveLength(server.sockets.length)
    const before = server.sockets.length
    expect(before).toBeLessThan(5)
    for (const socket of server.sockets) socket.resetAndDestroy()
    // A post may still meet a connection that it does not know to be dead.
    await expect.poll(async () => (await post()).outcome).toBe('answered')
    expect(server.sockets.length).toBeGreaterThan(before)
    expect(resolve.looked).toHaveLength(server.sockets.length)
  })

  test('proxies of the environment are not asked', async () => {
    const proxy = await httpServer(echo)
    const server = await httpServer(echo)
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'NODE_USE_ENV_PROXY']) process.env[name] = proxy.url
    try {
      expect(await testOutbound().post({ url: server.url, headers: {}, body: '' })).toMatchObject({ status: 200 })
    } finally {
      for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'NODE_USE_ENV_PROXY']) delete process.env[name]
    }
    expect([proxy.sockets.length, server.sockets.length]).toEqual([0, 1])
  })
})

describe('many at once', () => {
  /** Answers nobody before `count` requests are here. */
  const gathering = (count: number) => {
    const waiting: ServerResponse[] = []
    return httpServer((_, response) => {
      waiting.push(response)
      if (waiting.length === count) for (const each of waiting) each.end('all here')
    })
  }

  test('twenty to one origin', async () => {
    const server = await gathering(20)
    const outbound = testOutbound()
    const posts = Array.from({ length: 20 }, () => outbound.post({ url: server.url, headers: {}, body: '{}' }))
    for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ status: 200, body: 'all here' })
  })

  test('three hundred to as many origins', async () => {
    const server = await gathering(300)
    const outbound = testOutbound({ resolve: names({ '*': '127.0.0.1' }) })
    const posts = Array.from({ length: 300 }, (_, n) =>
      outbound.post({ url: `http://host-${n}.example:${server.port}/`, headers: {}, body: '{}' }),
    )
    for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ status: 200, body: 'all here' })
  })

  test('beyond fifty to one origin the rest waits for its turn, and comes', async () => {
    let [now, most] = [0, 0]
    const server = await httpServer(async (_, response) => {
      most = Math.max(most, ++now)
      await sleep(5)
      now--
      response.end()
    })
    const outbound = testOutbound()
    const posts = Array.from({ length: 200 }, () => outbound.post({ url: server.url, headers: {}, body: '{}' }))
    for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ status: 200 })
    expect(most).toBeLessThanOrEqual(50)
  })

  test('those given up while they wait are never sent, and the way is free again', async () => {
    const held: ServerResponse[] = []
    let full = () => {}
    const fifty = new Promise<void>((resolve) => {
      full = resolve
    })
    const server = await httpServer((_, response) => {
      held.push(response)
      if (held.length === 50) full()
    })
    const outbound = testOutbound()
    const post = (signal?: AbortSignal) =>
      outbound.post({ url: server.url, headers: {}, body: '{}', ...(signal && { signal }) })
    const sent = Array.from({ length: 50 }, () => post())
    await fifty
    const stop = new AbortController()
    const waiting = Array.from({ length: 10 }, () => post(stop.signal))
    stop.abort('enough')
    for (const end of await Promise.allSettled(waiting)) expect(end).toEqual({ status: 'rejected', reason: 'enough' })
    for (const response of held) response.end()
    for (const answer of await Promise.all(sent)) expect(answer).toMatchObject({ status: 200 })
    const next = post()
    await expect.poll(() => held.length).toBe(51)
    held[50]!.end()
    expect(await next).toMatchObject({ outcome: 'answered', status: 200 })
  })

  test('those whose time runs out in the queue are told so', async () => {
    const server = await httpServer(() => {})
    const outbound = testOutbound({ timeoutMs: SHORT_MS })
    const posts = Array.from({ length: 60 }, () => outbound.post({ url: server.url, headers: {}, body: '{}' }))
    for (const answer of await Promise.all(posts)) expect(answer).toMatchObject({ failure: 'timeout' })
  })
})

describe('giving up', () => {
  test('the reason of the signal comes back, and the connection goes', async () => {
    const stop = new AbortController()
    const reason = new Error('shutting down')
    const server = await rawServer(() => stop.abort(reason))
    const posting = testOutbound().post({ url: server.url, headers: {}, body: '{}', signal: stop.signal })
    await expect(posting).rejects.toBe(reason)
    await closed(server.sockets[0]!)
  })

  test('in the middle of the answer', async () => {
    const stop = new AbortController()
    const server = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', () => setTimeout(() => stop.abort('enough'), 20))
    })
    const posting = testOutbound().post({ url: server.url, headers: {}, body: '{}', signal: stop.signal })
    await expect(posting).rejects.toBe('enough')
  })

  test('before it begins', async () => {
    const server = await httpServer(echo)
    const signal = AbortSignal.abort('no')
    await expect(testOutbound().post({ url: server.url, headers: {}, body: '', signal })).rejects.toBe('no')
    expect(server.sockets).toEqual([])
  })

  test('while the name is looked up', async () => {
    const stop = new AbortController()
    const resolve = () => {
      setImmediate(() => stop.abort('no'))
      return new Promise<never>(() => {})
    }
    const posting = testOutbound({ resolve, timeoutMs: 500 }).post({
      url: 'http://slow.example/',
      headers: {},
      body: '',
      signal: stop.signal,
    })
    await expect(posting).rejects.toBe('no')
  })

  test('closing waits for what is under way, and takes nothing new', async () => {
    let answer: ServerResponse | undefined
    const server = await httpServer((_, response) => {
      answer = response
    })
    const outbound = testOutbound()
    const posting = outbound.post({ url: server.url, headers: {}, body: '{}' })
    await expect.poll(() => answer).toBeDefined()
    const closing = outbound.close()
    await expect(outbound.post({ url: server.url, headers: {}, body: '' })).rejects.toThrow('closed')
    answer!.end('done')
    expect(await posting).toMatchObject({ outcome: 'answered', body: 'done' })
    await closing
    await closed(server.sockets[0]!)
  })
})

test('a header that is not one is a defect of ours, not the doing of the other side', async () => {
  const server = await httpServer(echo)
  const headers = { 'x-a': 'one\r\nx-b: two' }
  await expect(testOutbound().post({ url: server.url, headers, body: '' })).rejects.toThrow('invalid x-a header')
  expect(server.sockets).toEqual([])
})
