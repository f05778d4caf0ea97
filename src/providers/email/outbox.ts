import { access, constants, mkdir } from 'node:fs/promises'
import type { Clock } from '../../platform/clock.ts'
import { removeFiles, writeOnce } from '../sending/index.ts'
import { composeEmail } from './compose.ts'
import { type EmailSender, messageIdOf, objectionTo } from './email.ts'

/** Messages as files `{id}.eml` in `folder`, which is made when the first one is sent. Nobody is mailed. */
export function outboxEmail(folder: string, clock: Clock): EmailSender {
  const underWay = new Set<Promise<void>>()
  let closed = false
  return {
    sendsOnce: true,
    async send(email) {
      if (closed) throw new Error('The e-mail sender is closed')
      const objection = objectionTo(email)
      if (objection) return objection
      const writing = composeEmail(email, clock.now()).then((raw) => writeOnce(folder, `${email.id}.eml`, raw))
      underWay.add(writing)
      await writing.finally(() => underWay.delete(writing))
      return { outcome: 'accepted', messageId: messageIdOf(email), response: `written to ${email.id}.eml` }
    },
    async verify() {
      try {
        await mkdir(folder, { recursive: true })
        await access(folder, constants.W_OK)
        return undefined
      } catch (error) {
        return (error as Error).message
      }
    },
    forget: (ids) =>
      removeFiles(
        folder,
        ids.map((id) => `${id}.eml`),
      ),
    async close() {
      closed = true
      await Promise.allSettled(underWay)
    },
  }
}
