import { encodeList, encodePattern } from './encode.ts'
import type { Column, Model, Relation } from './model.ts'
import { isLeaf, isObject, type Outline, type OutlineObject, Slot } from './outline.ts'
import { WORKSPACE } from './parameters.ts'
import type { Statement } from './statement.ts'
import { Unsupported } from './unsupported.ts'

/** A condition in SQL; undefined where Prisma sees none, which drops it from AND, OR and NOT. */
type Condition = string | undefined

/**
 * The rows of `model` that the workspace may see and `where` names.
 * @param unique whether the names of keys of several fields may stand at its top, as in `findUnique`
 */
export function rowsOf(
  statement: Statement,
  model: Model,
  alias: string,
  where: Outline | undefined,
  unique = false,
): string {
  const bound = `${alias}.${model.workspace.name} = ${WORKSPACE}`
  const named = where === undefined ? undefined : condition(statement, model, alias, object(where), false, true, unique)
  return named === undefined ? bound : `${bound} AND ${named}`
}

/** The rows of `relation.target`, under `alias`, that belong to the row of `parent`. */
export function relatedTo(relation: Relation, alias: string, parent: string): string {
  if (relation.on.length === 0) throw new Unsupported(`the relation ${relation.field}, which has no foreign key`)
  const pairs = relation.on
    // Both sides are bound to the workspace by themselves.
    .filter(([, there]) => there !== relation.target.workspace)
    .map(([here, there]) => `${alias}.${there.name} = ${parent}.${here.name}`)
  return [`${alias}.${relation.target.workspace.name} = ${WORKSPACE}`, ...pairs].join(' AND ')
}

/**
 * @param precise whether unknown must differ from false, which it must under a negation
 * @param top whether `where` is not itself within AND, OR or NOT: there an OR of nothing is false, deeper it is
 *   nothing, as in Prisma
 */
function condition(
  statement: Statement,
  model: Model,
  alias: string,
  where: OutlineObject,
  precise: boolean,
  top = true,
  unique = false,
): Condition {
  const nested = (node: Outline, under = precise) => condition(statement, model, alias, object(node), under, false)
  const parts = Object.entries(where).map(([name, node]) => {
    const column = model.columns.get(name)
    if (column) return scalar(statement, alias, column, node)
    const relation = model.relations.get(name)
    if (relation) return related(statement, alias, relation, node, precise)
    const key = unique ? model.compoundKeys.get(name) : undefined
    if (key) return equals(statement, alias, key, object(node))
    if (name === 'AND') return all(items(node).map((item) => nested(item)))
    if (name === 'OR' && Array.isArray(node))
      return any(node.map((item) => nested(item))) ?? (top ? 'FALSE' : undefined)
    if (name === 'NOT') return all(items(node).map((item) => not(nested(item, true))))
    throw new Unsupported(`the filter ${name} of ${model.name}`)
  })
  return all(parts)
}

/** Every column of a key, and nothing else. */
export function equals(statement: Statement, alias: string, columns: Column[], values: OutlineObject): string {
  if (Object.keys(values).length !== columns.length) throw new Unsupported('a key with other fields than its own')
  return columns
    .map((column) => {
      const value = values[column.field]
      if (!isLeaf(value) || column.list) throw new Unsupported(`a key whose ${column.field} is no value`)
      return `${alias}.${column.name} = ${statement.parameters.add(value, column.type, column.encode)}`
    })
    .join(' AND ')
}

function related(statement: Statement, alias: string, relation: Relation, node: Outline, precise: boolean): Condition {
  if (node === null) return toOne(statement, alias, relation, 'is', null, precise)
  const filter = object(node)
  const names = Object.keys(filter)
  if (names.length === 0) return undefined
  if (relation.list) return all(names.map((name) => toMany(statement, alias, relation, name, object(filter[name]!))))
  if (!('is' in filter) && !('isNot' in filter)) return toOne(statement, alias, relation, 'is', filter, precise)
  return all(names.map((name) => toOne(statement, alias, relation, name, filter[name]!, precise)))
}

function toMany(
  statement: Statement,
  alias: string,
  relation: Relation,
  operator: string,
  filter: OutlineObject,
): Condition {
  const inner = statement.alias()
  const from = `FROM ${relation.target.table} ${inner} WHERE ${relatedTo(relation, inner, alias)}`
  const named = condition(statement, relation.target, inner, filter, operator === 'every')
  const and = (part: Condition) => (part === undefined ? '' : ` AND ${part}`)
  if (operator === 'some') return `EXISTS (SELECT 1 ${from}${and(named)})`
  if (operator === 'none') return `NOT EXISTS (SELECT 1 ${from}${and(named)})`
  // A row for which the filter is unknown does not count against `every`.
  if (operator === 'every') return `NOT EXISTS (SELECT 1 ${from} AND ${not(named) ?? 'FALSE'})`
  throw new Unsupported(`the relation filter ${operator}`)
}

function toOne(
  statement: Statement,
  alias: string,
  relation: Relation,
  operator: string,
  node: Outline,
  precise: boolean,
): string {
  if (operator !== 'is' && operator !== 'isNot') throw new Unsupported(`the relation filter ${operator}`)
  if (node === null && relation.required) throw new Unsupported(`null for the relation ${relation.field}`)
  const inner = statement.alias()
  const from = `FROM ${relation.target.table} ${inner} WHERE ${relatedTo(relation, inner, alias)}`
  const exists = `EXISTS (SELECT 1 ${from})`
  // Prisma compares all columns of the foreign key with null, the workspace's too, so for it no relation ever is null.
  if (node === null) return operator === 'is' ? `NOT ${exists}` : exists
  const named = condition(statement, relation.target, inner, object(node), precise || operator === 'isNot')
  if (operator === 'is') {
    if (named === undefined) return exists
    if (!precise) return `EXISTS (SELECT 1 ${from} AND ${named})`
    return `CASE WHEN ${exists} THEN (SELECT ${named} ${from}) ELSE FALSE END`
  }
  return named === undefined ? `NOT ${exists}` : `CASE WHEN ${exists} THEN (SELECT ${not(named)} ${from}) ELSE TRUE END`
}

function scalar(statement: Statement, alias: string, column: Column, node: Outline): Condition {
  if (column.kind === 'json' || column.kind === 'bytes' || column.kind === 'unreadable') {
    throw new Unsupported(`a filter on ${column.field}, of the kind ${column.kind}`)
  }
  const name = `${alias}.${column.name}`
  if (column.list) return listFilter(statement, name, column, object(node))
  if (!isObject(node)) return operation(statement, name, column, 'equals', node, false)
  return filters(statement, name, column, node, node.mode === 'insensitive')
}

function filters(
  statement: Statement,
  name: string,
  column: Column,
  node: OutlineObject,
  insensitive: boolean,
  each: (part: Condition) => Condition = (part) => part,
): Condition {
  if (insensitive && column.kind !== 'text') throw new Unsupported(`mode for ${column.field}`)
  const operators = Object.entries(node).filter(([operator]) => operator !== 'mode')
  return all(
    operators.map(([operator, value]) => each(operation(statement, name, column, operator, value, insensitive))),
  )
}

const COMPARISONS = new Map([
  ['lt', '<'],
  ['lte', '<='],
  ['gt', '>'],
  ['gte', '>='],
])
const WILDCARDS = new Map<string, readonly [before: string, after: string]>([
  ['contains', ['%', '%']],
  ['startsWith', ['', '%']],
  ['endsWith', ['%', '']],
])

function operation(
  statement: Statement,
  name: string,
  column: Column,
  operator: string,
  node: Outline,
  insensitive: boolean,
): Condition {
  const { parameters } = statement
  if (operator === 'not' && isObject(node)) {
    // What Prisma makes of a double negation is not two of them.
    if ('mode' in node || 'not' in node) throw new Unsupported('not within not, or mode')
    return filters(statement, name, column, node, insensitive, not)
  }
  if (operator === 'equals' || operator === 'not') {
    const equal = operator === 'equals'
    if (node === null) {
      if (column.required) throw new Unsupported(`null for ${column.field}`)
      return `${name} IS ${equal ? '' : 'NOT '}NULL`
    }
    if (insensitive) return `${name} ${equal ? '' : 'NOT '}ILIKE ${pattern(statement, node, '', '')}`
    return `${name} ${equal ? '=' : '<>'} ${parameters.add(leaf(node), column.type, column.encode)}`
  }
  if ((operator === 'in' || operator === 'notIn') && !insensitive && column.kind !== 'boolean') {
    if (!(node instanceof Slot && node.kind === 'list')) throw new Unsupported(`${operator} with no list`)
    // The array type of an enum is unknown to the embedded database's client.
    const type = column.kind === 'enum' ? `text[]::${column.type}[]` : `${column.type}[]`
    const list = parameters.add(node, type, encodeList(column.encode))
    return operator === 'in' ? `${name} = ANY(${list})` : `${name} <> ALL(${list})`
  }
  const comparison = COMPARISONS.get(operator)
  if (comparison && !insensitive && column.kind !== 'boolean' && column.kind !== 'enum') {
    return `${name} ${comparison} ${parameters.add(leaf(node), column.type, column.encode)}`
  }
  const wildcards = WILDCARDS.get(operator)
  if (wildcards && column.kind === 'text') {
    return `${name} ${insensitive ? 'ILIKE' : 'LIKE'} ${pattern(statement, node, ...wildcards)}`
  }
  throw new Unsupported(`the filter ${operator} on ${column.field}${insensitive ? ' (insensitive)' : ''}`)
}

function listFilter(statement: Statement, name: string, column: Column, node: OutlineObject): Condition {
  return all(
    Object.entries(node).map(([operator, value]) => {
      if (operator !== 'has') throw new Unsupported(`the list filter ${operator}`)
      return `${name} @> ARRAY[${statement.parameters.add(leaf(value), column.type, column.encode)}]`
    }),
  )
}

function pattern(statement: Statement, node: Outline, before: string, after: string): string {
  return statement.parameters.add(leaf(node), 'text', encodePattern(before, after))
}

function leaf(node: Outline): Slot {
  if (!isLeaf(node)) throw new Unsupported('a filter without a single value')
  return node
}

function object(node: Outline): OutlineObject {
  if (!isObject(node)) throw new Unsupported('a value where a filter belongs')
  return node
}

function items(node: Outline): Outline[] {
  return Array.isArray(node) ? node : [node]
}

function not(part: Condition): Condition {
  return part === undefined ? undefined : `(NOT ${part})`
}

function all(parts: Condition[]): Condition {
  const present = parts.filter((part) => part !== undefined)
  return present.length > 1 ? `(${present.join(' AND ')})` : present[0]
}

function any(parts: Condition[]): Condition {
  const present = parts.filter((part) => part !== undefined)
  return present.length > 1 ? `(${present.join(' OR ')})` : present[0]
}
