import { sql } from '../../db/sql.ts'
import { recordOptOuts } from '../contacts/index.ts'
import type { TokenSigner } from '../responses/index.ts'
import type { World } from '../world.ts'

interface Sent {
  workspaceId: string
  workspaceName: string
  contactId: string
  address: string | null
}

/** Where the receiver of an e-mail ends them, by the id of the message. */
export function unsubscribePath(signer: TokenSigner, messageId: string): string {
  return `/unsubscribe/${signer.sign('unsubscribe', messageId)}`
}

/** Whose e-mails a token ends; undefined for one that is none. Changes nothing. */
export async function readUnsubscribe(
  world: World,
  signer: TokenSigner,
  token: string,
): Promise<{ workspaceName: string } | undefined> {
  const sent = await find(world, signer, token)
  return sent && { workspaceName: sent.workspaceName }
}

/**
 * Opts the receiver of an e-mail out of all e-mail of its workspace (RFC 8058). Doing it again changes nothing; of a person
 * who was erased nothing is left to opt out. Undefined for a token that is none.
 */
export async function unsubscribe(
  world: World,
  signer: TokenSigner,
  token: string,
): Promise<{ workspaceName: string } | undefined> {
  const sent = await find(world, signer, token)
  if (!sent) return undefined
  const { workspaceId, workspaceName, contactId, address } = sent
  if (address !== null) {
    await world.events.write(workspaceId, (tx, emit) =>
      recordOptOuts(world, tx, emit, workspaceId, contactId, [{ channel: 'email', address }]),
    )
  }
  return { workspaceName }
}

async function find({ db }: World, signer: TokenSigner, token: string): Promise<Sent | undefined> {
  const id = signer.verify('unsubscribe', token)
  if (id === undefined) return undefined
  const [sent] = await db.query<Sent>(
    sql`SELECT m.workspace_id AS "workspaceId", w.name AS "workspaceName", m.contact_id AS "contactId", m.address
        FROM outbound_message m
        JOIN workspace w ON w.id = m.workspace_id
        JOIN campaign c ON c.workspace_id = m.workspace_id AND c.id = m.campaign_id AND c.kind = 'email_broadcast'
        WHERE m.id = ${id}::uuid`,
  )
  return sent
}
