import { setTimeout as sleep } from 'node:timers/promises'
import type { Harness } from '../conformance.ts'
import type { Telephony } from '../telephony.ts'
import { NUMBER_SCRIPTS, population } from './population.ts'

const SAYS = {
  ...{ outcome: 'answers' as const, replies: [], hangsUp: undefined, dropsAfterMs: undefined },
  speaksMs: 2_000,
}

/** People who do what the end of their number says, and talk long enough to be recorded. */
export const testPeople = population({
  ring: { minMs: 1_000, maxMs: 3_000 },
  patienceMs: 3_600_000,
  scripts: [
    ...NUMBER_SCRIPTS,
    { endsWith: '0214', calls: [{ ...SAYS }] },
    { endsWith: '0215', calls: [{ ...SAYS, endsRecordingWith: '#' }] },
  ],
})

export const TEST_NUMBERS: Harness['numbers'] = {
  silent: '+358401230200',
  pressesFive: '+358401230205',
  hangsUp: '+358401230210',
  says: '+358401230214',
  saysAndPresses: '+358401230215',
  busy: '+358401230486',
  ringsOut: '+358401230480',
  declines: '+358401230603',
  unknown: '+358401230404',
  unreachable: '+358401230503',
}

/** A harness for a simulated carrier, given how time passes there. */
export function harnessOf(
  telephony: Telephony,
  other: Telephony,
  pass: () => Promise<void>,
  close: () => Promise<void>,
): Harness {
  return {
    telephony,
    other,
    numbers: TEST_NUMBERS,
    prompt: { kind: 'url', url: 'http://prompts.example/prompt.wav', durationMs: 4_000 },
    long: { kind: 'silence', durationMs: 20_000 },
    missing: { kind: 'file', path: '/nowhere/prompt.wav' },
    async until(holds, what) {
      for (let turns = 0; !(await holds()); turns++) {
        if (turns > 2_000) throw new Error(`did not happen: ${what}`)
        await pass()
      }
    },
    close,
  }
}

/** For carriers that run in real time, however fast. */
export const passRealTime = () => sleep(5)
