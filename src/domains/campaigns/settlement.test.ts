import { describe, expect, test } from 'vitest'
import { CAUSES, type Cause } from '../../providers/telephony/index.ts'
import type { Reply } from './flow-state.ts'
import { type EndedCall, outcomeOfWaiting, type Settlement, settle } from './settlement.ts'

const ENDED = new Date('2026-11-23T12:00:00Z')
const REDIAL_MS = 900_000
const RETRY: Settlement = { state: 'waiting', retryAt: new Date('2026-11-23T12:15:00Z') }
const settled = (outcome: Extract<Settlement, { state: 'settled' }>['outcome']): Settlement => ({
  state: 'settled',
  outcome,
})
const call = (change: Partial<EndedCall>): EndedCall => ({
  ...{ cause: 'answered', reply: null, asked: true, recorded: false },
  ...change,
})
const receiver = { attempts: 1, maxAttempts: 4, redialAfterMs: REDIAL_MS, campaignOver: false }
const LAST = { ...receiver, attempts: 4 }
const OVER = { ...receiver, campaignOver: true }

const REPLIES: [Reply, Settlement][] = [
  ['accept', settled('accepted')],
  ['decline', settled('declined')],
  ['opt_out', settled('opted_out')],
]

test.each(REPLIES)('%s counts, whatever the cause says and however many attempts are left', (reply, expected) => {
  for (const cause of [...CAUSES, null]) {
    for (const whom of [receiver, LAST, OVER]) {
      expect(settle(call({ cause, reply }), whom, ENDED)).toEqual(expected)
      expect(settle(call({ cause, reply, asked: false, recorded: true }), whom, ENDED)).toEqual(expected)
    }
  }
})

test.each<[string, Partial<EndedCall>, Settlement]>([
  ['asked, and said nothing', { asked: true }, settled('no_reply')],
  ['not asked', { asked: false }, settled('heard')],
  [
    'left a recording, and nobody can tell how it ended',
    { cause: null, recorded: true, asked: false },
    settled('heard'),
  ],
  [
    'left a recording, though the provider had a fault',
    { cause: 'provider_fault', recorded: true },
    settled('no_reply'),
  ],
  ['no such number', { cause: 'invalid_number' }, settled('invalid_number')],
])('never called again: %s', (_, change, expected) => {
  for (const whom of [receiver, LAST, OVER]) expect(settle(call(change), whom, ENDED)).toEqual(expected)
})

describe.each<Cause | null>(['busy', 'no_answer', 'refused', 'unreachable', 'provider_fault', 'cancelled', null])(
  'not answered: %s',
  (cause) => {
    const last = settled(cause === null ? 'unknown' : 'no_answer')
    test.each<[string, Parameters<typeof settle>[1], Settlement]>([
      ['attempts are left', receiver, RETRY],
      ['one attempt is left', { ...receiver, attempts: 3 }, RETRY],
      ['no attempts are left', LAST, last],
      ['more than allowed were made', { ...receiver, attempts: 5 }, last],
      ['no redials at all', { ...receiver, maxAttempts: 1 }, last],
      ['the campaign is over', OVER, last],
      ['at once', { ...receiver, redialAfterMs: 0 }, { state: 'waiting', retryAt: ENDED }],
    ])('%s', (_, whom, expected) => {
      expect(settle(call({ cause }), whom, ENDED)).toEqual(expected)
    })
  },
)

test('who waits at the end', () => {
  expect([0, 1, 3].map((attempts) => outcomeOfWaiting({ attempts }))).toEqual(['not_called', 'no_answer', 'no_answer'])
})
