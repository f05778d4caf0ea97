import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import { Agent, request } from 'undici'
import { serve } from '../kit/rpc.ts'

/**
 * The floor: rows that wait are claimed with SKIP LOCKED, posted with as many requests at a time as ours makes, signed,
 * and each is updated and logged in a transaction of its own, with prepared statements straight on a pool. It has no
 * log to read from, no order, no guard of addresses, no health of receivers and no rows of its own to make.
 */
interface Job {
  urls: string[]
  /** Of each receiver. */
  events: number
  concurrency: number
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL) })
await pool.query(`CREATE TABLE waiting (id uuid PRIMARY KEY, url text NOT NULL, payload jsonb NOT NULL, state text NOT NULL, due_at timestamptz);
                  CREATE INDEX ON waiting (due_at) WHERE state = 'pending';
                  CREATE TABLE attempted (id uuid PRIMARY KEY, waiting_id uuid NOT NULL REFERENCES waiting, status int NOT NULL)`)
const agent = new Agent({ connections: 256 })

async function deliver(row: { id: string; url: string; payload: object }): Promise<void> {
  const body = JSON.stringify({ type: 'response.submitted', data: row.payload })
  const signature = createHmac('sha256', 'secret').update(body).digest('base64')
  const headers = { 'content-type': 'application/json', 'webhook-id': row.id, 'webhook-signature': `v1,${signature}` }
  const answer = await request(row.url, { method: 'POST', headers, body, dispatcher: agent })
  await answer.body.dump()
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const attempt = { name: 'log', text: 'INSERT INTO attempted VALUES ($1, $2, $3)' }
    await client.query({ ...attempt, values: [randomUUID(), row.id, answer.statusCode] })
    const done = { name: 'done', text: "UPDATE waiting SET state = 'done', due_at = NULL WHERE id = $1" }
    await client.query({ ...done, values: [row.id] })
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

serve({
  async fill({ urls, events }: Job) {
    await pool.query('TRUNCATE waiting CASCADE')
    await pool.query(
      `INSERT INTO waiting SELECT gen_random_uuid(), url, '{"linkId": "00000000-0000-0000-0000-000000000000"}', 'pending', now()
       FROM unnest($1::text[]) AS url, generate_series(1, $2::int)`,
      [urls, events],
    )
  },
  async run({ concurrency }: Job) {
    const running = new Set<Promise<void>>()
    for (;;) {
      const room = concurrency - running.size
      const { rows } = await pool.query({
        name: 'claim',
        text: `UPDATE waiting SET due_at = now() + interval '15 seconds'
               WHERE id IN (SELECT id FROM waiting WHERE state = 'pending' AND due_at <= now()
                            ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
               RETURNING id, url, payload`,
        values: [room],
      })
      for (const row of rows) {
        const one: Promise<void> = deliver(row).then(() => void running.delete(one))
        running.add(one)
      }
      if (running.size === 0) return
      await Promise.race(running)
    }
  },
})

// Only says that it is there.
createServer((_request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
