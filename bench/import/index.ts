import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyIn } from '../kit/copy.ts'
import { count, perSecond } from '../kit/figures.ts'
import type { Comparison, Section, Setting } from '../kit/measurement.ts'
import { analyze } from '../kit/population.ts'
import { createDatabase, withClient } from '../kit/postgres.ts'
import { KEY, now, type Started, startSaygraph } from '../kit/processes.ts'
import { interleave, ratios } from '../kit/statistics.ts'
import { COPY_COLUMNS, copyRowsOf, csvOf, ndjsonOf, people } from './rows.ts'

const POOL = '16'
const TARGET = 0.1
/** Who is there before, so that the table is not one that was just made; at least as many as a request has. */
const SETTLED = 20_000

/** Contacts per second through `POST /contacts/import`, against COPY into the same table. */
export async function importing({ quick }: Setting): Promise<Section> {
  const rows = quick ? 10_000 : 20_000
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-bench-'))
  const database = await createDatabase()
  let server: Started | undefined
  try {
    server = await startSaygraph({ DATABASE_POOL: POOL, DATA_DIR: folder, DATABASE_URL: database.url })
    const { port } = server
    let next = 0
    const fresh = (amount = rows) => {
      const persons = people(next, amount)
      next += amount
      return persons
    }
    await send(port, 'format=csv', csvOf(fresh(SETTLED)), { created: SETTLED })
    await analyze(database.url)

    const results = await interleave(quick ? 3 : 5, {
      csv: () => send(port, 'format=csv', csvOf(fresh()), { created: rows }),
      ndjson: () => send(port, 'format=ndjson', ndjsonOf(fresh()), { created: rows }),
      matched: () => send(port, 'format=csv&matchBy=externalKey', csvOf(fresh()), { created: rows }),
      again: () => send(port, 'format=csv&matchBy=externalKey', csvOf(people(0, rows)), { updated: rows }),
      copy: () => copy(database.url, fresh()),
    })

    const compare = (what: string, name: string, target?: number): Comparison => ({
      what,
      ratio: ratios(results[name]!, results.copy!),
      ours: perSecond(results[name]!),
      theirs: perSecond(results.copy!),
      ...(target === undefined ? {} : { target }),
    })
    return {
      title: 'Import',
      text: [
        `${count(rows)} new contacts with nine fields each in one request to \`POST /contacts/import\`, from its first byte to its answer. Ours reads the body as a stream, judges every field, reads telephone numbers by their numbering plans, looks for people who have a number, key or address already, and commits each 500 rows with an event and its place for continuing.`,
        'The floor is one `COPY contact FROM STDIN` of the rows that such an import leaves, ready made, into the same table with the same indexes and foreign keys, by one connection in one transaction.',
      ],
      comparisons: [
        compare('CSV, against COPY', 'csv', TARGET),
        compare('NDJSON, against COPY', 'ndjson', TARGET),
        compare('CSV matched by a key that nobody has yet, against COPY', 'matched', TARGET),
        compare('CSV matched by the keys of people who are there, who stay as they are, against COPY', 'again'),
      ],
      figures: [],
    }
  } finally {
    await server?.stop()
    await database.drop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Contacts per second. Throws unless the import ended as expected. */
async function send(
  port: number,
  query: string,
  body: Buffer,
  expected: { created?: number; updated?: number },
): Promise<number> {
  const started = now()
  const response = await fetch(`http://127.0.0.1:${port}/contacts/import?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
    body: new Uint8Array(body),
  })
  const summary = (await response.json()) as { created: number; updated: number; failed: number; rowsDone: number }
  const seconds = (now() - started) / 1_000
  const { created = 0, updated = 0 } = expected
  if (summary.created !== created || summary.updated !== updated || summary.failed !== 0) {
    throw new Error(`the import ended otherwise: ${JSON.stringify(summary)}`)
  }
  return summary.rowsDone / seconds
}

/** Ours counts from 1; these numbers nobody reaches. */
let nextLegacyId = 1_000_000_000

function copy(url: string, persons: ReturnType<typeof people>): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM workspace')
    const data = copyRowsOf(persons, rows[0]!.id, nextLegacyId)
    nextLegacyId += persons.length
    const started = now()
    await copyIn(client, `COPY contact (${COPY_COLUMNS}) FROM STDIN`, data)
    return persons.length / ((now() - started) / 1_000)
  })
}
