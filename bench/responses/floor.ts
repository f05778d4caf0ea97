import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'
import type { Throughput } from '../kit/repeat.ts'
import { serve } from '../kit/rpc.ts'

/**
 * The floor: the rows that one response leaves behind, written by the same five transactions with prepared statements
 * straight on a pool, without HTTP, tokens, validation, reads or locks. With `events`, each transaction ends by
 * appending as many events as ours, under the lock of the log's head.
 */
interface Job {
  connections: number
  ms: number
  events: boolean
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL) })

const APPEND = `WITH head AS (
    UPDATE event_head SET position = position + $2::int WHERE workspace_id = $1 RETURNING position - $2::int AS base
  )
  INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
  SELECT $1, head.base + e.n, e.id, 'response.answered', $3, now(), $4
  FROM head, unnest($5::uuid[]) WITH ORDINALITY AS e(id, n)`

async function respond(job: Job, workspaceId: string, link: { id: string; questions: string[] }): Promise<void> {
  const transaction = async (statements: [name: string, text: string, values: unknown[]][], events: number) => {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      for (const [name, text, values] of statements) await client.query({ name, text, values })
      if (job.events) {
        const ids = Array.from({ length: events }, () => randomUUID())
        const payload = { linkId: link.id, responseId: response, respondentId: respondent, channel: 'web' }
        await client.query({ name: 'append', text: APPEND, values: [workspaceId, events, link.id, payload, ids] })
      }
      await client.query('COMMIT')
    } finally {
      client.release()
    }
  }
  const respondent = randomUUID()
  const response = randomUUID()
  await transaction(
    [
      [
        'respondent',
        `INSERT INTO respondent (id, workspace_id, legacy_id, link_id, contact_id, status, created_at, updated_at)
         VALUES ($1, $2, nextval('bench_legacy_id'), $3, NULL, 'created', now(), now())`,
        [respondent, workspaceId, link.id],
      ],
      [
        'response',
        `INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, started_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, 'web', 'started', now(), now())`,
        [response, workspaceId, link.id, respondent, randomUUID()],
      ],
    ],
    2,
  )
  for (const [n, question] of link.questions.entries()) {
    await transaction(
      [
        [
          'answer',
          `INSERT INTO answer (id, workspace_id, response_id, question_id, field_key, question_text, question_type,
                               "order", value, text, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, 'What should we do better next time?', 'text', $6, $7, $8, now(), now())`,
          [randomUUID(), workspaceId, response, question, `field_${n}`, n, '"Shorter queues"', 'Shorter queues'],
        ],
      ],
      1,
    )
  }
  await transaction(
    [
      [
        'complete',
        "UPDATE response SET status = 'completed', submitted_at = now(), updated_at = now() WHERE id = $1",
        [response],
      ],
    ],
    2,
  )
}

const { rows: workspaces } = await pool.query('SELECT id FROM workspace')
await pool.query('CREATE SEQUENCE IF NOT EXISTS bench_legacy_id START 100000000')
const { rows: links } = await pool.query<{ id: string; questions: string[] }>(
  `SELECT link_id AS id, (array_agg(id ORDER BY "order"))[1:3] AS questions FROM question GROUP BY link_id`,
)

serve({
  async run(job: Job): Promise<Throughput> {
    const latencies: number[] = []
    const started = performance.now()
    await Promise.all(
      Array.from({ length: job.connections }, async (_, worker) => {
        for (let before = started; before - started < job.ms; ) {
          await respond(job, workspaces[0].id, links[worker % links.length]!)
          const after = performance.now()
          latencies.push(after - before)
          before = after
        }
      }),
    )
    const seconds = (performance.now() - started) / 1_000
    latencies.sort((a, b) => a - b)
    const at = (share: number) => latencies[Math.floor((latencies.length - 1) * share)]!
    return { count: latencies.length, perSecond: latencies.length / seconds, p50: at(0.5), p99: at(0.99) }
  },
})

// Only says that it is there.
createServer((_request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
