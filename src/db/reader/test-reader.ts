import { beforeAll, beforeEach } from 'vitest'
import { testDatabase } from '../../../test/kit/database.ts'
import type { Database } from '../database.ts'
import { dataModel } from '../generated/data-model.ts'
import type { PrismaClient } from '../generated/prisma/client.ts'
import { createReader, type Reader, type WorkspaceReader } from './index.ts'
import { resolveModels } from './model.ts'
import type { ReadMethod } from './plan.ts'
import type { Values } from './test-arguments.ts'
import { A, populate } from './test-population.ts'

export const models = resolveModels(dataModel)

/** What the tests of one file work with; it is there once the tests run. */
export interface Bench {
  db: Database
  reader: Reader
  /** The reader of workspace A. */
  a: WorkspaceReader
  /** What the reader sent to the database in this test, and what it left to Prisma. */
  statements: { text: string; values: unknown[] }[]
  fallbacks: string[]
  values: Values
}

export function testReader(): Bench {
  const bench = { statements: [], fallbacks: [], values: new Map() } as unknown as Bench
  beforeAll(async () => {
    const db = await testDatabase()
    await populate(db)
    for (const model of models.values()) {
      const rows = (await delegate(db.prisma, model.name).findMany({})) as Record<string, unknown>[]
      for (const column of model.columns.values()) {
        bench.values.set(column, [...new Set(rows.map((row) => row[column.field]))])
      }
    }
    const query: Database['query'] = (statement) => {
      bench.statements.push(statement)
      return db.query(statement)
    }
    bench.db = db
    bench.reader = createReader({
      db: { ...db, query },
      onFallback: (model, reason) => bench.fallbacks.push(`${model}: ${reason}`),
    })
    bench.a = bench.reader.forWorkspace(A)
  })
  beforeEach(() => forget(bench))
  return bench
}

export function forget(bench: Bench): void {
  bench.statements.length = 0
  bench.fallbacks.length = 0
}

/** The delegate without its types, for arguments that are made by tests. */
export function delegate(
  client: WorkspaceReader | PrismaClient,
  model: string,
): Record<ReadMethod, (args: unknown) => Promise<unknown>> {
  return client[(model[0]!.toLowerCase() + model.slice(1)) as 'link'] as never
}

/** The filter bound to workspace A. Its AND, OR and NOT stay where they are, since Prisma treats deeper ones otherwise. */
export function mine(model: string, filter: { AND?: object | object[] } = {}): object {
  return { ...filter, AND: [{ [models.get(model)!.workspace.field]: A }, ...[filter.AND ?? []].flat()] }
}

export function bound(model: string, args: { where?: object }): object {
  return { ...args, where: mine(model, args.where) }
}
