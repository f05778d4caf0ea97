import { type DecodeRow, decoderOf, type Field, rowSql } from './decode.ts'
import type { Column, Model, Relation } from './model.ts'
import { isObject, type Outline, type OutlineObject } from './outline.ts'
import type { Statement } from './statement.ts'
import { Unsupported } from './unsupported.ts'
import { relatedTo, rowsOf } from './where.ts'
import { windowOf } from './window.ts'

/** A row as PostgreSQL builds it and as it is read. */
export interface Row {
  sql: string
  decode: DecodeRow
}

interface Part {
  sql: string
  field: Field
}

/** What `select` or `include` ask of the row of `model` under `alias`. */
export function rowOf(statement: Statement, model: Model, alias: string, { select, include }: OutlineObject): Row {
  if (select !== undefined && include !== undefined) throw new Unsupported('select together with include')
  const parts: Part[] = []
  if (select === undefined) for (const column of model.columns.values()) parts.push(scalarPart(column, alias))
  for (const [name, node] of Object.entries(named(select ?? include))) {
    const column = select === undefined ? undefined : model.columns.get(name)
    const relation = model.relations.get(name)
    if (column && node === true) parts.push(scalarPart(column, alias))
    else if (relation) parts.push(relationPart(statement, relation, alias, argumentsOf(node)))
    else if (name === '_count') parts.push(countPart(statement, model, alias, node))
    else throw new Unsupported(`the selection ${name} of ${model.name}`)
  }
  return row(parts)
}

function row(parts: Part[]): Row {
  if (parts.length === 0) throw new Unsupported('an empty selection')
  return { sql: rowSql(parts.map((part) => part.sql)), decode: decoderOf(parts.map((part) => part.field)) }
}

function scalarPart(column: Column, alias: string): Part {
  if (
    column.kind === 'unreadable' ||
    (column.list && (column.kind === 'date' || column.kind === 'bigint' || column.kind === 'bytes'))
  ) {
    throw new Unsupported(`the field ${column.field}, of a type that is not read here`)
  }
  const name = `${alias}.${column.name}`
  if (column.list) return { sql: name, field: { name: column.field, as: 'list' } }
  // As text: a JSON number would be rounded when it is read.
  if (column.kind === 'bigint') return { sql: `${name}::text`, field: { name: column.field, as: 'bigint' } }
  if (column.kind === 'bytes') return { sql: `encode(${name}, 'base64')`, field: { name: column.field, as: 'bytes' } }
  return { sql: name, field: { name: column.field, as: column.kind === 'date' ? 'date' : 'value' } }
}

function relationPart(statement: Statement, relation: Relation, parent: string, args: OutlineObject): Part {
  const { select, include, where, ...window } = args
  const { target } = relation
  const alias = statement.alias()
  const rows = `${relatedTo(relation, alias, parent)} AND ${rowsOf(statement, target, alias, where)}`
  if (!relation.list) {
    if (Object.keys(window).length > 0) throw new Unsupported('an order or a page of a single row')
    if (where !== undefined && relation.required) throw new Unsupported('where for a row that is always there')
    const { sql, decode } = rowOf(statement, target, alias, args)
    return {
      sql: `(SELECT ${sql} FROM ${target.table} ${alias} WHERE ${rows})`,
      field: { name: relation.field, as: 'row', row: decode },
    }
  }
  // Prisma looks for it among the rows of the parent, or not, depending on the number of parents.
  if (window.cursor !== undefined) throw new Unsupported('a cursor within a relation')
  const { clauses, reversed } = windowOf(statement, target, alias, window)
  const { sql, decode } = rowOf(statement, target, alias, args)
  return {
    sql: `(SELECT ${rowsSql(sql)} FROM ${sourceSql(target, alias, rows, clauses)})`,
    field: { name: relation.field, as: 'rows', row: decode, reversed },
  }
}

/** The rows as one JSON array, in the order of the source. */
export function rowsSql(row: string): string {
  return `coalesce(json_agg(${row}), '[]')`
}

/** The rows come from a subquery when they have an order, so that only the chosen ones are turned into JSON. */
export function sourceSql(model: Model, alias: string, rows: string, clauses: string): string {
  if (clauses === '') return `${model.table} ${alias} WHERE ${rows}`
  return `(SELECT ${alias}.* FROM ${model.table} ${alias} WHERE ${rows}${clauses}) ${alias}`
}

function countPart(statement: Statement, model: Model, parent: string, node: Outline): Part {
  const { select, ...rest }: OutlineObject = node === true ? { select: everyList(model) } : argumentsOf(node)
  if (Object.keys(rest).length > 0) throw new Unsupported('an argument of _count')
  const counts = Object.entries(named(select)).map(([name, each]): Part => {
    const relation = model.relations.get(name)
    if (!relation?.list) throw new Unsupported(`the count of ${name}`)
    const { where, ...others } = argumentsOf(each)
    if (Object.keys(others).length > 0) throw new Unsupported('an argument of a count')
    const alias = statement.alias()
    const rows = `${relatedTo(relation, alias, parent)} AND ${rowsOf(statement, relation.target, alias, where)}`
    return {
      sql: `(SELECT count(*) FROM ${relation.target.table} ${alias} WHERE ${rows})`,
      field: { name, as: 'value' },
    }
  })
  const { sql, decode } = row(counts)
  return { sql, field: { name: '_count', as: 'row', row: decode } }
}

function everyList(model: Model): OutlineObject {
  return Object.fromEntries([...model.relations.values()].filter(({ list }) => list).map(({ field }) => [field, true]))
}

function argumentsOf(node: Outline): OutlineObject {
  if (node === true) return {}
  return named(node)
}

function named(node: Outline | undefined): OutlineObject {
  if (node === undefined) return {}
  if (!isObject(node)) throw new Unsupported('a value where a selection belongs')
  return node
}
