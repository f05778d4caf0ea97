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

/** Positions and counts stay far below 2^53; dates stay text, because they are days and not instants. */
const parsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') => {
    if (oid === INT8) return Number
    if (oid === DATE) return (text: string) => text
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
  const pool = new Pool({ connectionString: url, max: poolSize, types: parsers })
  pool.on('error', (error) => logger.warn({ err: error }, 'an idle database connection failed'))
  const probe = await pool.connect()
  probe.release()
  const names = new Map<string, string>()
  const open = new AsyncLocalStorage<true>()

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
      if (open.getStore()) throw new Error('a query outside the open transaction: use the one given to you')
      return (await pool.query<Row>(prepared(statement))).rows
    },
    async transaction<T>(run: (tx: Tx) => Promise<T>) {
      if (open.getStore()) throw new Error('a transaction within a transaction: pass the open one on')
      const client = await pool.connect()
      let broken: Error | undefined
      const tx: Tx = {
        inTransaction: true,
        query: async <Row extends object>(statement: Sql) => (await client.query<Row>(prepared(statement))).rows,
        script: async (text) => {
          await client.query(text)
        },
      }
      try {
        await client.query('BEGIN')
        const result = await open.run(true, () => run(tx))
        await client.query('COMMIT')
        return result
      } catch (error) {
        await client.query('ROLLBACK').catch((failure) => {
          broken = failure
        })
        throw error
      } finally {
        client.release(broken)
      }
    },
    async script(text) {
      await pool.query(text)
    },
    async listen(channel, onNews) {
      let closed = false
      let current: pg.Client | undefined
      async function connect(): Promise<void> {
        const client = new Client({ connectionString: url, keepAlive: true })
        client.on('notification', (message) => onNews(message.payload ?? ''))
        client.on('error', (error) => logger.warn({ err: error }, 'the listening connection failed'))
        client.on('end', () => {
          if (!closed) void reconnect()
        })
        await client.connect()
        await client.query(`LISTEN ${client.escapeIdentifier(channel)}`)
        current = client
      }
      async function reconnect(): Promise<void> {
        while (!closed) {
          await sleep(RECONNECT_MS)
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
      await pool.query({ name: 'notify', text: 'SELECT pg_notify($1, $2)', values: [channel, payload] })
    },
    async close() {
      await pool.end()
    },
  }
}
