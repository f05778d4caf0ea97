import { createServer } from 'node:http'
import pg from 'pg'
import { serve } from '../kit/rpc.ts'

/**
 * The floor: rows that wait are claimed with SKIP LOCKED, as many at a time as ours judges, and each is then updated as
 * often as told, by prepared statements on a pool. No rules, no calls, no log, no counting, nobody to dial.
 */
interface Job {
  /** Of each row, the claim being the first. */
  updates: number
  /** All rows of a claim by one statement, rather than each by its own. */
  batched: boolean
}

const CLAIMED_AT_ONCE = 100
/** Claims that are worked on at the same time. */
const AT_A_TIME = 3

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.DATABASE_POOL) })

async function claim(): Promise<string[]> {
  const { rows } = await pool.query({
    name: 'claim',
    text: `UPDATE waiting SET state = 'queued', attempts = attempts + 1, updated_at = now()
           WHERE id IN (SELECT id FROM waiting WHERE state = 'waiting' ORDER BY ready_at, id
                        LIMIT ${CLAIMED_AT_ONCE} FOR UPDATE SKIP LOCKED)
           RETURNING id`,
  })
  return rows.map(({ id }) => id)
}

async function work(ids: readonly string[], { updates, batched }: Job): Promise<void> {
  const text = 'UPDATE waiting SET state = $2, updated_at = now() WHERE id = ANY($1::uuid[])'
  const update = (some: readonly string[], n: number) =>
    pool.query({ name: 'update', text, values: [some, `state-${n}`] })
  for (let n = 2; n <= updates; n++) {
    if (batched) await update(ids, n)
    else await Promise.all(ids.map((id) => update([id], n)))
  }
}

serve({
  async make() {
    await pool.query(`CREATE TABLE waiting (id uuid PRIMARY KEY, state text NOT NULL, attempts int NOT NULL,
                        ready_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
                      CREATE INDEX ON waiting (ready_at, id) WHERE state = 'waiting'`)
  },
  async fill(count: number) {
    await pool.query('TRUNCATE waiting')
    await pool.query(
      `INSERT INTO waiting SELECT gen_random_uuid(), 'waiting', 0, now(), now() FROM generate_series(1, $1::int)`,
      [count],
    )
  },
  async run(job: Job) {
    const lane = async () => {
      for (let ids = await claim(); ids.length > 0; ids = await claim()) await work(ids, job)
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, lane))
  },
})

// Only says that it is there.
createServer((_request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
