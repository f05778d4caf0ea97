import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { echo, httpServer, httpsServer, names, rawServer, testOutbound } from './test-servers.ts'

interface Pair {
  key: string
  cert: string
}

const DAY_MS = 86_400_000
const days = (n: number) => new Date(Date.now() + n * DAY_MS)

/** A certificate for a host name or address, signed by `ca` or by itself, valid for `from` to `to` days from now. */
async function certificate(host: string, ca?: Pair, [from, to]: [number, number] = [-1, 1]): Promise<Pair> {
  const isAddress = /^[\d.]+$/.test(host)
  const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: days(from),
    notAfterDate: days(to),
    extensions: [
      { name: 'basicConstraints', cA: host === 'Test CA', critical: true },
      { name: 'subjectAltName', altNames: [isAddress ? { type: 7, ip: host } : { type: 2, value: host }] },
    ],
    ...(ca && { ca }),
  })
  return { key, cert }
}

let ca: Pair
const trusted = getCACertificates('default')
beforeAll(async () => {
  ca = await certificate('Test CA')
  setDefaultCACertificates([...trusted, ca.cert])
})
afterAll(() => setDefaultCACertificates(trusted))

/** Posts by name, so that the certificate's name matters; both names are at 127.0.0.1. */
function poster() {
  const outbound = testOutbound({ resolve: names({ 'hooks.example': '127.0.0.1', 'other.example': '127.0.0.1' }) })
  return (host: string, port: number) =>
    outbound.post({ url: `https://${host}:${port}/`, headers: {}, body: '{}', httpsOnly: true })
}

const failedTls = (message: RegExp) => ({
  outcome: 'failed',
  failure: 'tls',
  message: expect.stringMatching(message),
})

test('a certificate of a known authority for this name is accepted', async () => {
  const server = await httpsServer(await certificate('hooks.example', ca), echo)
  expect(await poster()('hooks.example', server.port)).toMatchObject({ outcome: 'answered', status: 200 })
})

test('a certificate for this address is accepted', async () => {
  const server = await httpsServer(await certificate('127.0.0.1', ca), echo)
  expect(await poster()('127.0.0.1', server.port)).toMatchObject({ outcome: 'answered', status: 200 })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  const options = { minVersion: version, maxVersion: version }
  // Twice: what the first handshake left behind must not spare the second one its checks.
  const twice = async (host: string, port: number) => {
    const post = poster()
    return [await post(host, port), await post(host, port)]
  }

  test('self-signed', async () => {
    const server = await httpsServer({ ...options, ...(await certificate('hooks.example')) }, echo)
    for (const answer of await twice('hooks.example', server.port)) {
      expect(answer).toMatchObject(
        failedTls(/^no encrypted connection to hooks\.example:\d+: (self-signed|unable to verify)/),
      )
    }
  })

  test('for another name', async () => {
    const pair = await certificate('hooks.example', ca)
    const server = await httpsServer({ ...options, ...pair }, echo)
    for (const answer of await twice('other.example', server.port)) {
      expect(answer).toMatchObject(failedTls(/other\.example\. is not in the cert's altnames: DNS:hooks\.example$/))
    }
  })

  test('for another name, after one that was right', async () => {
    const server = await httpsServer({ ...options, ...(await certificate('hooks.example', ca)) }, echo)
    const post = poster()
    expect(await post('hooks.example', server.port)).toMatchObject({ outcome: 'answered', status: 200 })
    expect(await post('other.example', server.port)).toMatchObject(failedTls(/altnames/))
    expect(await post('127.0.0.1', server.port)).toMatchObject(failedTls(/altnames|IP/))
  })

  test('expired, or not yet valid', async () => {
    for (const span of [
      [-9, -1],
      [1, 9],
    ] as [number, number][]) {
      const server = await httpsServer({ ...options, ...(await certificate('hooks.example', ca, span)) }, echo)
      expect(await poster()('hooks.example', server.port)).toMatchObject(
        failedTls(/certificate (has expired|is not yet)/),
      )
    }
  })

  test('of a server that wants a certificate of ours', async () => {
    const pair = await certificate('hooks.example', ca)
    const server = await httpsServer({ ...options, ...pair, requestCert: true, rejectUnauthorized: true }, echo)
    expect(await poster()('hooks.example', server.port)).toMatchObject({
      outcome: 'failed',
      failure: expect.stringMatching(/^(tls|reset)$/),
    })
  })
})

test('the environment cannot switch the checks off', async () => {
  const server = await httpsServer(await certificate('hooks.example'), echo)
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  try {
    expect(await poster()('hooks.example', server.port)).toMatchObject(failedTls(/self-signed|unable to verify/))
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  }
})

test('a version of TLS that is too old', async () => {
  const pair = await certificate('hooks.example', ca)
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const server = await httpsServer({ ...pair, ...old }, echo)
  expect(await poster()('hooks.example', server.port)).toMatchObject(
    failedTls(/^no encrypted connection to hooks\.example/),
  )
})

test('a server that does not speak TLS', async () => {
  const server = await httpServer(echo)
  const answer = await poster()('hooks.example', server.port)
  expect(answer).toMatchObject(failedTls(/^no encrypted connection to hooks\.example:\d+: [\w ]+$/))
})

test('a server that closes within the handshake', async () => {
  const server = await rawServer((socket) => socket.end())
  expect(await poster()('hooks.example', server.port)).toMatchObject(failedTls(/before secure TLS connection/))
})

test('http to a server that speaks TLS only', async () => {
  const server = await httpsServer(await certificate('hooks.example', ca), echo)
  const answer = await testOutbound().post({ url: `http://127.0.0.1:${server.port}/`, headers: {}, body: '{}' })
  expect(answer).toMatchObject({ outcome: 'failed', failure: expect.stringMatching(/^(protocol|reset)$/) })
})

describe('a redirect from https', () => {
  const redirecting = async (location: string) =>
    httpsServer(await certificate('hooks.example', ca), (_, response) => response.writeHead(308, { location }).end())

  test('to http is never followed', async () => {
    const target = await httpServer(echo)
    const server = await redirecting(`${target.url}/new`)
    expect(await poster()('hooks.example', server.port)).toMatchObject({
      outcome: 'failed',
      failure: 'redirect',
      status: 308,
      message: `hooks.example:${server.port} answered 308 from https to http: ${target.url}/new`,
    })
    expect(target.sockets).toEqual([])
  })

  test('to https is', async () => {
    const target = await httpsServer(await certificate('other.example', ca), echo)
    const server = await redirecting(`https://other.example:${target.port}/`)
    expect(await poster()('hooks.example', server.port)).toMatchObject({ outcome: 'answered', status: 200 })
  })

  test('to https with a wrong certificate is not', async () => {
    const target = await httpsServer(await certificate('hooks.example', ca), echo)
    const server = await redirecting(`https://other.example:${target.port}/`)
    expect(await poster()('hooks.example', server.port)).toMatchObject(failedTls(/^after a redirect: .* altnames/))
  })
})

test('from http to https is followed', async () => {
  const target = await httpsServer(await certificate('other.example', ca), echo)
  const location = `https://other.example:${target.port}/`
  const server = await httpServer((_, response) => response.writeHead(307, { location }).end())
  const outbound = testOutbound({ resolve: names({ 'other.example': '127.0.0.1' }) })
  const answer = await outbound.post({ url: server.url, headers: {}, body: '{}' })
  expect(answer).toMatchObject({ outcome: 'answered', status: 200 })
})
