import { domainToASCII } from 'node:url'
import { sql } from '../../db/sql.ts'
import { isUuid } from '../../platform/ids.ts'
import { type BounceReport, idOfMessageId, parseBounce } from '../../providers/email/index.ts'
import { recordOptOuts } from '../contacts/index.ts'
import type { World } from '../world.ts'
import { change, type MessagePlace, type Reception } from './record-receipt.ts'

interface Place extends MessagePlace {
  address: string | null
  contactId: string
}

/**
 * Records what came to the return path, a whole message (RFC 5322): a bounce fails the message that it names, and a
 * complaint opts its receiver out of e-mail. It is believed only about a message that was sent to the address it speaks
 * of. Anything else, such as the answer of an absence, is `unknown`.
 */
export async function recordBounce(world: World, raw: Uint8Array): Promise<Reception> {
  const report = parseBounce(raw)
  const message = report && (await messageOf(world, report))
  if (!report || !message || message.address === null) return 'unknown'
  const isMeant = (address: string | undefined) => address !== undefined && sameAddress(address, message.address!)
  if (report.kind === 'complaint') {
    // Many complaints hide the address; the id of a message is nothing that one could guess.
    if (report.recipients.length > 0 && !report.recipients.some(isMeant)) return 'unknown'
    await world.events.write(message.workspaceId, (tx, emit) =>
      recordOptOuts(world, tx, emit, message.workspaceId, message.contactId, [
        { channel: 'email', address: message.address! },
      ]),
    )
    return 'recorded'
  }
  const status = report.recipients.find((each) => isMeant(each.recipient) || isMeant(each.originalRecipient))
  if (!status) return 'unknown'
  if (message.state === 'queued') return 'early'
  const at = world.clock.now()
  if (status.action === 'failed') {
    const detail = status.diagnostic ? `${status.status} ${status.diagnostic}` : status.status
    await change(world, message, async (_, batch, rows) => batch.bounced(...rows, { reason: 'bounced', detail }, at))
  } else if (status.action === 'delivered') {
    await change(world, message, async (_, batch, rows) => batch.delivered(...rows, at))
  }
  return 'recorded'
}

async function messageOf(world: World, report: BounceReport): Promise<Place | undefined> {
  const named = [report.envelopeId, report.messageId && idOfMessageId(report.messageId)]
  const ids = named.filter((id): id is string => id !== undefined && isUuid(id))
  const [message] = await world.db.query<Place>(
    sql`SELECT m.id, m.workspace_id AS "workspaceId", m.campaign_id AS "campaignId", m.contact_id AS "contactId",
               m.state::text, m.address
        FROM outbound_message m
        JOIN campaign c ON c.workspace_id = m.workspace_id AND c.id = m.campaign_id AND c.kind = 'email_broadcast'
        WHERE m.id = ANY(${ids}::uuid[]) LIMIT 1`,
  )
  return message
}

function sameAddress(a: string, b: string): boolean {
  const normal = (address: string) => {
    const at = address.lastIndexOf('@')
    return `${address.slice(0, at).toLowerCase()}@${domainToASCII(address.slice(at + 1))}`
  }
  return normal(a) === normal(b)
}
