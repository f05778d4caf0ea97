import type { CallEvent, Listener, Telephony } from '../../src/providers/telephony/index.ts'

export interface InstantTelephony extends Telephony {
  /** Whether calls are answered and end by themselves; if not, they ring until `endAll`. */
  answers: boolean
  endAll(): Promise<void>
}

type News = CallEvent extends infer Event
  ? Event extends CallEvent
    ? Omit<Event, 'eventId' | 'callId' | 'at'>
    : never
  : never

/** A provider that takes no time and no processor worth speaking of, so that only the engine is measured. */
export function instantTelephony(): InstantTelephony {
  const listeners = new Map<string, Listener>()
  const live = new Map<string, { seat: string; answeredAt: Date | undefined }>()
  let sequence = 0

  async function tell(callId: string, news: News): Promise<void> {
    const call = live.get(callId)
    if (!call) return
    if (news.type === 'ended') live.delete(callId)
    const at = new Date()
    if (news.type === 'answered') call.answeredAt = at
    const event = { eventId: String(++sequence), callId, at, ...news } as CallEvent
    await listeners.get(call.seat)?.event(event)
  }
  const end = (callId: string) => {
    const answeredAt = live.get(callId)?.answeredAt
    return tell(callId, {
      type: 'ended',
      cause: answeredAt ? 'answered' : 'busy',
      answeredAt,
      endedAt: new Date(),
      codes: {},
    })
  }

  const telephony: InstantTelephony = {
    answers: true,
    async endAll() {
      await Promise.all([...live.keys()].map(end))
    },
    async capabilities() {
      return { lines: 1_000_000, remembers: true, dialSettlesWithinMs: 60_000 }
    },
    async listen(seat, listener) {
      listeners.set(seat, listener)
      return {
        async close() {
          listeners.delete(seat)
        },
      }
    },
    async dial({ callId, seat }) {
      live.set(callId, { seat, answeredAt: undefined })
      if (telephony.answers) setImmediate(() => tell(callId, { type: 'answered' }))
      return { outcome: 'accepted' }
    },
    async command(callId, command) {
      if (!live.has(callId)) return { outcome: 'gone' }
      if (command.kind === 'collect') {
        const { id: commandId } = command
        setImmediate(() => tell(callId, { type: 'collected', commandId, outcome: 'complete', digits: '1' }))
      } else setImmediate(() => end(callId))
      return { outcome: 'accepted' }
    },
    async reconcile(callIds) {
      return callIds.map((callId) => {
        const call = live.get(callId)
        if (!call) return { callId, state: 'never_heard' }
        const { seat, answeredAt } = call
        return { callId, state: 'in_progress', stage: answeredAt ? 'answered' : 'dialling', seat, answeredAt }
      })
    },
    async active() {
      return []
    },
    async recording() {
      return undefined
    },
    async discardRecording() {},
    async close() {},
  }
  return telephony
}
