import ipaddr from 'ipaddr.js'
import { type Address, type AllowRule, allowsAddress, parseAddress } from '../../platform/address-rules.ts'

/** All that IANA has given out so far; beyond it lie `::127.0.0.1` and what no router should carry. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR('2000::/3')
/** NAT64's well-known prefix (RFC 6052), by which hosts without IPv4 reach all of it. */
const NAT64: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR('64:ff9b::/96')
/** Looks public, yet is what answers every Azure machine, metadata and secrets included. */
const AZURE_PLATFORM = '168.63.129.16'

const KINDS: Record<string, string> = {
  unspecified: 'an unspecified',
  broadcast: 'a broadcast',
  multicast: 'a multicast',
  linkLocal: 'a link-local',
  loopback: 'a loopback',
  carrierGradeNat: 'a carrier-grade NAT',
  private: 'a private',
  uniqueLocal: 'a private',
  reserved: 'a reserved',
}

/**
 * Why nothing may be sent to `address`: its kind with an article, such as `a loopback`, to be followed by `address`.
 * Undefined when it may: it is public, or a rule lets it through.
 */
export function objectionTo(address: string, rules: readonly AllowRule[]): string | undefined {
  const parsed = parseAddress(address)
  if (!parsed) return 'not an'
  for (const face of facesOf(parsed)) {
    const kind = kindOf(face)
    if (kind !== 'unicast' && !allowsAddress(rules, face)) return KINDS[kind] ?? 'a special-purpose'
  }
  return undefined
}

/**
 * The addresses that have to pass for this one to pass. One that merely wraps an IPv4 address is that address; 6to4
 * and Teredo are relics that need a rule of their own besides.
 */
function facesOf(address: Address): Address[] {
  if (address instanceof ipaddr.IPv4) return [address]
  if (address.isIPv4MappedAddress()) return [address.toIPv4Address()]
  const bytes = address.toByteArray()
  if (address.match(NAT64)) return [new ipaddr.IPv4(bytes.slice(12))]
  switch (address.range()) {
    case '6to4':
      return [address, new ipaddr.IPv4(bytes.slice(2, 6))]
    case 'teredo':
      // The client's address is stored with its bits flipped (RFC 4380, section 4).
      return [address, new ipaddr.IPv4(bytes.slice(12).map((byte) => byte ^ 0xff))]
    default:
      return [address]
  }
}

function kindOf(address: Address): string {
  const kind = address.range()
  if (kind !== 'unicast') return kind
  if (address instanceof ipaddr.IPv6) return address.match(GLOBAL_UNICAST) ? kind : 'reserved'
  return address.toString() === AZURE_PLATFORM ? 'reserved' : kind
}
