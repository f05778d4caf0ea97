import { beforeAll, expect, test } from 'vitest'
import { readyVoiceFile, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, phones } from '../../../test/kit/outreach.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { createSwitchboard, LEASE_MS } from './index.ts'

let t: TestWorld
let kit: ReturnType<typeof outreachKit>

beforeAll(async () => {
  t = await testWorld()
  kit = outreachKit(t, await readyVoiceFile(t))
}, 60_000)

test('the seat of a process that died is taken when its lease is over, and its calls are followed at once', async () => {
  const engine = await testEngine(t)
  await kit.rsvp(engine, { receivers: phones(3), acceptsWanted: 3 })
  const dying = createSwitchboard(engine.deps)
  await dying.keepSeats()
  await dying.dial()
  await dying.settled()
  const diedAt = t.clock.now().getTime()

  let taken = 0
  const heir = createSwitchboard(engine.deps, { onTaken: () => taken++ })
  await heir.keepSeats()
  expect(taken).toBe(0)
  for (let looks = 0; taken === 0 && looks < 20; looks++) {
    const next = await heir.nextKeep()
    await engine.fake.advance(Math.max(1, next!.getTime() - t.clock.now().getTime()))
    await heir.keepSeats()
  }
  expect(taken).toBe(1)
  expect(t.clock.now().getTime() - diedAt).toBeLessThanOrEqual(LEASE_MS + 2)
  // All three are due now, not when their news would have been.
  expect(await heir.follow()).toBe(3)
  await heir.stop()
  await dying.stop()
})
