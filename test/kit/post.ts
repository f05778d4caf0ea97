import { expect } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import {
  type CampaignDeps,
  type CreateCampaignInput,
  createCampaign,
  NO_LIMITS,
  NO_PRICES,
} from '../../src/domains/campaigns/index.ts'
import {
  createMessageSender,
  type MessageDeps,
  type MessageSender,
  recoverMessages,
} from '../../src/domains/messages/index.ts'
import type { World } from '../../src/domains/world.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { type EmailSender, type MemoryEmail, memoryEmail } from '../../src/providers/email/index.ts'
import { type MemorySms, memorySms, type SmsSender } from '../../src/providers/sms/index.ts'
import type { TestWorld } from './world.ts'

/** One process that sends messages, with the fakes of both ports. */
export interface PostOffice {
  deps: MessageDeps & CampaignDeps
  sms: MemorySms
  email: MemoryEmail
  sender: MessageSender
  /** Does all that is due at this instant of the clock. */
  work(): Promise<void>
  /** Does what becomes due, moving the clock to it, until nothing is due any more or `until` has come. */
  run(until?: Date): Promise<void>
}

export interface PostOptions {
  world?: World
  changes?: Partial<Pick<CampaignDeps, 'policy' | 'prices'>>
  sendsOnce?: boolean
  /** In place of the fakes. */
  senders?: { sms?: SmsSender; email?: EmailSender }
}

export function postOffice(
  t: TestWorld,
  { world = t.world, changes, sendsOnce = true, senders }: PostOptions = {},
): PostOffice {
  const sms = memorySms({ sendsOnce })
  const email = memoryEmail({ sendsOnce })
  const deps: PostOffice['deps'] = {
    world,
    voiceFiles: { queue: {} as never, speech: { voices: () => [] } as never },
    prices: NO_PRICES,
    policy: NO_LIMITS,
    redialAfterSeconds: 900,
    ringTimeoutMs: 45_000,
    onDue() {},
    ...changes,
    sms: senders?.sms ?? sms,
    email: senders?.email ?? email,
    logger: createLogger((process.env.TEST_LOG ?? 'silent') as 'silent'),
    from: { sms: 'Saygraph', email: { address: 'noreply@say.example', name: 'Saygraph' } },
    personalUrl: (workspace, link, id) =>
      `https://say.test/w/${workspace}/i/${link}?r=${t.signer.sign('respondent', id)}`,
    unsubscribeUrl: (id) => `https://say.example/unsubscribe/${id}`,
  }
  const sender = createMessageSender(deps)
  const work = async () => {
    for (;;) {
      const did = (await recoverMessages(deps)) + (await sender.run())
      await sender.settled()
      if (did === 0) return
    }
  }
  return {
    ...{ deps, sms, email, sender, work },
    async run(until) {
      for (;;) {
        await work()
        const [next] = await t.db.query<{ at: Date | null }>(
          sql`SELECT least((SELECT min(due_at) FROM campaign WHERE kind::text LIKE '%s_broadcast' OR kind = 'email_broadcast'),
                           (SELECT min(due_at) FROM outbound_message)) AS at`,
        )
        if (!next?.at || (until && next.at > until)) break
        if (next.at > t.clock.now()) t.clock.set(next.at)
      }
      if (until) t.clock.set(until)
    },
  }
}

let lastNumber = 10_000

/** Finnish numbers that nobody has yet. */
export function numbers(count: number): string[] {
  return Array.from({ length: count }, () => `+3584012${++lastNumber}`)
}

/** What tests of messages say all the time. */
export function postKit(t: TestWorld) {
  async function messagesOf(id: string) {
    return t.db.query<Record<string, any>>(
      sql`SELECT m.* FROM outbound_message m JOIN receiver r ON r.id = m.receiver_id
          WHERE m.campaign_id = ${id}::uuid ORDER BY r.position, m.created_at`,
    )
  }
  async function statsOf(id: string) {
    const [row] = await t.db.query<Record<string, any>>(
      sql`SELECT c.state, c.due_at, s.* FROM campaign c JOIN campaign_stats s ON s.id = c.id WHERE c.id = ${id}::uuid`,
    )
    return row!
  }
  async function spent(): Promise<number> {
    const [row] = await t.db.query<{ amount: number }>(
      sql`SELECT coalesce(sum(amount), 0)::int AS amount FROM spend WHERE workspace_id = ${t.workspaceId}::uuid`,
    )
    return row!.amount
  }
  return {
    messagesOf,
    statsOf,
    spent,

    async texts(office: PostOffice, changes: Partial<CreateCampaignInput> = {}): Promise<string> {
      const { id } = await createCampaign(office.deps, t.viewer, {
        ...{ kind: 'sms_broadcast', receivers: numbers(3).map((phone) => ({ phone })), content: { message: 'Hello' } },
        ...changes,
      })
      return id
    },

    async mails(office: PostOffice, changes: Partial<CreateCampaignInput> = {}): Promise<string> {
      const { id } = await createCampaign(office.deps, t.viewer, {
        ...{ kind: 'email_broadcast', receivers: [{ email: `person-${++lastNumber}@example.com` }] },
        content: { subject: 'News', html: '<p>Hello <b>you</b></p>' },
        ...changes,
      })
      return id
    },

    async outcomes(id: string): Promise<string[]> {
      const rows = await t.db.query<{ state: string; outcome: string | null; reason: string | null; attempts: number }>(
        sql`SELECT state, outcome, reason, attempts FROM receiver WHERE campaign_id = ${id}::uuid ORDER BY position`,
      )
      return rows.map(({ state, outcome, reason, attempts }) =>
        [outcome ?? state, reason, attempts].filter((part) => part !== null).join(' '),
      )
    },

    /** Holds the statistics, and what was spent, against what the rows say. */
    async expectExactStats(id: string) {
      const [counted] = await t.db.query<Record<string, number>>(
        sql`SELECT (SELECT count(*)::int FROM receiver WHERE campaign_id = ${id}::uuid) AS receivers,
                   (SELECT count(*)::int FROM receiver WHERE campaign_id = ${id}::uuid AND state = 'settled')
                     AS settled_receivers,
                   (count(*) FILTER (WHERE sent_at IS NOT NULL))::int AS messages_sent,
                   (count(*) FILTER (WHERE state = 'delivered'))::int AS messages_delivered,
                   (count(*) FILTER (WHERE state = 'failed'))::int AS messages_failed,
                   coalesce(sum(cost) FILTER (WHERE sent_at IS NOT NULL OR state = 'unknown'), 0)::int AS cost
            FROM outbound_message WHERE campaign_id = ${id}::uuid`,
      )
      const kept = await statsOf(id)
      expect(Object.fromEntries(Object.keys(counted!).map((name) => [name, Number(kept[name])]))).toEqual(counted)
      const [all] = await t.db.query<{ cost: number }>(
        sql`SELECT coalesce(sum(cost), 0)::int AS cost FROM outbound_message WHERE workspace_id = ${t.workspaceId}::uuid`,
      )
      expect(await spent()).toBe(all!.cost)
    },
  }
}
