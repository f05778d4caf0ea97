import { parseAllow } from '../../platform/address-rules.ts'
import { createOutbound, type OutboundAnswer } from '../outbound/index.ts'
import { oncePerId, oneLine } from '../sending/index.ts'
import { type BodyTemplate, renderBody, templateFault } from './http-template.ts'
import { textAt } from './json-pointer.ts'
import { objectionTo, refused, type SmsResult, type SmsSender } from './sms.ts'

export interface HttpSmsOptions {
  /** http or https, where each message is posted. The operator chose it, so it may be a private address. */
  url: string
  body: BodyTemplate
  /** Such as `{ authorization: 'Bearer ...' }`. */
  headers?: Record<string, string>
  /**
   * A JSON Pointer (RFC 6901) to the message's id in the gateway's answer, such as `/messages/0/id`. With it, a 2xx
   * answer without that id is an unknown outcome: there are gateways that answer errors with 200.
   */
  idPointer?: string
  /** Whether the gateway sends once what comes twice with the same `{id}`. Then what failed half way is retryable. */
  idempotent?: boolean
  /** For one request. Default 30000. */
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 65_536

/**
 * A gateway that takes one message in one POST. 2xx is acceptance, 429 and 503 come before any work and are retryable,
 * 401, 402 and 403 concern the account, other 4xx the message; of anything else nobody knows what came of it. Redirects
 * are not followed, since they would carry the text and the credentials elsewhere.
 */
export function httpSms(options: HttpSmsOptions): SmsSender {
  const fault = templateFault(options.body)
  if (fault) throw new Error(`the template of the gateway's body ${fault}`)
  const { hostname } = new URL(options.url)
  const outbound = createOutbound({
    allow: parseAllow(hostname.replace(/^\[|\]$/g, '')).rules,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    maxBodyBytes: MAX_ANSWER_BYTES,
    maxRedirects: 0,
  })
  const once = oncePerId<SmsResult>()
  let closed = false
  return {
    sendsOnce: options.idempotent ?? false,
    async send(sms) {
      if (closed) throw new Error('The SMS sender is closed')
      const objection = objectionTo(sms)
      if (objection) return objection
      return once(sms.id, async () => {
        const { body, contentType } = renderBody(options.body, sms)
        const headers = { ...options.headers, 'content-type': contentType }
        return resultOf(await outbound.post({ url: options.url, headers, body }), options)
      })
    },
    onEvent: () => () => {},
    async close() {
      closed = true
      await outbound.close()
    },
  }
}

function resultOf(answer: OutboundAnswer, { idPointer, idempotent = false }: HttpSmsOptions): SmsResult {
  const uncertain = (message: string): SmsResult =>
    idempotent ? refused('unreachable', message) : { outcome: 'unknown', providerIds: [], message: oneLine(message) }
  if (answer.outcome === 'failed') {
    if (answer.failure === 'redirect') return refused('rejected', answer.message)
    return reachedNobody(answer) ? refused('unreachable', answer.message) : uncertain(answer.message)
  }
  const { status, body } = answer
  const message = `the gateway answered ${status}: ${body}`
  if (status >= 200 && status <= 299) {
    if (idPointer === undefined) return { outcome: 'accepted', providerIds: [] }
    const id = textAt(parsed(body), idPointer)
    return id ? { outcome: 'accepted', providerIds: [id] } : uncertain(`no message id in what ${message.slice(4)}`)
  }
  if (status === 429) return refused('throttled', message)
  if (status === 503) return refused('unreachable', message)
  if (status === 401 || status === 402 || status === 403 || status === 407) return refused('account', message)
  if (status >= 400 && status <= 499 && status !== 408) return refused('rejected', message)
  return uncertain(message)
}

/** Whether the request was certainly never sent. What the sender calls tls or timeout may also strike later. */
function reachedNobody({ failure, message }: OutboundAnswer & { outcome: 'failed' }): boolean {
  if (failure === 'dns' || failure === 'connect' || failure === 'blocked') return true
  return /^no (encrypted )?connection to | did not take the connection /.test(message)
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
