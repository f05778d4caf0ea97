import { type CarrierOptions, startCarrier } from './carrier-server.ts'
import { type Population, population } from './population.ts'

/**
 * The simulated carrier as a process: `node carrier-main.ts OPTIONS`, where OPTIONS are CarrierOptions as JSON, with only
 * what differs from the default population in `people`. Says `{"url": ...}` on standard output when it listens.
 */
const { people, ...options } = JSON.parse(process.argv[2] ?? '{}') as Omit<CarrierOptions, 'people'> & {
  people?: Partial<Population>
}
const carrier = await startCarrier({ ...options, people: population(people) })
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void carrier.close().then(() => process.exit(0))
  })
}
process.stdout.write(`${JSON.stringify({ url: carrier.url })}\n`)
