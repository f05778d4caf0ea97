import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import { type AllowRule, allowsAddress, parseAddress, parseAllow } from './address-rules.ts'

/** Which proxies are believed when they say for whom they ask: so many before the server, or those at addresses. */
export type ProxyRule = { hops: number } | { addresses: readonly AllowRule[] }

/** Whether what `address` says is believed; `hop` is 0 for whoever is connected, who has no address once gone. */
export type Trust = (address: string | undefined, hop: number) => boolean

const MOST_HOPS = 9

/** `on` (one proxy), `off`, how many there are, or their addresses and ranges. Undefined for anything else. */
export function parseProxies(text: string): ProxyRule | null | undefined {
  if (text === 'off') return null
  if (text === 'on') return { hops: 1 }
  if (/^\d+$/.test(text)) {
    const hops = Number(text)
    return hops >= 1 && hops <= MOST_HOPS ? { hops } : undefined
  }
  const { rules, faults } = parseAllow(text)
  const are = rules.length > 0 && faults.length === 0 && rules.every(({ kind }) => kind === 'range')
  return are ? { addresses: rules } : undefined
}

/** Null believes nobody. */
export function trustOf(rule: ProxyRule | null): Trust {
  if (rule === null) return () => false
  if ('hops' in rule) return (_address, hop) => hop < rule.hops
  return (text) => {
    const address = text === undefined ? undefined : parseAddress(text)
    if (address === undefined) return false
    // A socket that listens on both families calls an IPv4 address so.
    const plain = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address
    return allowsAddress(rule.addresses, plain)
  }
}

/**
 * The address that a request comes from, as `request.ip` of Fastify is found by the same trust. Each proxy appends whom
 * it heard, so the list is read from its end, for as long as it was written by somebody who is believed: what stands
 * before that is the client's own word.
 */
export function clientAddress({ socket, headers }: IncomingMessage, trust: Trust): string | undefined {
  let address = socket.remoteAddress
  const said = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  for (let hop = 0; said.length > 0 && trust(address, hop); hop++) address = said.pop()
  return address
}
