import type { RawAnswer } from './exchange.ts'
import { OutboundFailure } from './failure.ts'

/** The ones that keep method and body (RFC 9110, sections 15.4.8 and 15.4.9). */
const REPEATABLE = new Set([307, 308])

/** Where the post goes next. Throws an OutboundFailure for a redirect that must not be followed. */
export function redirectTarget(from: URL, { status, headers }: RawAnswer, hopsLeft: number): URL {
  const refuse = (why: string) => new OutboundFailure('redirect', `${from.host} answered ${status} ${why}`, status)
  const { location } = headers
  if (!location) throw refuse('without saying where to')
  if (!URL.canParse(location, from.href)) throw refuse('with a Location that is not an address')
  const target = new URL(location, from.href)
  // Neither are sent along, so neither should be told.
  target.username = ''
  target.password = ''
  target.hash = ''
  if (target.protocol !== 'https:' && target.protocol !== 'http:') throw refuse(`to a ${target.protocol} address`)
  if (from.protocol === 'https:' && target.protocol === 'http:') throw refuse(`from https to http: ${target.href}`)
  if (!REPEATABLE.has(status)) throw refuse(`and following it would drop the body; configure ${target.href} instead`)
  if (hopsLeft === 0) throw refuse(`once too often; configure the last address instead, maybe ${target.href}`)
  return target
}
