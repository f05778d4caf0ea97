import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import ipaddr from 'ipaddr.js'

/** What an operator lets through the guard of outbound requests. */
export type AllowRule =
  /** Addresses whose first `prefix` bits are those of `network`. */
  | { kind: 'range'; network: string; prefix: number }
  /** Exactly this host, wherever it resolves to. */
  | { kind: 'host'; name: string }
  /** Every host below this domain, but not the domain itself. */
  | { kind: 'subdomains'; of: string }

export type Address = ipaddr.IPv4 | ipaddr.IPv6

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * Reads a comma-separated list of IP addresses, ranges such as `10.0.0.0/8`, and host names such as `hooks.internal`
 * or `*.internal`. Every bad entry is a fault that names it, so that all of them are told at once.
 */
export function parseAllow(text: string): { rules: AllowRule[]; faults: string[] } {
  const rules: AllowRule[] = []
  const faults: string[] = []
  for (const entry of text.split(',').map((part) => part.trim())) {
    if (entry === '') continue
    const rule = parseEntry(entry)
    if (typeof rule === 'object') rules.push(rule)
    else faults.push(`has ${JSON.stringify(entry)}, which is ${rule}`)
  }
  return { rules, faults }
}

/** The bits of what Node takes for an IP address, without a zone; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const [address = ''] = text.split('%')
  const version = isIP(address)
  if (version === 0) return undefined
  // ipaddr.js takes `::127.0.0.1` for `::ffff:127.0.0.1`, another address; the URL parser leaves nothing to take.
  return ipaddr.parse(version === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address)
}

/** The rule of one entry, or what is wrong with it. */
function parseEntry(entry: string): AllowRule | string {
  const [address = '', bits, ...rest] = entry.split('/')
  const network = address.includes('%') ? undefined : parseAddress(address)
  if (network && rest.length === 0) {
    const longest = network.kind() === 'ipv4' ? 32 : 128
    const prefix = bits === undefined ? longest : Number(bits)
    if (bits === undefined || (/^\d{1,3}$/.test(bits) && prefix <= longest)) return range(network, prefix)
  }
  const wildcard = entry.startsWith('*.')
  const name = hostName(wildcard ? entry.slice(2) : entry)
  if (name) return wildcard ? { kind: 'subdomains', of: name } : { kind: 'host', name }
  return 'not an IP address, a range such as 10.0.0.0/8, or a host name such as hooks.internal or *.internal'
}

function range(network: Address, prefix: number): AllowRule | string {
  // An IPv4-mapped address is the IPv4 address to whoever connects, so there is one way to say it.
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && prefix >= 96) {
    return range(network.toIPv4Address(), prefix - 96)
  }
  const cidr = `${network}/${prefix}`
  const start = (network.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(cidr).toString()
  // Whoever wrote 10.1.2.3/8 may have meant one host; opening the whole range would be a guess.
  if (start !== network.toString()) return `not the start of its range; write ${start}/${prefix} or ${network}`
  return { kind: 'range', network: start, prefix }
}

/** As the URL parser writes it: lower case, ASCII. Undefined for what is not a host name or would be read as a number. */
function hostName(text: string): string | undefined {
  // domainToASCII would forgive a path behind the name.
  if (!/^[\p{L}\p{M}\p{N}._-]+$/u.test(text)) return undefined
  const name = domainToASCII(text).replace(/\.$/, '')
  const labels = name.split('.')
  if (name.length > 253 || !labels.every((label) => LABEL.test(label))) return undefined
  return /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1)!) ? undefined : name
}

/** Whether a rule names this host, given as the URL parser writes it. */
export function allowsHost(rules: readonly AllowRule[], host: string): boolean {
  const name = host.replace(/\.$/, '')
  return rules.some(
    (rule) =>
      (rule.kind === 'host' && rule.name === name) || (rule.kind === 'subdomains' && name.endsWith(`.${rule.of}`)),
  )
}

/** Whether a rule's range contains this address. */
export function allowsAddress(rules: readonly AllowRule[], address: Address): boolean {
  return rules.some((rule) => {
    if (rule.kind !== 'range') return false
    const network = ipaddr.parse(rule.network)
    return network.kind() === address.kind() && address.match(network as ipaddr.IPv4 & ipaddr.IPv6, rule.prefix)
  })
}
