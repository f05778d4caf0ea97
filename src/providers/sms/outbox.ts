import type { Clock } from '../../platform/clock.ts'
import { removeFiles, writeOnce } from '../sending/index.ts'
import { smsParts } from './segments.ts'
import { objectionTo, type SmsSender } from './sms.ts'

/** Messages as files `{id}.json` in `folder`, which is made when the first one is sent. Nobody is texted. */
export function outboxSms(folder: string, clock: Clock): SmsSender {
  const underWay = new Set<Promise<void>>()
  let closed = false
  return {
    sendsOnce: true,
    async send(sms) {
      if (closed) throw new Error('The SMS sender is closed')
      const objection = objectionTo(sms)
      if (objection) return objection
      const { id, from, to, text } = sms
      const content = { id, from, to, text, ...smsParts(text), at: clock.now().toISOString() }
      const writing = writeOnce(folder, `${id}.json`, `${JSON.stringify(content, null, 2)}\n`)
      underWay.add(writing)
      await writing.finally(() => underWay.delete(writing))
      return { outcome: 'accepted', providerIds: [id] }
    },
    onEvent: () => () => {},
    forget: (ids) =>
      removeFiles(
        folder,
        ids.map((id) => `${id}.json`),
      ),
    async close() {
      closed = true
      await Promise.allSettled(underWay)
    },
  }
}
