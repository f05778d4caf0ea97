import { telephonyConformance } from '../conformance.ts'
import { acceleratedClock } from './accelerated-clock.ts'
import { embeddedCarrier } from './embedded.ts'
import { harnessOf, passRealTime, testPeople } from './test-harness.ts'

telephonyConformance('embedded carrier', () => {
  const clock = acceleratedClock({ speed: 20, since: new Date() })
  const telephony = embeddedCarrier({ clock, speed: 20, people: testPeople, lines: 10 })
  return harnessOf(telephony, telephony, passRealTime, () => telephony.close())
})
