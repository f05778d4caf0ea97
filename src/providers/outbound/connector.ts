import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { type AllowRule, allowsHost } from '../../platform/address-rules.ts'
import { factsOf, OutboundFailure } from './failure.ts'
import { objectionTo } from './judge.ts'

export interface ResolvedAddress {
  address: string
  family: number
}

/** Every address of a host name. Rejects when there is none or nobody knows. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>

/**
 * Opens connections to allowed addresses only. A name is resolved once for each connection, and the socket is given
 * the very addresses that were judged: what a name resolves to a moment later does not matter.
 */
export function guardedConnector(options: {
  allow: readonly AllowRule[]
  resolve: Resolve
  timeoutMs: number
}): buildConnector.connector {
  const lookup: LookupFunction = (host, { all }, done) => {
    allowedAddresses(host, options.allow, options.resolve).then(
      (found) => {
        // Outside of the promise, whose rejection an error of the socket is not.
        if (all) process.nextTick(done, null, found)
        else process.nextTick(done, null, found[0]!.address, found[0]!.family)
      },
      (error) => process.nextTick(done, error),
    )
  }
  const connect = buildConnector({
    lookup,
    // The caller's own deadline comes first and says more; this one ends what it left behind.
    timeout: options.timeoutMs + 1_000,
    allowH2: false,
    // Said aloud: NODE_TLS_REJECT_UNAUTHORIZED=0 must not reach this far, nor a session skip the check of a name.
    rejectUnauthorized: true,
    maxCachedSessions: 0,
  })
  return (target, callback) => {
    const objection = isIP(target.hostname) ? objectionTo(target.hostname, options.allow) : undefined
    if (objection) {
      const message = `${target.hostname} is ${objection} address and WEBHOOK_ALLOW does not let it through`
      process.nextTick(callback, new OutboundFailure('blocked', message), null)
      return
    }
    connect(target, (...[error, socket]) => {
      if (error) callback(connectFailure(error, target), null)
      else callback(null, socket)
    })
  }
}

async function allowedAddresses(
  host: string,
  allow: readonly AllowRule[],
  resolve: Resolve,
): Promise<ResolvedAddress[]> {
  let found: readonly ResolvedAddress[]
  try {
    found = await resolve(host)
  } catch (error) {
    const { code, reason } = factsOf(error as Error)
    const unknown = code === 'ENOTFOUND' || code === 'ENODATA'
    const message = unknown
      ? `the name ${host} does not exist (${code})`
      : `looking up ${host} failed (${code || reason})`
    throw new OutboundFailure('dns', message)
  }
  if (found.length === 0) throw new OutboundFailure('dns', `the name ${host} has no address`)
  if (allowsHost(allow, host)) return [...found]
  const judged = found.map((entry) => ({ ...entry, objection: objectionTo(entry.address, allow) }))
  const allowed = judged.filter(({ objection }) => objection === undefined)
  if (allowed.length > 0) return allowed.map(({ address, family }) => ({ address, family }))
  const kinds = judged.slice(0, 3).map(({ address, objection }) => `${address}, ${objection} address`)
  const message = `${host} resolves to ${kinds.join('; ')}; WEBHOOK_ALLOW does not let it through`
  throw new OutboundFailure('blocked', message)
}

function connectFailure(error: Error, { protocol, host }: buildConnector.Options): Error {
  if (error instanceof OutboundFailure) return error
  const { code, syscall, reason } = factsOf(error)
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return new OutboundFailure('timeout', `${host} did not take the connection in time`)
  }
  if (code === 'ECONNREFUSED') return new OutboundFailure('connect', `${host} refused the connection`)
  // Several addresses, several errors: Node puts them into one.
  if (syscall === 'connect' || error instanceof AggregateError) {
    return new OutboundFailure('connect', `${host} cannot be reached (${code || reason})`)
  }
  if (protocol === 'https:') {
    return new OutboundFailure('tls', `no encrypted connection to ${host}: ${reason}`)
  }
  return new OutboundFailure('connect', `${host} cannot be reached (${code || reason})`)
}
