import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { perSecond } from '../kit/figures.ts'
import type { Section, Setting } from '../kit/measurement.ts'
import { analyze, graphql } from '../kit/population.ts'
import { createDatabase, withClient } from '../kit/postgres.ts'
import { now, type Started, startProcess, startSaygraph } from '../kit/processes.ts'
import { interleave, ratios } from '../kit/statistics.ts'

const RECEIVERS = 4
/** Our own limit for one receiver. */
const AT_A_TIME = 20
const POOL = '16'

const SUBSCRIBE = `mutation ($url: URL!) {
  createWebhook(input: { url: $url, eventTypes: [RESPONSE_SUBMITTED] }) { __typename } }`

/** From a burst in the log to the last request that a receiver has taken. */
export async function webhooks({ quick }: Setting): Promise<Section> {
  const events = quick ? 300 : 900
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-bench-'))
  const [ours, theirs] = [await createDatabase(), await createDatabase()]
  const processes: Started[] = []
  const start = async (file: string, env: Record<string, string>) => {
    const started = await startProcess(new URL(file, import.meta.url).pathname, env)
    processes.push(started)
    return started
  }
  try {
    const receiver = await start('./receiver.ts', {})
    const urls = Array.from({ length: RECEIVERS }, (_, n) => `http://127.0.0.1:${receiver.port}/${n}`)
    const env = { DATABASE_POOL: POOL, DATA_DIR: folder, WEBHOOK_ALLOW: '127.0.0.1' }
    const server = await startSaygraph({ ...env, DATABASE_URL: ours.url })
    processes.push(server)
    const floor = await start('./floor.ts', { DATABASE_POOL: POOL, DATABASE_URL: theirs.url })
    for (const url of urls) await graphql(server.port, SUBSCRIBE, { url })
    await analyze(ours.url)

    const total = events * RECEIVERS
    async function timed(begin: () => Promise<unknown>): Promise<number> {
      await receiver.call('expect', total)
      const started = now()
      const [, ended] = await Promise.all([begin(), receiver.call<number>('reached')])
      return (total / (ended - started)) * 1_000
    }
    const results = await interleave(quick ? 3 : 7, {
      ours: () => timed(() => withClient(ours.url, (client) => client.query(BURST, [events]))),
      floor: async () => {
        const job = { urls, events, concurrency: RECEIVERS * AT_A_TIME }
        await floor.call('fill', job)
        return timed(() => floor.call('run', job))
      },
    })
    return {
      title: 'Webhooks',
      text: [
        `${events} events that happen at once go to ${RECEIVERS} receivers, each of which answers at once: from the append to the last of ${total} requests. Ours reads the log for each receiver, makes rows, keeps the order per response, judges the address of each connection, signs, and records each attempt.`,
        `The floor finds its rows made already, claims them with SKIP LOCKED, posts ${RECEIVERS * AT_A_TIME} at a time, signs, and records each in a transaction with an insert and an update.`,
      ],
      comparisons: [
        {
          what: 'deliveries, against a bare loop over a table',
          ratio: ratios(results.ours!, results.floor!),
          ours: perSecond(results.ours!),
          theirs: perSecond(results.floor!),
        },
      ],
      figures: [],
    }
  } finally {
    await Promise.all(processes.map((one) => one.stop()))
    await ours.drop()
    await theirs.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Events of responses of their own, appended and told of as another process would. */
const BURST = `WITH head AS (
    UPDATE event_head SET position = position + $1::int RETURNING workspace_id, position - $1::int AS base
  ), appended AS (
    INSERT INTO event (workspace_id, position, id, type, stream_id, occurred_at, payload)
    SELECT head.workspace_id, head.base + n, gen_random_uuid(), 'response.submitted', NULL, now(),
           jsonb_build_object('linkId', gen_random_uuid(), 'responseId', gen_random_uuid(),
                              'respondentId', gen_random_uuid(), 'channel', 'web')
    FROM head, generate_series(1, $1::int) AS n
  )
  SELECT pg_notify('saygraph_events', '')`
