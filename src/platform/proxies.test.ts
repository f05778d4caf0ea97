import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { clientAddress, type ProxyRule, parseProxies, trustOf } from './proxies.ts'

const range = (network: string, prefix: number) => ({ kind: 'range' as const, network, prefix })

test.each<[string, ProxyRule | null | undefined]>([
  ['off', null],
  ['on', { hops: 1 }],
  ['2', { hops: 2 }],
  ['10.0.0.0/8, fd00::1', { addresses: [range('10.0.0.0', 8), range('fd00::1', 128)] }],
  ...['0', '10', '-1', 'ON', '', ',', 'proxy.internal', '10.0.0.0/8,proxy.internal', '10.0.0.1/8'].map(
    (text): [string, undefined] => [text, undefined],
  ),
])('%j is read', (text, rule) => expect(parseProxies(text)).toEqual(rule))

const ask = (socket: string | undefined, forwarded: string | undefined) =>
  ({ socket: { remoteAddress: socket }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage

test.each([
  // Nobody is believed.
  ['off', '192.0.2.1', '198.51.100.7', '192.0.2.1'],
  // One proxy: what it wrote, and nothing before it.
  ['on', '192.0.2.1', undefined, '192.0.2.1'],
  ['on', '192.0.2.1', '198.51.100.7', '198.51.100.7'],
  ['on', '192.0.2.1', '10.9.9.9, 198.51.100.7', '198.51.100.7'],
  ['on', '192.0.2.1', ' 10.9.9.9,,198.51.100.7 , ', '198.51.100.7'],
  ['2', '192.0.2.1', '10.9.9.9, 203.0.113.5, 198.51.100.7', '203.0.113.5'],
  ['2', '192.0.2.1', '203.0.113.5', '203.0.113.5'],
  // Named proxies, however many of them.
  ['192.0.2.0/24', '192.0.2.1', '10.9.9.9, 203.0.113.5, 192.0.2.9', '203.0.113.5'],
  ['192.0.2.0/24', '::ffff:192.0.2.1', '203.0.113.5', '203.0.113.5'],
  ['192.0.2.0/24', '198.51.100.7', '203.0.113.5', '198.51.100.7'],
  ['192.0.2.0/24', '192.0.2.1', '203.0.113.5, unknown', 'unknown'],
  ['fd00::/8', 'fd00::1', '2001:db8::5', '2001:db8::5'],
  // Whoever has gone has no address.
  ['192.0.2.0/24', undefined, '203.0.113.5', undefined],
])('TRUST_PROXY=%s: %s saying %s is %s', (setting, socket, forwarded, client) => {
  expect(clientAddress(ask(socket, forwarded), trustOf(parseProxies(setting)!))).toBe(client)
})
