import { describe, expect, test } from 'vitest'
import { echo, httpServer, rawServer, testOutbound } from './test-servers.ts'

const HEADERS = { 'content-type': 'application/json', 'webhook-signature': 'v1,abc' }

/** Answers `/` with this redirect and everything else with an echo. */
const redirecting = (status: number, location?: string) =>
  httpServer((request, response) => {
    if (request.url !== '/') return void echo(request, response)
    response.writeHead(status, location === undefined ? {} : { location }).end('moved')
  })

describe.each([307, 308])('%i', (status) => {
  test('goes on with the same method, headers and body', async () => {
    const target = await httpServer(echo)
    const server = await redirecting(status, `${target.url}/new?a=b`)
    const answer = await testOutbound().post({ url: server.url, headers: HEADERS, body: '{"a":1}' })
    if (answer.outcome !== 'answered') throw new Error(answer.message)
    expect(JSON.parse(answer.body)).toMatchObject({
      method: 'POST',
      path: '/new?a=b',
      headers: { ...HEADERS, host: `127.0.0.1:${target.port}` },
      body: '{"a":1}',
    })
    expect([server.sockets.length, target.sockets.length]).toEqual([1, 1])
  })

  test.each([
    ['/else', '/else'],
    ['else?x=1#y', '/else?x=1'],
    ['?again', '/?again'],
    ['//127.0.0.1:PORT/else', '/else'],
  ])('to %j, relative to where it was', async (location, path) => {
    const server = await httpServer((request, response) => {
      if (request.url !== '/') return void echo(request, response)
      response.writeHead(status, { location: location.replace('PORT', `${request.socket.localPort}`) }).end()
    })
    const answer = await testOutbound().post({ url: server.url, headers: {}, body: '' })
    expect(answer).toHaveProperty('body', expect.stringContaining(`"path":"${path}"`))
  })

  test.each([
    ['http://10.0.0.1/', '10.0.0.1 is a private'],
    ['http://169.254.169.254/latest/meta-data', '169.254.169.254 is a link-local'],
    ['http://0x7f.0.0.2:1/', '127.0.0.2 is a loopback'],
    ['http://[::1]:1/', '::1 is a loopback'],
    ['//[::ffff:10.0.0.1]/', '::ffff:a00:1 is a private'],
    ['https://192.168.0.1/', '192.168.0.1 is a private'],
  ])('to %s is judged anew', async (location, what) => {
    const server = await redirecting(status, location)
    const answer = await testOutbound().post({ url: server.url, headers: HEADERS, body: '{}' })
    expect(answer).toMatchObject({
      outcome: 'failed',
      failure: 'blocked',
      message: `after a redirect: ${what} address and WEBHOOK_ALLOW does not let it through`,
    })
  })

  test('to a name is judged by what it resolves to', async () => {
    const resolve = async () => [{ address: '10.0.0.1', family: 4 }]
    const server = await redirecting(status, 'http://inside.example/')
    const answer = await testOutbound({ resolve }).post({ url: server.url, headers: HEADERS, body: '{}' })
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'blocked' })
  })

  test('without a Location', async () => {
    const server = await redirecting(status)
    expect(await testOutbound().post({ url: server.url, headers: {}, body: '' })).toEqual({
      outcome: 'failed',
      failure: 'redirect',
      status,
      message: `127.0.0.1:${server.port} answered ${status} without saying where to`,
      durationMs: expect.any(Number),
    })
  })

  test.each([
    ['http://', 'with a Location that is not an address'],
    ['http://a b/', 'with a Location that is not an address'],
    ['ftp://127.0.0.1/', 'to a ftp: address'],
    ['file:///etc/passwd', 'to a file: address'],
    ['javascript:alert(1)', 'to a javascript: address'],
  ])('to %j', async (location, why) => {
    const server = await redirecting(status, location)
    expect(await testOutbound().post({ url: server.url, headers: {}, body: '' })).toMatchObject({
      failure: 'redirect',
      message: `127.0.0.1:${server.port} answered ${status} ${why}`,
    })
  })

  test('three times is followed, four times is not', async () => {
    let asked = 0
    const server = await httpServer((request, response) => {
      asked++
      const left = Number(request.url!.slice(1))
      if (left === 0) return void echo(request, response)
      response.writeHead(status, { location: `/${left - 1}` }).end()
    })
    const post = (hops: number) => testOutbound().post({ url: `${server.url}/${hops}`, headers: {}, body: 'x' })
    expect(await post(3)).toMatchObject({ outcome: 'answered', status: 200 })
    expect(asked).toBe(4)
    expect(await post(4)).toMatchObject({
      failure: 'redirect',
      status,
      message: `127.0.0.1:${server.port} answered ${status} once too often; configure the last address instead, maybe ${server.url}/0`,
    })
    expect(asked).toBe(8)
  })

  test('in a circle ends', async () => {
    const server = await redirecting(status, '/')
    const answer = await testOutbound({ maxRedirects: 1 }).post({ url: server.url, headers: {}, body: '' })
    expect(answer).toMatchObject({ outcome: 'failed', failure: 'redirect', status })
  })

  test('to where nobody answers is told as what happened there', async () => {
    const target = await rawServer((socket) => socket.end())
    const server = await redirecting(status, target.url)
    expect(await testOutbound().post({ url: server.url, headers: {}, body: '' })).toMatchObject({
      failure: 'reset',
      message: `after a redirect: 127.0.0.1:${target.port} closed the connection before it answered`,
    })
  })
})

test.each([300, 301, 302, 303, 304, 305, 399])(
  '%i is not followed: the message says what to configure',
  async (status) => {
    const target = await httpServer(echo)
    const server = await redirecting(status, `http://user:secret@127.0.0.1:${target.port}/new?a=b#c`)
    expect(await testOutbound().post({ url: server.url, headers: HEADERS, body: '{}' })).toMatchObject({
      outcome: 'failed',
      failure: 'redirect',
      status,
      message:
        `127.0.0.1:${server.port} answered ${status} and following it would drop the body; ` +
        `configure ${target.url}/new?a=b instead`,
    })
    expect(target.sockets).toEqual([])
  },
)
