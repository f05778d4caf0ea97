import { oncePerId } from '../sending/index.ts'
import { type Email, type EmailResult, type EmailSender, messageIdOf, objectionTo } from './email.ts'

export interface MemoryEmail extends EmailSender {
  /** What was accepted, or may have been, in order. */
  readonly history: Email[]
  /** What the relay is to say to the next messages instead of accepting them, in order. */
  readonly answers: EmailResult[]
}

/**
 * The fake of this port.
 * @param sendsOnce how it calls itself; it does remember
 */
export function memoryEmail({ sendsOnce = true }: { sendsOnce?: boolean } = {}): MemoryEmail {
  const history: Email[] = []
  const answers: EmailResult[] = []
  const once = oncePerId<EmailResult>()
  let closed = false
  return {
    sendsOnce,
    history,
    answers,
    async send(email) {
      if (closed) throw new Error('The e-mail sender is closed')
      const objection = objectionTo(email)
      if (objection) return objection
      return once(email.id, async () => {
        const accepted: EmailResult = { outcome: 'accepted', messageId: messageIdOf(email), response: '250 kept' }
        const answer = answers.shift() ?? accepted
        if (answer.outcome !== 'refused') history.push(structuredClone(email))
        return answer
      })
    },
    verify: async () => undefined,
    async close() {
      closed = true
    },
  }
}
