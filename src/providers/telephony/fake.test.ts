import { FakeClock } from '../../platform/clock.ts'
import { telephonyConformance } from './conformance.ts'
import { fakeTelephony } from './fake.ts'
import { harnessOf, testPeople } from './simulated/test-harness.ts'

telephonyConformance('fake', () => {
  const telephony = fakeTelephony({ clock: new FakeClock('2026-11-22T10:00:00Z'), people: testPeople, lines: 10 })
  return harnessOf(
    telephony,
    telephony,
    () => telephony.advance(100),
    () => telephony.close(),
  )
})
