import { type EmailRefusal, type EmailResult, refused } from './email.ts'

/** What nodemailer throws. */
export interface SmtpError extends Error {
  /** Its own word, such as EAUTH or ETIMEDOUT. */
  code?: string
  /** What the relay was answering: MAIL FROM, RCPT TO, DATA, AUTH PLAIN, EHLO, CONN; or API for ourselves. */
  command?: string
  /** Of the relay's answer, when that was the failure. */
  responseCode?: number
  response?: string
}

const OF_THE_MESSAGE = new Set(['MAIL FROM', 'RCPT TO', 'DATA'])
/** Authentication required, refused, too weak, only encrypted (RFC 4954). */
const ACCOUNT_CODES = new Set([530, 534, 535, 538])

/** What an error says about a message of which the relay has nothing. */
export function refusalOf(error: SmtpError): EmailResult & { outcome: 'refused' } {
  const { message, responseCode: code, response = '' } = error
  const status = response.match(/^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/)?.[1]
  return refused(reasonOf(error, status), message, { ...(code && { code }), ...(status && { status }) })
}

function reasonOf({ code, command = '', responseCode }: SmtpError, status = ''): EmailRefusal {
  // Whatever a relay says to STARTTLS: without encryption there is no relay.
  if (code === 'ETLS') return 'unreachable'
  if (code === 'EAUTH' || (responseCode && ACCOUNT_CODES.has(responseCode))) {
    return responseCode && responseCode < 500 ? 'deferred' : 'account'
  }
  if (responseCode && responseCode >= 400 && responseCode < 500) return 'deferred'
  if (responseCode && responseCode >= 500) {
    if (!OF_THE_MESSAGE.has(command)) return 'account'
    // 5.1: about an address, the recipient's when it answers RCPT TO.
    return command === 'RCPT TO' && status.startsWith('5.1.') ? 'invalid_address' : 'rejected'
  }
  if (code === 'EENVELOPE') return 'invalid_address'
  return code === 'EMESSAGE' ? 'invalid_message' : 'unreachable'
}
