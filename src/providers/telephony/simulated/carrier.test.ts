import { telephonyConformance } from '../conformance.ts'
import { carrierClient } from './carrier-client.ts'
import { testCarrier } from './test-carrier.ts'
import { harnessOf, passRealTime, testPeople } from './test-harness.ts'

telephonyConformance('carrier in a process of its own', async () => {
  const carrier = await testCarrier({ people: testPeople })
  const [telephony, other] = [carrierClient({ url: carrier.url }), carrierClient({ url: carrier.url })]
  return harnessOf(telephony, other, passRealTime, async () => {
    await Promise.all([telephony.close(), other.close()])
    await carrier.close()
  })
})
