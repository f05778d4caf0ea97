import { describe, expect, test, vi } from 'vitest'
import { testApp } from '../kit/app.ts'
import { until } from '../kit/world.ts'
import { openSocket } from './clients.ts'

// Each guess costs what judging a password costs.
vi.setConfig({ testTimeout: 60_000 })

const SIGN_IN = `mutation ($email: String!) { signIn(input: { email: $email, password: "wrong" }) {
  ... on Error { code } } }`
/** Wrong passwords that one address may try. */
const FAILURES = 20

let guesses = 0
/** Another account each time, whose own limit is then never met. */
const account = () => ({ email: `guess-${++guesses}@example.com` })

async function guess(server: URL, forwarded: string): Promise<string> {
  const response = await fetch(new URL('/graphql', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded },
    body: JSON.stringify({ query: SIGN_IN, variables: account() }),
  })
  return ((await response.json()) as any).data.signIn.code
}

async function guessesOverSocket(server: URL, key: string, forwarded: string) {
  const socket = await openSocket(server, { headers: { 'x-forwarded-for': forwarded } })
  await socket.init({ token: key })
  return async (): Promise<string> => {
    const { results } = socket.run(SIGN_IN, account())
    await until(() => results.length > 0, 'it is answered')
    return results[0]!.data!.signIn.code
  }
}

describe('behind one proxy', async () => {
  const app = await testApp({ TRUST_PROXY: 'on' })

  test('a client is who the proxy says, whatever the client says before', async () => {
    for (let n = 0; n < FAILURES; n++) {
      expect(await guess(app.localUrl, `10.0.0.${n}, 198.51.100.7`)).toBe('WRONG_PASSWORD')
    }
    expect(await guess(app.localUrl, '10.0.0.99, 198.51.100.7')).toBe('RATE_LIMITED')
    expect(await guess(app.localUrl, '198.51.100.7, 198.51.100.8')).toBe('WRONG_PASSWORD')
  })

  test('on sockets, too: the two count together', async () => {
    const one = await guessesOverSocket(app.localUrl, app.key, '10.0.0.1, 203.0.113.9')
    const other = await guessesOverSocket(app.localUrl, app.key, '10.0.0.2, 203.0.113.9')
    for (let n = 0; n < FAILURES; n++) expect(await (n % 2 ? one : other)()).toBe('WRONG_PASSWORD')
    expect(await one()).toBe('RATE_LIMITED')
    expect(await guess(app.localUrl, '203.0.113.9')).toBe('RATE_LIMITED')
    expect(await guess(app.localUrl, '203.0.113.10')).toBe('WRONG_PASSWORD')
  })
})

test('named proxies are believed where they are, and nobody else', async () => {
  const named = await testApp({ TRUST_PROXY: '127.0.0.0/8, 192.0.2.0/24' })
  for (let n = 0; n < FAILURES; n++) {
    expect(await guess(named.localUrl, `10.0.0.${n}, 198.51.100.7, 192.0.2.1`)).toBe('WRONG_PASSWORD')
  }
  expect(await guess(named.localUrl, '198.51.100.7')).toBe('RATE_LIMITED')
})

test('without a proxy nothing of it is believed', async () => {
  const direct = await testApp()
  for (let n = 0; n < FAILURES; n++) expect(await guess(direct.localUrl, `198.51.100.${n}`)).toBe('WRONG_PASSWORD')
  expect(await guess(direct.localUrl, '198.51.100.99')).toBe('RATE_LIMITED')
  const onSocket = await guessesOverSocket(direct.localUrl, direct.key, '198.51.100.98')
  expect(await onSocket()).toBe('RATE_LIMITED')
})
