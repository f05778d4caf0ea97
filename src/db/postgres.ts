import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import type { Logger } from '../platform/logger.ts'
import type { Database, Tx } from './database.ts'
import { PrismaClient } from './generated/prisma/client.ts'

const { Client, Pool, types } = pg
const INT8 = 20
const DATE = 1082
const INT8_ARRAY: number = 1016

/** Positions and counts stay far below 2^53; dates stay text, because they are days and not instants. */
const parsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') => {
    if (oid === INT8) return Number
    if (oid === DATE) return (text: string) => text
    if (oid === INT8_ARRAY) return (text: string) => types.getTypeParser(oid, 'text')(text).map(Number)
    return types.getTypeParser(oid, format as 'text')
  }) as pg.CustomTypesConfig['getTypeParser'],
}

/** Texts of statements are few, since they come from templates; past this many a text is sent unprepared. */
const MAX_PREPARED = 500
const RECONNECT_MS = 500

export interface PostgresOptions {
  url: string
  /** Connections in the pool. Default 16. */
  poolSize?: number
  logger: Logger
}

/** A pool on a PostgreSQL server. Throws when the server cannot be reached. */
export async function openPostgres({ url, poolSize = 16, logger }: PostgresOptions): Promise<Database> {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    types: parsers,
    // A transaction's first statement goes out with its BEGIN, the last with its COMMIT; whatever else is awaited singly.
    pipeline: true,
    // Prisma's adapter takes every timestamp for UTC, whatever the session's zone.
    onConnect: (client) => client.query("SET TIME ZONE 'UTC'"),
  } as pg.PoolConfig & { pipeline: boolean; onConnect(client: pg.ClientBase): Promise<unknown> })
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle database connection failed'))
  const probe = await pool.connect()
  probe.release()
  const names = new Map<string, string>()
  const open = new AsyncLocalStorage<true>()

  function checkOutside(): void {
    if (open.getStore()) throw new Error('a query outside the open transaction: use the one given to you')
  }

  function prepared(statement: Sql): pg.QueryConfig {
    const text = statement.text
    let name = names.get(text)
    if (name === undefined && names.size < MAX_PREPARED) {
      name = createHash('sha1').update(text).digest('base64')
      names.set(text, name)
    }
    return { name, text, values: statement.values as unknown[] }
  }

  return {
    kind: 'postgres',
    prisma: new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) }),
    async query<Row extends object>(statement: Sql) {
      checkOutside()
      return (await pool.query<Row>(prepared(statement))).rows
    },
    async transaction<T>(run: (tx: Tx) => Promise<T>, lastly?: () => readonly Sql[]) {
      if (open.getStore()) throw new Error('a transaction within a transaction: pass the open one on')
      const client = await pool.connect()
      let broken: Error | undefined
      // The pool listens to idle connections only, and an error that nobody listens to ends the process.
      const onError = (error: Error) => {
        broken = error
      }
      client.on('error', onError)
      const tx: Tx = {
        inTransaction: true,
        query: async <Row extends object>(statement: Sql) => (await client.query<Row>(prepared(statement))).rows,
        raw: (text, values) => runRaw(client, text, values),
        script: async (text) => {
          await client.query(text)
        },
      }
      try {
        const begun = client.query('BEGIN')
        // What goes wrong with it goes wrong with the first statement as well, which is the one that is told of.
        begun.catch(() => {})
        const result = await open.run(true, () => run(tx))
        await begun
        const last = (lastly?.() ?? []).map((statement) => client.query(prepared(statement)))
        const committed = client.query('COMMIT')
        // All are on their way; what went wrong first says more than what the others make of it.
        for (const sent of [...last, committed]) sent.catch(() => {})
        for (const sent of last) await sent
        const { command } = await committed
        // The server's answer when a statement failed and its error was swallowed.
        if (command !== 'COMMIT') throw new Error('the transaction was rolled back: one of its statements failed')
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch((failure) => {
          broken = failure
        })
        throw error
      } finally {
        client.off('error', onError)
        client.release(broken)
      }
    },
    async raw(text, values) {
      checkOutside()
      // A failed query costs the pool this connection, so a transaction that the text left open ends with it.
      return runRaw(pool, text, values)
    },
    async script(text) {
      checkOutside()
      await pool.query(text)
    },
    async listen(channel, onNews) {
      let closed = false
      let current: pg.Client | undefined
      async function connect(): Promise<void> {
        const client = new Client({ connectionString: url, keepAlive: true })
        client.on('notification', (message) => onNews(message.payload ?? ''))
        client.on('error', (error) => logger.warn({ err: error }, 'the listening connection failed'))
        try {
          await client.connect()
          await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
        } catch (error) {
          await client.end().catch(() => {})
          throw error
        }
        if (closed) return client.end()
        current = client
        // Only now, since an attempt that failed also ends, and has somebody who tries again already.
        client.on('end', () => {
          if (!closed) void reconnect()
        })
      }
      async function reconnect(): Promise<void> {
        while (!closed) {
          await sleep(RECONNECT_MS)
          if (closed) return
          try {
            await connect()
            onNews('') // whatever was said while nobody listened
            return
          } catch (error) {
            logger.warn({ err: error }, 'cannot listen to the database yet')
          }
        }
      }
      await connect()
      return async () => {
        closed = true
        await current?.end()
      }
    },
    async notify(channel, payload) {
      checkOutside()
      await pool.query({ name: 'notify', text: 'SELECT pg_notify($1, $2)', values: [channel, payload] })
    },
    async close() {
      await pool.end()
    },
  }
}

async function runRaw<Row extends object>(
  session: pg.Pool | pg.PoolClient,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  // Several statements make several results, which the types of pg do not tell.
  const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await session.query<Row>(text, [...values])
  return Array.isArray(result) ? result.flatMap((one) => one.rows) : result.rows
}
