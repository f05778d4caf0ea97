import { oncePerId } from '../sending/index.ts'
import { objectionTo, type Sms, type SmsEvent, type SmsListener, type SmsResult, type SmsSender } from './sms.ts'

export interface MemorySms extends SmsSender {
  /** What was accepted, or may have been, in order. */
  readonly history: Sms[]
  /** What the provider is to say to the next messages instead of accepting them, in order. */
  readonly answers: SmsResult[]
  /** Lets something happen. Rejects when a listener does, or when there is none. */
  emit(event: SmsEvent): Promise<void>
}

/**
 * The fake of this port. The provider's id of a message is ours.
 * @param sendsOnce how it calls itself; it does remember
 */
export function memorySms({ sendsOnce = true }: { sendsOnce?: boolean } = {}): MemorySms {
  const history: Sms[] = []
  const answers: SmsResult[] = []
  const listeners = new Set<SmsListener>()
  const once = oncePerId<SmsResult>()
  let closed = false
  return {
    sendsOnce,
    history,
    answers,
    async send(sms) {
      if (closed) throw new Error('The SMS sender is closed')
      const objection = objectionTo(sms)
      if (objection) return objection
      return once(sms.id, async () => {
        const answer = answers.shift() ?? { outcome: 'accepted', providerIds: [sms.id] }
        if (answer.outcome !== 'refused') history.push({ ...sms })
        return answer
      })
    },
    onEvent(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    async emit(event) {
      if (listeners.size === 0) throw new Error('nobody listens')
      for (const listener of listeners) await listener(event)
    },
    async close() {
      closed = true
    },
  }
}
