import { lookup, Resolver } from 'node:dns/promises'
import type { Resolve } from './connector.ts'

export interface ResolveOptions {
  /** Name servers as `address:port`; absent: those of the machine. */
  servers?: readonly string[]
  /** The operating system's way, for names that name servers do not know. Default `dns.lookup`. */
  system?: Resolve
}

/** For one question to one name server, twice; the deadline of a post is over all of it. */
const QUESTION_MS = 2_000
const TRIES = 2
const UNKNOWN = new Set(['ENOTFOUND', 'ENODATA'])

/**
 * Asks name servers itself: `dns.lookup` blocks one of the process' few threads for as long as a dead name server is
 * silent, and with it everybody else's look-ups and files. What name servers say does not exist may still be a name of
 * the hosts file or of a search domain, so the system is asked then, and for names without a dot.
 */
export function resolveNames({
  servers,
  system = (host) => lookup(host, { all: true }),
}: ResolveOptions = {}): Resolve {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: TRIES })
  if (servers) resolver.setServers(servers)
  return async (host) => {
    if (!host.includes('.')) return system(host)
    const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const found = [
      ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
      ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
    ]
    if (found.length > 0) return found
    const reasons = [v4, v6].flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    const trouble = reasons.find(({ code }) => !UNKNOWN.has(code))
    if (trouble) throw trouble
    return system(host)
  }
}
