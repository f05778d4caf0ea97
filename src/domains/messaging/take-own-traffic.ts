import type { Queryable } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { EventLog, EventType, LoggedEvent } from '../../events/index.ts'
import { ExpectedError } from '../../platform/errors.ts'
import { findAnsweredCalls } from '../calls/index.ts'
import { findSentMessages } from '../messages/index.ts'
import type { World } from '../world.ts'
import type { MessagingDeps } from './add-message.ts'
import { eachWorkspace } from './each-workspace.ts'
import type { NewMessage } from './entry.ts'

/** What the workspace is reached by where a campaign does not say, by channel. */
export interface OwnAddresses {
  sms: string
  email: string
  call: string
}

/** What tells of messages and calls, or of calls about which something became known late. */
const TELLING: readonly EventType[] = [
  ...(['outboundMessage.sent', 'inboundMessage.received', 'call.answered', 'call.ended', 'receiver.settled'] as const),
]
const WORKSPACES_A_TURN = 200
/** How many events one transaction takes. */
const BATCH = 500
const PROVIDER = 'SAYGRAPH'
const CHANNEL = { sms: 'SMS', email: 'EMAIL', call: 'VOICE' } as const

/**
 * Adds what workspaces sent and received themselves to their messages, each from its place in the event log on; the place
 * moves in the same transaction, so each counts once, whoever dies or looks at the same time. What is said stays where it
 * is. Returns how many events were taken; throws what failed once every workspace had its turn.
 */
export async function takeOwnTraffic(deps: MessagingDeps, addresses: OwnAddresses): Promise<number> {
  return eachWorkspace(await workspacesWithTraffic(deps.world.db), ({ workspaceId, position }) =>
    takeFrom(deps, addresses, workspaceId, position),
  )
}

function workspacesWithTraffic(db: Queryable): Promise<{ workspaceId: string; position: number }[]> {
  return db.query(
    sql`SELECT h.workspace_id AS "workspaceId", coalesce(p.own_traffic_position, 0) AS position
        FROM event_head h LEFT JOIN message_pool p ON p.workspace_id = h.workspace_id
        WHERE coalesce(p.own_traffic, true) AND h.position > coalesce(p.own_traffic_position, 0)
          AND EXISTS (SELECT FROM event e WHERE e.workspace_id = h.workspace_id AND e.type = ANY(${[...TELLING]}::text[])
                      AND e.position > coalesce(p.own_traffic_position, 0))
        LIMIT ${WORKSPACES_A_TURN}::int`,
  )
}

async function takeFrom(
  { world, writer }: MessagingDeps,
  addresses: OwnAddresses,
  workspaceId: string,
  position: number,
): Promise<number> {
  const page = await read(world, workspaceId, position)
  const entries = await messagesOf(world.db, workspaceId, page.events, addresses)
  try {
    await writer.write(workspaceId, entries, async (tx) => {
      const moved = await tx.query(
        sql`UPDATE message_pool SET own_traffic_position = ${page.position}::bigint
            WHERE workspace_id = ${workspaceId}::uuid AND own_traffic AND own_traffic_position = ${position}::bigint
            RETURNING 1`,
      )
      if (moved.length === 0) throw new Overtaken()
      // Whoever was erased while this was read must not come back by it.
      const present = await messagesOf(tx, workspaceId, page.events, addresses)
      if (whom(present) !== whom(entries)) throw new Overtaken()
    })
  } catch (error) {
    if (error instanceof Overtaken) return 0
    throw error
  }
  return page.events.length
}

/** Somebody else took the same, or changed what it is about, at the same time; the next turn sees what is left. */
class Overtaken extends Error {}

async function read({ events }: World, workspaceId: string, position: number): ReturnType<EventLog['read']> {
  try {
    return await events.read(workspaceId, position, BATCH, { types: TELLING })
  } catch (error) {
    if (!(error instanceof ExpectedError) || error.code !== 'CURSOR_EXPIRED') throw error
    // What the log does not hold any more cannot be counted.
    const { pruned } = await events.head(workspaceId)
    return events.read(workspaceId, pruned, BATCH, { types: TELLING })
  }
}

/** What events tell of, oldest first; nothing of who was erased meanwhile. */
async function messagesOf(
  db: Queryable,
  workspaceId: string,
  events: readonly LoggedEvent[],
  addresses: OwnAddresses,
): Promise<NewMessage[]> {
  const payloads = <Type extends EventType>(type: Type) =>
    events.flatMap((event) => (event.type === type ? [event as LoggedEvent<Type>] : []))
  const sent = payloads('outboundMessage.sent').map(({ payload }) => payload.outboundMessageId)
  const received = payloads('inboundMessage.received')
  const [calls, messages] = await Promise.all([
    findAnsweredCalls(db, workspaceId, {
      callIds: [...payloads('call.answered'), ...payloads('call.ended')].map(({ payload }) => payload.callId),
      receiverIds: payloads('receiver.settled').map(({ payload }) => payload.receiverId),
    }),
    findSentMessages(db, workspaceId, [...sent, ...received.map(({ payload }) => payload.outboundMessageId)]),
  ])
  const byId = new Map(messages.map((message) => [message.id, message]))
  return [
    ...calls.map(({ id, receiverId, phone, at }) =>
      message({ kind: 'call', id }, { at, sent: true, from: addresses.call, to: phone, receiverId }),
    ),
    ...sent.map((id) => {
      const known = byId.get(id)
      if (!known?.sentAt) return []
      const { channel, receiverId, address, sender, sentAt: at } = known
      return message(
        { kind: channel, id },
        { at, sent: true, from: sender ?? addresses[channel], to: address, receiverId },
      )
    }),
    ...received.map(({ payload: { inboundMessageId: id, outboundMessageId, receiverId }, occurredAt: at }) => {
      const { address = null, sender } = byId.get(outboundMessageId) ?? {}
      return message({ kind: 'sms', id }, { at, sent: false, from: sender ?? addresses.sms, to: address, receiverId })
    }),
  ]
    .flat()
    .sort((a, b) => a.at - b.at)
}

function message(
  own: NonNullable<NewMessage['own']>,
  what: { at: Date; sent: boolean; from: string; to: string | null; receiverId: string },
): NewMessage[] {
  const { at, sent, from, to, receiverId } = what
  if (to === null) return []
  return [
    {
      ...{ type: 'message', own, sent, at: at.getTime(), provider: PROVIDER, channel: CHANNEL[own.kind] },
      ...{ tenantIdentifier: from, customerIdentifier: to, conversation: receiverId },
      ...{
        tenant: null,
        agent: null,
        tags: [],
        automatic: false,
        paid: false,
        hours: null,
        content: null,
        extra: null,
      },
    },
  ]
}

function whom(messages: readonly NewMessage[]): string {
  return messages.map(({ own, customerIdentifier }) => `${own!.id} ${customerIdentifier}`).join('\n')
}
