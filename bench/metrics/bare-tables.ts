import type pg from 'pg'
import { copyIn } from '../kit/copy.ts'
import type { Generated } from './generate.ts'
import { AGENTS, AUTOMATIC_REPLY, CHANNELS, contentOf, HOURS, PAID_TEMPLATE, TAGS } from './workspace.ts'

/**
 * The messages as an engineer would keep them who counts when asked: one table of them, with small numbers for what comes
 * again and again, and what hardly costs anything beside it.
 */
const TABLES = `
  CREATE TABLE bare_channel (id smallint PRIMARY KEY, channel text NOT NULL, provider text NOT NULL,
                             tenant_identifier text NOT NULL);
  CREATE TABLE bare_agent (id smallint PRIMARY KEY, name text NOT NULL);
  CREATE TABLE bare_tag (id smallint PRIMARY KEY, name text NOT NULL);
  CREATE TABLE bare_hours (id smallint PRIMARY KEY, zone text NOT NULL);
  CREATE TABLE bare_opening (hours smallint NOT NULL, dow smallint NOT NULL, opens time NOT NULL, closes time NOT NULL);
  CREATE TABLE bare_thread (id int NOT NULL, channel smallint NOT NULL, customer text NOT NULL, country text);
  CREATE TABLE bare_message (
    id bigint NOT NULL, time timestamptz(3) NOT NULL, conversation int NOT NULL, thread int NOT NULL, agent smallint,
    channel smallint NOT NULL, hours smallint, sent boolean NOT NULL, automatic boolean NOT NULL, paid boolean NOT NULL,
    tags smallint[] NOT NULL, content json NOT NULL);
  CREATE TABLE bare_resolution (conversation int NOT NULL, time timestamptz(3) NOT NULL, agent smallint,
                                tags smallint[] NOT NULL)`

const INDEXES = [
  'ALTER TABLE bare_thread ADD PRIMARY KEY (id)',
  'ALTER TABLE bare_message ADD PRIMARY KEY (id)',
  'CREATE INDEX ON bare_message (time)',
  'CREATE INDEX ON bare_message (agent, time)',
  'CREATE INDEX ON bare_message (conversation, time, id)',
  'CREATE INDEX ON bare_message (thread, time, id)',
  'CREATE INDEX ON bare_message USING gin (tags)',
  'ALTER TABLE bare_resolution ADD PRIMARY KEY (conversation)',
  'CREATE INDEX ON bare_resolution (time)',
  'CREATE INDEX ON bare_resolution USING gin (tags)',
]

const ROWS_AT_ONCE = 20_000

export async function createBareTables(client: pg.Client): Promise<void> {
  await client.query(TABLES)
  const fill = (table: string, rows: unknown[][]) =>
    copyIn(client, `COPY ${table} FROM STDIN`, Buffer.from(rows.map((row) => `${row.join('\t')}\n`).join('')))
  await fill(
    'bare_channel',
    CHANNELS.map(({ channel, provider, tenantChannelIdentifier }, n) => [
      n,
      channel,
      provider,
      tenantChannelIdentifier,
    ]),
  )
  await fill('bare_agent', [...AGENTS.entries()])
  await fill('bare_tag', [...TAGS.entries()])
  await fill('bare_hours', [...HOURS.map(({ timeZone }) => timeZone).entries()])
  await fill(
    'bare_opening',
    HOURS.flatMap(({ days }, hours) =>
      Object.entries(days).flatMap(([day, times]) =>
        Array.from({ length: times.length / 2 }, (_, n) => [hours, day, times[2 * n], times[2 * n + 1]]),
      ),
    ),
  )
}

/** Built once all is loaded for the first time, as is fastest. */
export async function indexBareTables(client: pg.Client): Promise<void> {
  for (const statement of INDEXES) await client.query(statement)
}

/** Loads by COPY. */
export class BareLoader {
  readonly #client: pg.Client
  /** Numbers of threads by person and channel. */
  readonly #threads = new Map<number, number>()
  readonly #rows: Record<'bare_message' | 'bare_resolution' | 'bare_thread', string[]> = {
    bare_message: [],
    bare_resolution: [],
    bare_thread: [],
  }

  constructor(client: pg.Client) {
    this.#client = client
  }

  async add(item: Generated): Promise<void> {
    const { n, channel, person, customer } = item.conversation
    const time = new Date(item.time).toISOString()
    const agent = item.agent ?? '\\N'
    if (item.kind === 'resolution') {
      this.#rows.bare_resolution.push(`${n}\t${time}\t${agent}\t{${item.tags}}\n`)
      return
    }
    const key = person * CHANNELS.length + channel
    let thread = this.#threads.get(key)
    if (thread === undefined) {
      thread = this.#threads.size
      this.#threads.set(key, thread)
      this.#rows.bare_thread.push(`${thread}\t${channel}\t${customer.identifier}\t${customer.country ?? '\\N'}\n`)
    }
    const { sent, tags } = item
    const [automatic, paid] = [tags.includes(AUTOMATIC_REPLY), tags.includes(PAID_TEMPLATE)]
    this.#rows.bare_message.push(
      `${item.n}\t${time}\t${n}\t${thread}\t${agent}\t${channel}\t${item.hours ?? '\\N'}\t${sent}\t${automatic}\t${paid}\t{${tags}}\t${JSON.stringify(contentOf(item.n))}\n`,
    )
    if (this.#rows.bare_message.length >= ROWS_AT_ONCE) await this.flush()
  }

  async flush(): Promise<void> {
    for (const [table, rows] of Object.entries(this.#rows)) {
      if (rows.length > 0) await copyIn(this.#client, `COPY ${table} FROM STDIN`, Buffer.from(rows.join('')))
      rows.length = 0
    }
  }
}
