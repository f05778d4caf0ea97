import { carrierClient } from './carrier-client.ts'

/**
 * A process that calls and is meant to be killed: `node test-client.ts URL SEAT IDS NUMBERS`. Says `answered ID` when it
 * has begun to collect a digit in a call.
 */
const [url = '', seat = '', ids = '', numbers = ''] = process.argv.slice(2)
const telephony = carrierClient({ url })
await telephony.listen(seat, {
  async event({ type, callId }) {
    if (type !== 'answered') return
    await telephony.command(callId, {
      id: 'ask',
      kind: 'collect',
      media: [{ kind: 'silence', durationMs: 60_000 }],
      maxDigits: 1,
      firstDigitTimeoutMs: 60_000,
      interDigitTimeoutMs: 1_000,
    })
    process.stdout.write(`answered ${callId}\n`)
  },
})
const all = numbers.split(',')
await Promise.all(
  ids
    .split(',')
    .map((callId, n) => telephony.dial({ callId, seat, to: all[n]!, ringTimeoutMs: 30_000, maxDurationMs: 600_000 })),
)
process.stdout.write('dialled\n')
