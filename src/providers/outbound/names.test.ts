import { describe, expect, test } from 'vitest'
import { dnsServer, echo, httpServer, testOutbound, type Zone } from './test-servers.ts'

const blocked = (message: string) => ({ outcome: 'failed', failure: 'blocked', message })

/** A server on 127.0.0.1, the zone, and a way to post to a name of it at the server's port. */
async function world(zone: Zone, options: Parameters<typeof testOutbound>[0] = {}) {
  const server = await httpServer((request, response) => {
    response.setHeader('connection', 'close')
    echo(request, response)
  })
  const dns = await dnsServer(zone)
  const outbound = testOutbound({ resolve: dns.resolve, ...options })
  const post = (name: string) => outbound.post({ url: `http://${name}:${server.port}/`, headers: {}, body: '{}' })
  return { ...dns, server, post }
}

const only =
  (...addresses: string[]): Zone =>
  (_, type) =>
    addresses.filter((address) => address.includes(':') === (type === 'AAAA'))

describe('a name that changes its mind', () => {
  test('between judgement and connection: there is one look-up, and what it said is what is used', async () => {
    const zone: Zone = (_, type, nth) => (type === 'AAAA' ? [] : nth === 0 ? ['127.0.0.1'] : ['10.0.0.1'])
    const { post, queries, server } = await world(zone)
    expect(await post('rebind.example')).toMatchObject({ outcome: 'answered', status: 200 })
    expect(queries.sort()).toEqual(['A rebind.example', 'AAAA rebind.example'])
    expect(server.sockets).toHaveLength(1)
    // The connection was closed, so the next one is judged by what the name says then.
    expect(await post('rebind.example')).toMatchObject(
      blocked('rebind.example resolves to 10.0.0.1, a private address; WEBHOOK_ALLOW does not let it through'),
    )
    expect(queries.filter((query) => query === 'A rebind.example')).toHaveLength(2)
    expect(server.sockets).toHaveLength(1)
  })

  test('from public to loopback: the server on loopback never sees a connection', async () => {
    // A documentation network is nobody's; the rule makes it as good as public.
    const zone: Zone = (_, type, nth) => (type === 'AAAA' ? [] : nth === 0 ? ['192.0.2.34'] : ['127.0.0.1'])
    const { post, queries, server } = await world(zone, { allow: '192.0.2.0/24', timeoutMs: 600 })
    expect(await post('rebind.example')).toMatchObject({
      outcome: 'failed',
      failure: expect.stringMatching(/^(timeout|connect)$/),
    })
    expect(queries.sort()).toEqual(['A rebind.example', 'AAAA rebind.example'])
    expect(await post('rebind.example')).toMatchObject(
      blocked('rebind.example resolves to 127.0.0.1, a loopback address; WEBHOOK_ALLOW does not let it through'),
    )
    expect(server.sockets).toEqual([])
  })
})

test.each([
  ['10.1.2.3', 'a private'],
  ['127.0.0.1', 'a loopback'],
  ['169.254.169.254', 'a link-local'],
  ['100.64.0.1', 'a carrier-grade NAT'],
  ['0.0.0.0', 'an unspecified'],
  ['::1', 'a loopback'],
  ['::', 'an unspecified'],
  ['fd00:ec2::254', 'a private'],
  ['fe80::1', 'a link-local'],
  ['::ffff:127.0.0.1', 'a loopback'],
  ['64:ff9b::7f00:1', 'a loopback'],
])('a name at %s is blocked', async (address, kind) => {
  const zone = address.startsWith('::ffff') ? only('::ffff:7f00:1') : only(address)
  const { post, server } = await world(zone, { allow: '' })
  expect(await post('inside.example')).toMatchObject(
    blocked(`inside.example resolves to ${address}, ${kind} address; WEBHOOK_ALLOW does not let it through`),
  )
  expect(server.sockets).toEqual([])
})

test('of several addresses only the allowed ones are used', async () => {
  const reached: unknown[] = []
  // At every address of the machine, so that a connection to the wrong one would be heard.
  const server = await httpServer((request, response) => {
    reached.push(request.socket.localAddress)
    response.end()
  }, '0.0.0.0')
  const { resolve } = await dnsServer(only('127.0.0.2', '10.0.0.1', '127.0.0.1', '127.0.0.3', '::1', 'fd00::1'))
  for (let n = 0; n < 5; n++) {
    const request = { url: `http://mixed.example:${server.port}/`, headers: {}, body: '{}' }
    expect(await testOutbound({ resolve }).post(request)).toMatchObject({ outcome: 'answered', status: 200 })
  }
  expect(reached).toEqual(Array(5).fill('127.0.0.1'))
})

test('of several addresses none is allowed: the message has the first three', async () => {
  const { post } = await world(only('10.0.0.1', '10.0.0.2', 'fd00::1', 'fd00::2'))
  expect(await post('inside.example')).toMatchObject(
    blocked(
      'inside.example resolves to 10.0.0.1, a private address; 10.0.0.2, a private address; ' +
        'fd00::1, a private address; WEBHOOK_ALLOW does not let it through',
    ),
  )
})

test('an allowed host may be anywhere; its neighbours, and names it is part of, may not', async () => {
  const { post } = await world(only('127.0.0.1'), { allow: 'hooks.internal,*.corp.example' })
  for (const name of ['hooks.internal', 'HOOKS.internal', 'hooks.internal.', 'a.corp.example', 'b.a.corp.example']) {
    expect(await post(name)).toMatchObject({ outcome: 'answered', status: 200 })
  }
  for (const name of ['x.hooks.internal', 'corp.example', 'xcorp.example', 'corp.example.net', '127.0.0.1']) {
    expect(await post(name)).toMatchObject({ outcome: 'failed', failure: 'blocked' })
  }
})

describe('names without an answer', () => {
  test('a name that does not exist', async () => {
    const { post } = await world(() => 'no such name')
    expect(await post('nobody.example')).toMatchObject({
      outcome: 'failed',
      failure: 'dns',
      message: 'the name nobody.example does not exist (ENOTFOUND)',
    })
  })

  test('a name without addresses', async () => {
    const { post } = await world(() => [])
    expect(await post('empty.example')).toMatchObject({
      outcome: 'failed',
      failure: 'dns',
      message: 'the name empty.example has no address',
    })
  })

  test('a name server that never answers', async () => {
    const { post, queries } = await world(() => 'silence', { timeoutMs: 600 })
    expect(await post('silent.example')).toMatchObject({
      outcome: 'failed',
      failure: 'timeout',
      message: expect.stringMatching(/^no connection to silent\.example:\d+ within 0\.6 s$/),
    })
    expect(queries.sort()).toEqual(['A silent.example', 'AAAA silent.example'])
  })
})

test('the resolver of the operating system is the default', async () => {
  const server = await httpServer(echo)
  const post = (outbound: ReturnType<typeof testOutbound>) =>
    outbound.post({ url: `http://localhost:${server.port}/`, headers: {}, body: '' })
  expect(await post(testOutbound({ allow: 'localhost' }))).toMatchObject({ outcome: 'answered', status: 200 })
  const refused = await post(testOutbound({ allow: '' }))
  expect(refused).toMatchObject({ failure: 'blocked' })
  expect(refused).toHaveProperty('message', expect.stringMatching(/^localhost resolves to .*, a loopback address/))
})
