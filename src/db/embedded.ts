import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { PrismaPGlite } from 'pglite-prisma-adapter'
import type { Sql } from 'sql-template-tag'
import type { Database, Tx } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { PrismaClient } from './generated/prisma/client.ts'

const INT8 = 20
const DATE = 1082

/** Same results as the pool on a server gives (postgres.ts). */
const parsers: NonNullable<PGliteOptions['parsers']> = { [INT8]: Number, [DATE]: (text: string) => text }

export interface EmbeddedOptions {
  /** Where the data lives; absent: in memory, gone with the process. */
  folder?: string
  /** A data folder made by `dumpDataDir` to start from. */
  template?: Blob
}

/**
 * PostgreSQL inside this process (PGlite): one session, so statements run one after another, and a second process must
 * not open the same folder (it would destroy data), which a lock prevents. It does not fsync: a machine that loses
 * power may lose the last moments. Throws `FolderInUseError`.
 */
export async function openEmbedded({ folder, template }: EmbeddedOptions): Promise<Database> {
  let unlock = () => {}
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    unlock = lockFolder(folder)
  }
  try {
    const pglite = await PGlite.create({
      ...(folder === undefined ? {} : { dataDir: join(folder, 'postgres') }),
      ...(template === undefined ? {} : { loadDataDir: template }),
      parsers,
    })
    return embeddedDatabase(pglite, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

/** @internal The database over an open PGlite, for `openEmbedded` and for tests that hold the PGlite themselves. */
export function embeddedDatabase(pglite: PGlite, onClose: () => void = () => {}): Database {
  const open = new AsyncLocalStorage<true>()
  function checkOutside(): void {
    if (open.getStore()) throw new Error('a query outside the open transaction: use the one given to you')
  }
  const parameters = (statement: Sql) => statement.values as unknown[]
  return {
    kind: 'embedded',
    prisma: new PrismaClient({ adapter: new PrismaPGlite(pglite) }),
    async query<Row extends object>(statement: Sql) {
      checkOutside()
      return (await pglite.query<Row>(statement.text, parameters(statement))).rows
    },
    async transaction<T>(run: (tx: Tx) => Promise<T>, lastly?: () => readonly Sql[]) {
      if (open.getStore()) throw new Error('a transaction within a transaction: pass the open one on')
      let ranScript = false
      const done = pglite.transaction((inner) =>
        open.run(true, async () => {
          const query = async <Row extends object>(statement: Sql) =>
            (await inner.query<Row>(statement.text, parameters(statement))).rows
          const result = await run({
            inTransaction: true,
            query,
            raw: (text, values) => runRaw(inner, text, values),
            script: async (text) => {
              ranScript = true
              await inner.exec(text)
            },
          })
          for (const statement of lastly?.() ?? []) await query(statement)
          return result
        }),
      ) as Promise<T>
      const result = await done
      // It may have made types, and PGlite knows the arrays of those only that were there when it was opened.
      if (ranScript) await pglite.refreshArrayTypes()
      return result
    },
    async raw(text, values) {
      checkOutside()
      // The only session must not be left in a transaction that failed, nor let anybody in before that is undone.
      if (/^\s*BEGIN\b/i.test(text)) return pglite.transaction((inner) => runRaw(inner, text, values))
      return runRaw(pglite, text, values)
    },
    async script(text) {
      checkOutside()
      await pglite.exec(text)
      await pglite.refreshArrayTypes()
    },
    async listen(channel, onNews) {
      return pglite.listen(channel, onNews)
    },
    async notify(channel, payload) {
      checkOutside()
      await pglite.query('SELECT pg_notify($1, $2)', [channel, payload])
    },
    async close() {
      await pglite.close()
      onClose()
    },
  }
}

async function runRaw<Row extends object>(
  session: Pick<PGlite, 'query' | 'exec'>,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  if (values.length > 0) return (await session.query<Row>(text, [...values])).rows
  return (await session.exec(text)).flatMap((result) => result.rows as Row[])
}
