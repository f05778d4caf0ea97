import { setTimeout as sleep } from 'node:timers/promises'
import type { SmsEvent, SmsSender } from '../../providers/sms/index.ts'
import type { World } from '../world.ts'
import type { MessageSender } from './message-sender.ts'
import { recordInbound } from './record-inbound.ts'
import { recordReceipt } from './record-receipt.ts'

/** An SMSC waits for an answer about as long as we do; it should get one before it hangs up. */
const RECORDED_WITHIN_MS = 5_000

/**
 * Records what a sender of SMS hears by itself. Returns what ends it. Events that are not kept are refused, so that they
 * come again.
 */
export function hearSms(
  { world, sms }: { world: World; sms: SmsSender },
  sender: Pick<MessageSender, 'settled'>,
): () => void {
  return sms.onEvent(async (event: SmsEvent) => {
    if (event.type === 'inbound') {
      await recordInbound(world, event)
      return
    }
    if ((await recordReceipt(world, event)) !== 'early') return
    // A receipt may overtake the answer that names the message, which is then about to be recorded.
    await Promise.race([sender.settled('sms'), sleep(RECORDED_WITHIN_MS, undefined, { ref: false })])
    if ((await recordReceipt(world, event)) === 'early') throw new Error('the message is not recorded yet')
  })
}
