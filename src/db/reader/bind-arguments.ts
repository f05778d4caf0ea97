import { escapeLike } from './encode.ts'
import type { Model, Relation } from './model.ts'

type Json = Record<string, unknown>

/**
 * The same arguments for Prisma itself, bound to the workspace: at the root, in every nested list and in the filters
 * that look for a related row. To-one relations need nothing, since foreign keys hold the workspace. It also brings
 * the two differences on purpose that the reader has from Prisma: wildcards in a text to look for stand for
 * themselves, and null for a relation means that there is none.
 * What is malformed stays as it is, for Prisma to refuse.
 */
export function bindArguments(model: Model, args: unknown, workspaceId: string): Json {
  const bound = args === undefined ? {} : { ...(args as Json) }
  bound.where = inWorkspace(model, bound.where, workspaceId)
  if (isPlain(bound.cursor) && model.name !== 'Workspace') bound.cursor = { ...bound.cursor, workspaceId }
  return withSelections(model, bound, workspaceId)
}

function withSelections(model: Model, args: Json, workspaceId: string): Json {
  const bound = { ...args }
  for (const name of ['select', 'include']) {
    const selection = bound[name]
    if (isPlain(selection))
      bound[name] = mapValues(selection, (value, field) => selected(model, field, value, workspaceId))
  }
  return bound
}

function selected(model: Model, field: string, value: unknown, workspaceId: string): unknown {
  if (field === '_count') {
    const lists = [...model.relations.values()].filter(({ list }) => list)
    const all = Object.fromEntries(lists.map((relation) => [relation.field, true]))
    return value === true
      ? withSelections(model, { select: all }, workspaceId)
      : isPlain(value)
        ? withSelections(model, value, workspaceId)
        : value
  }
  const relation = model.relations.get(field)
  if (!relation || (value !== true && !isPlain(value))) return value
  if (relation.list) return bindArguments(relation.target, value === true ? undefined : value, workspaceId)
  return value === true ? value : withNestedWhere(relation.target, value, workspaceId)
}

function withNestedWhere(model: Model, args: Json, workspaceId: string): Json {
  const bound = withSelections(model, args, workspaceId)
  if (isPlain(bound.where)) bound.where = filter(model, bound.where, workspaceId)
  return bound
}

function inWorkspace(model: Model, where: unknown, workspaceId: string): unknown {
  const bound = { [model.workspace.field]: workspaceId }
  if (where === undefined) return bound
  // Whatever it is, it must not stand alone.
  if (!isPlain(where)) return { ...bound, AND: [where] }
  const named = filter(model, where, workspaceId)
  const and = named.AND === undefined ? [] : Array.isArray(named.AND) ? named.AND : [named.AND]
  return { ...named, AND: [bound, ...and] }
}

function filter(model: Model, where: Json, workspaceId: string): Json {
  return mapValues(where, (value, name) => {
    const nested = (each: unknown) => (isPlain(each) ? filter(model, each, workspaceId) : each)
    if (name === 'AND' || name === 'OR' || name === 'NOT')
      return Array.isArray(value) ? value.map(nested) : nested(value)
    const relation = model.relations.get(name)
    if (relation) return relationFilter(relation, value, workspaceId)
    return model.columns.get(name)?.kind === 'text' && isPlain(value) ? escaped(value) : value
  })
}

function relationFilter(relation: Relation, value: unknown, workspaceId: string): unknown {
  const { target } = relation
  const absent = nullRelation(relation, value)
  if (absent) {
    if (isPlain(value) && Object.keys(value).length > 1) throw new Error('null together with another relation filter')
    return absent
  }
  if (!isPlain(value)) return value
  const nested = (each: unknown) => (isPlain(each) ? filter(target, each, workspaceId) : each)
  if (relation.list) {
    return mapValues(value, (each, name) =>
      (name === 'some' || name === 'none') && each !== undefined
        ? inWorkspace(target, each, workspaceId)
        : nested(each),
    )
  }
  return 'is' in value || 'isNot' in value ? mapValues(value, nested) : nested(value)
}

/** A filter for rows whose relation is there, or not: what Prisma makes of null is never true (where.ts). */
function nullRelation(relation: Relation, value: unknown): Json | undefined {
  if (relation.list || relation.required) return undefined
  if (value === null || (isPlain(value) && value.is === null)) return { isNot: {} }
  return isPlain(value) && value.isNot === null ? { is: {} } : undefined
}

const PATTERNS = new Set(['contains', 'startsWith', 'endsWith'])

function escaped(operators: Json, insensitive = operators.mode === 'insensitive'): Json {
  return mapValues(operators, (value, name) => {
    if (name === 'not' && isPlain(value)) return escaped(value, insensitive)
    const pattern = PATTERNS.has(name) || (insensitive && (name === 'equals' || name === 'not'))
    return pattern && typeof value === 'string' ? escapeLike(value) : value
  })
}

function mapValues(object: Json, map: (value: unknown, name: string) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value, name)]))
}

function isPlain(value: unknown): value is Json {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
