import type pg from 'pg'
import { type Generated, messageInput } from './generate.ts'

/** The table that messages are simply put into, as they come. */
export const COLUMNS =
  'direction, channel, tenant_identifier, customer_identifier, provider, time, agent, tags, conversation, hours, zone, content'

const TABLE = `CREATE TABLE bare_pool (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, direction text NOT NULL, channel text NOT NULL,
  tenant_identifier text NOT NULL, customer_identifier text NOT NULL, provider text NOT NULL, time timestamptz NOT NULL,
  agent text, tags text[] NOT NULL, conversation text, hours json, zone text, content json NOT NULL)`

/** What it takes to count by period, agent, tag, conversation and customer later. */
const INDEXES = `
  CREATE INDEX ON bare_pool (time);
  CREATE INDEX ON bare_pool (agent, time);
  CREATE INDEX ON bare_pool USING gin (tags);
  CREATE INDEX ON bare_pool (provider, channel, conversation, time);
  CREATE INDEX ON bare_pool (channel, tenant_identifier, customer_identifier, time)`

export async function createBarePool(client: pg.Client, indexed: boolean): Promise<void> {
  await client.query(TABLE)
  if (indexed) await client.query(INDEXES)
}

/** Messages as COPY takes them. */
export function copyRows(messages: readonly Generated[]): Buffer {
  const cell = (value: string | null | undefined) => value ?? '\\N'
  const lines = messages.map((item) => {
    if (item.kind !== 'message') throw new Error('a resolution is no row')
    const message = messageInput(item)
    return [
      ...[message.direction, message.channel, message.tenantChannelIdentifier, message.customerChannelIdentifier],
      ...[message.provider, message.time!.toISOString(), cell(message.agent)],
      `{${message.tags!.map((tag) => `"${tag}"`).join(',')}}`,
      cell(message.conversation),
      message.businessHours ? JSON.stringify(message.businessHours) : '\\N',
      ...[cell(message.timeZone), JSON.stringify(message.content)],
    ].join('\t')
  })
  return Buffer.from(`${lines.join('\n')}\n`)
}
