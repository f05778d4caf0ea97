import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll } from 'vitest'
import { telephonyConformance } from '../../src/providers/telephony/conformance.ts'
import { telephonyOf } from './asterisk-kit.ts'
import { silence, writeWav } from './rig/audio.ts'
import { describeVoice } from './rig/describe-voice.ts'
import { type Part, type Rig, startRig } from './rig/rig.ts'

const SAYS: Part[] = [{ silenceMs: 800 }, { say: 'Yes, I can be there at noon.' }]

/** As in the rig's people.ts, but for those who say something. */
const NUMBERS = {
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

describeVoice('Asterisk', { timeout: 60_000 }, () => {
  let rig: Rig
  let tests = 0

  beforeAll(async () => {
    rig = await startRig({ people: { '0214': SAYS, '0215': [...SAYS, { silenceMs: 300 }, { press: '#' }] } })
    await mkdir(join(rig.folder, 'prompts'))
    for (const [name, ms] of [['prompt', 4_000] as const, ['long', 20_000] as const]) {
      await writeFile(join(rig.folder, 'prompts', `${name}.wav`), writeWav(silence(ms)))
    }
  }, 120_000)
  afterAll(() => rig?.close())

  telephonyConformance('Asterisk', () => {
    // Nobody finds the calls of the test before.
    const app = `conformance-${++tests}`
    const [telephony, other] = [telephonyOf(rig, { app }), telephonyOf(rig, { app })]
    const file = (name: string, durationMs: number) =>
      ({ kind: 'file', path: join(rig.folder, 'prompts', `${name}.wav`), durationMs }) as const
    return {
      telephony,
      other,
      numbers: NUMBERS,
      prompt: file('prompt', 4_000),
      long: file('long', 20_000),
      missing: { kind: 'file', path: join(rig.folder, 'prompts/nowhere.wav') },
      async until(holds, what) {
        for (const end = Date.now() + 40_000; !(await holds()); await sleep(10)) {
          if (Date.now() > end) throw new Error(`did not happen: ${what}`)
        }
      },
      async close() {
        for (const { callId } of await other.active()) await other.command(callId, { id: 'end', kind: 'hangUp' })
        await Promise.all([telephony.close(), other.close()])
      },
    }
  })
})
