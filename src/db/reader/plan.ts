import { decodeRows } from './decode.ts'
import type { Model } from './model.ts'
import { isLeaf, isObject, type OutlineObject, readOutline } from './outline.ts'
import { rowOf, rowsSql, sourceSql } from './selection.ts'
import { Statement } from './statement.ts'
import { Unsupported } from './unsupported.ts'
import { rowsOf } from './where.ts'
import { windowOf } from './window.ts'

export const READ_METHODS = [
  'findMany',
  'findFirst',
  'findFirstOrThrow',
  'findUnique',
  'findUniqueOrThrow',
  'count',
] as const
export type ReadMethod = (typeof READ_METHODS)[number]

/** A compiled read: one statement for every call whose arguments have its shape. */
export interface Plan {
  text: string
  /** Throws `Unsupported` when a value does not fit its column. */
  bind(workspaceId: string, leaves: unknown[]): unknown[]
  /** Makes the result of the rows, each of which has one column, `j`. */
  decode(rows: { j: unknown }[]): unknown
}

/** Compiles the shape of arguments (shape.ts). Throws `Unsupported`. */
export function compile(model: Model, method: ReadMethod, key: string): Plan {
  const args = readOutline(key)
  if (method === 'findMany') return findMany(model, args)
  if (method === 'count') return count(model, args)
  if (method === 'findFirst' || method === 'findFirstOrThrow') return findFirst(model, args)
  return findUnique(model, args)
}

function findMany(model: Model, { select, include, where, ...rest }: OutlineObject): Plan {
  const statement = new Statement()
  const alias = statement.alias()
  const rows = rowsOf(statement, model, alias, where)
  const { condition, clauses, reversed } = windowOf(statement, model, alias, rest)
  const { sql, decode } = rowOf(statement, model, alias, { ...(select && { select }), ...(include && { include }) })
  return {
    text: `SELECT ${rowsSql(sql)} AS j FROM ${sourceSql(model, alias, rows + condition, clauses)}`,
    bind: statement.parameters.binder(),
    decode: ([row]) => decodeRows(row!.j as unknown[], decode, reversed),
  }
}

function findFirst(model: Model, { select, include, where, ...rest }: OutlineObject, unique = false): Plan {
  const statement = new Statement()
  const alias = statement.alias()
  const rows = rowsOf(statement, model, alias, where, unique)
  const { condition, clauses } = windowOf(statement, model, alias, rest, 1)
  const { sql, decode } = rowOf(statement, model, alias, { ...(select && { select }), ...(include && { include }) })
  return {
    text: `SELECT ${sql} AS j FROM ${sourceSql(model, alias, rows + condition, clauses)}`,
    bind: statement.parameters.binder(),
    decode: ([row]) => (row === undefined ? null : decode(row.j as unknown[])),
  }
}

function findUnique(model: Model, args: OutlineObject): Plan {
  const { select, include, where, ...rest } = args
  if (Object.keys(rest).length > 0) throw new Unsupported('an order or a page of a single row')
  if (!isObject(where)) throw new Unsupported('no key')
  const keys = Object.keys(where).filter((name) => model.singleKeys.has(name))
  const compound = Object.keys(where).some((name) => model.compoundKeys.has(name))
  if (keys.length === 0 && !compound) throw new Unsupported('no key')
  if (!keys.every((name) => isLeaf(where[name]))) throw new Unsupported('a key that is no value')
  return findFirst(model, args, true)
}

function count(model: Model, { where, ...rest }: OutlineObject): Plan {
  if (Object.keys(rest).length > 0) throw new Unsupported('a count of a page, or of fields')
  const statement = new Statement()
  const alias = statement.alias()
  return {
    text: `SELECT count(*)::int4 AS j FROM ${model.table} ${alias} WHERE ${rowsOf(statement, model, alias, where)}`,
    bind: statement.parameters.binder(),
    decode: ([row]) => row!.j,
  }
}
