import { buildConnector } from 'undici'

const AT_ONCE = 4
/** For Asterisk to take what is connected. */
const REST_MS = 3

/**
 * Connects to few at once. Asterisk's HTTP server has room for ten connections that it has not taken yet, and one too
 * many is tried again by TCP a second later: fifty calls that begin together would wait for it.
 */
export function patientConnector(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false })
  const waiting: (() => void)[] = []
  let opening = 0
  const next = () => {
    if (opening >= AT_ONCE) return
    const begin = waiting.shift()
    if (!begin) return
    opening++
    begin()
  }
  return (target, callback) => {
    waiting.push(() =>
      connect(target, (...result) => {
        setTimeout(() => {
          opening--
          next()
        }, REST_MS)
        callback(...result)
      }),
    )
    next()
  }
}
