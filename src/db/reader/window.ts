import type { Column, Model } from './model.ts'
import { isLeaf, isObject, type Outline, type OutlineObject, Slot } from './outline.ts'
import type { Statement } from './statement.ts'
import { Unsupported } from './unsupported.ts'
import { equals, rowsOf } from './where.ts'

interface Ordering {
  column: Column
  descending: boolean
  nulls: 'first' | 'last' | undefined
}

/** Which of the rows, and in which order. */
export interface Window {
  /** What to add to the condition, because of a cursor. */
  condition: string
  /** ORDER BY, LIMIT and OFFSET. */
  clauses: string
  /** The rows come in the opposite order: a negative `take` counts from the end. */
  reversed: boolean
}

export interface WindowArguments {
  orderBy?: Outline
  take?: Outline
  skip?: Outline
  cursor?: Outline
}

/** @param limit what the method itself allows, as `findFirst` does one */
export function windowOf(
  statement: Statement,
  model: Model,
  alias: string,
  { orderBy, take, skip, cursor }: WindowArguments,
  limit?: 1,
): Window {
  const reversed = take instanceof Slot && take.kind === 'negative'
  let orderings = readOrder(model, orderBy)
  const paged = take !== undefined || skip !== undefined || cursor !== undefined
  // As Prisma does, so that pages do not depend on where rows happen to lie.
  if (orderings.length === 0 && paged) {
    orderings = model.primaryKey.map((column) => ({ column, descending: false, nulls: undefined }))
  }
  const condition =
    cursor === undefined ? '' : ` AND ${fromCursor(statement, model, alias, orderings, cursor, reversed)}`
  const clauses: string[] = []
  if (orderings.length > 0)
    clauses.push(`ORDER BY ${orderings.map((each) => orderTerm(alias, each, reversed)).join(', ')}`)
  if (take instanceof Slot) {
    clauses.push(`LIMIT ${statement.parameters.add(take, 'int8', (value) => takeOf(value as number, limit))}`)
  } else if (limit !== undefined) {
    clauses.push(`LIMIT ${limit}`)
  }
  if (skip instanceof Slot) clauses.push(`OFFSET ${statement.parameters.add(skip, 'int8', (value) => value)}`)
  return { condition, clauses: clauses.map((clause) => ` ${clause}`).join(''), reversed }
}

function takeOf(take: number, limit: number | undefined): number {
  const size = Math.abs(take)
  if (limit !== undefined && size !== limit) throw new Unsupported(`a take of ${take} where there is one row`)
  return size
}

function readOrder(model: Model, orderBy: Outline | undefined): Ordering[] {
  if (orderBy === undefined) return []
  return (Array.isArray(orderBy) ? orderBy : [orderBy]).flatMap((item) => {
    if (!isObject(item)) throw new Unsupported('an order that is no object')
    const entries = Object.entries(item)
    if (entries.length > 1) throw new Unsupported('an order of several fields in one object')
    return entries.map(([field, node]) => ordering(model, field, node))
  })
}

function ordering(model: Model, field: string, node: Outline): Ordering {
  const column = model.columns.get(field)
  if (!column || column.kind === 'unreadable') throw new Unsupported(`the order by ${field} of ${model.name}`)
  const { sort, nulls, ...rest }: OutlineObject = isObject(node) ? node : { sort: node }
  const known = (sort === 'asc' || sort === 'desc') && (nulls === undefined || nulls === 'first' || nulls === 'last')
  if (!known || Object.keys(rest).length > 0 || (isObject(node) && column.required)) {
    throw new Unsupported(`the order by ${field} of ${model.name}`)
  }
  return { column, descending: sort === 'desc', nulls }
}

function orderTerm(alias: string, { column, descending, nulls }: Ordering, reversed: boolean): string {
  const direction = descending !== reversed ? 'DESC' : 'ASC'
  const place = nulls === undefined ? '' : ` NULLS ${(nulls === 'first') !== reversed ? 'FIRST' : 'LAST'}`
  return `${alias}.${column.name} ${direction}${place}`
}

/** The rows at the cursor's row and after it; none when there is no such row in the workspace. */
function fromCursor(
  statement: Statement,
  model: Model,
  alias: string,
  orderings: Ordering[],
  cursor: Outline,
  reversed: boolean,
): string {
  if (orderings.some(({ column }) => !column.required || column.list)) {
    throw new Unsupported('a cursor in an order by a field that may be null')
  }
  const at = statement.alias()
  const row = `${rowsOf(statement, model, at, undefined)} AND ${cursorRow(statement, model, at, cursor)}`
  const terms = orderings.map(({ column, descending }, i) => ({
    name: `${alias}.${column.name}`,
    value: `(SELECT ${at}.${column.name} FROM ${model.table} ${at} WHERE ${row})`,
    operator: `${descending !== reversed ? '<' : '>'}${i === orderings.length - 1 ? '=' : ''}`,
  }))
  const after = terms.map(({ name, value, operator }, i) =>
    [...terms.slice(0, i).map((same) => `${same.name} = ${same.value}`), `${name} ${operator} ${value}`].join(' AND '),
  )
  return `(${after.map((each) => `(${each})`).join(' OR ')})`
}

function cursorRow(statement: Statement, model: Model, at: string, cursor: Outline): string {
  const [entry, ...more] = isObject(cursor) ? Object.entries(cursor) : []
  if (!entry || more.length > 0) throw new Unsupported('a cursor that is not one key')
  const [name, node] = entry
  const key = model.compoundKeys.get(name)
  if (key && isObject(node)) return equals(statement, at, key, node)
  if (!model.singleKeys.has(name) || !isLeaf(node)) throw new Unsupported(`the cursor ${name}`)
  return equals(statement, at, [model.columns.get(name)!], { [name]: node })
}
