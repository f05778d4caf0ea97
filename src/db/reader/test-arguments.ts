import fc from 'fast-check'
import type { Column, Model, Relation } from './model.ts'

type Json = Record<string, unknown>
/** Values that columns hold, by model and field, of every workspace. */
export type Values = Map<Column, unknown[]>

const NO_FILTER = new Set(['json', 'bytes', 'unreadable'])

/** Valid arguments of `findMany` of a model, in an order that ends with the id and so is total. */
export function findManyArguments(models: Map<string, Model>, values: Values): fc.Arbitrary<[string, Json]> {
  return fc
    .constantFrom(...models.values())
    .chain((model) => fc.tuple(fc.constant(model.name), listArguments(model, values, 2)))
}

/** A valid filter of a model. */
export function filters(models: Map<string, Model>, values: Values): fc.Arbitrary<[string, Json]> {
  return fc
    .constantFrom(...models.values())
    .chain((model) => fc.tuple(fc.constant(model.name), where(model, values, 2)))
}

function listArguments(model: Model, values: Values, depth: number): fc.Arbitrary<Json> {
  const page = {
    where: where(model, values, depth),
    take: fc.integer({ min: -4, max: 6 }),
    skip: fc.integer({ min: 0, max: 3 }),
  }
  return fc
    .tuple(fc.record(page, { requiredKeys: [] }), order(model), selection(model, values, depth))
    .map(([args, orderBy, selected]) => ({ ...args, ...selected, orderBy: [...orderBy, { id: 'asc' }] }))
}

function order(model: Model): fc.Arbitrary<Json[]> {
  const columns = [...model.columns.values()].filter(({ kind }) => kind !== 'json')
  const one = fc.constantFrom(...columns).chain((column) => {
    const sort = fc.constantFrom('asc', 'desc')
    const nulls = fc.record({ sort, nulls: fc.constantFrom('first', 'last') })
    return (column.required ? sort : fc.oneof(sort, nulls)).map((way) => ({ [column.field]: way }))
  })
  return fc.array(one, { maxLength: 2 })
}

function selection(model: Model, values: Values, depth: number): fc.Arbitrary<Json> {
  const relations = depth > 0 ? [...model.relations.values()] : []
  const nested: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(
    relations.map((relation) => [relation.field, related(relation, values, depth - 1)]),
  )
  const lists = relations.filter(({ list }) => list)
  if (lists.length > 0) nested._count = counts(lists, values)
  const names = Object.keys(nested)
  const some: fc.Arbitrary<string[]> =
    names.length > 0 ? fc.array(fc.constantFrom(...names), { maxLength: 2 }) : fc.constant([])
  const include = some.chain((chosen) => fc.record(Object.fromEntries(chosen.map((name) => [name, nested[name]!]))))
  const fields = fc.subarray([...model.columns.keys()], { minLength: 1 })
  return fc.oneof(
    { weight: 1, arbitrary: include.map((chosen) => (Object.keys(chosen).length > 0 ? { include: chosen } : {})) },
    {
      weight: 2,
      arbitrary: fc.tuple(fields, include).map(([names, chosen]) => ({
        select: { ...Object.fromEntries(names.map((name) => [name, true])), ...chosen },
      })),
    },
  )
}

function related(relation: Relation, values: Values, depth: number): fc.Arbitrary<unknown> {
  if (relation.list) return listArguments(relation.target, values, depth)
  return fc.oneof(
    fc.constant(true),
    selection(relation.target, values, depth),
    ...(relation.required ? [] : [fc.record({ where: where(relation.target, values, 0) })]),
  )
}

function counts(lists: Relation[], values: Values): fc.Arbitrary<unknown> {
  const one = (relation: Relation) =>
    fc.oneof(fc.constant(true), fc.record({ where: where(relation.target, values, 1) }))
  const some = fc.subarray(lists, { minLength: 1, maxLength: Math.min(2, lists.length) })
  const select = some.chain((chosen) => fc.record(Object.fromEntries(chosen.map((each) => [each.field, one(each)]))))
  return fc.oneof(
    fc.constant(true),
    select.map((chosen) => ({ select: chosen })),
  )
}

/** Made once for each model and depth: there are many of them within each other. */
const wheres = new Map<string, fc.Arbitrary<Json>>()

function where(model: Model, values: Values, depth: number): fc.Arbitrary<Json> {
  const key = `${model.name} ${depth}`
  const made = wheres.get(key) ?? newWhere(model, values, depth)
  wheres.set(key, made)
  return made
}

function newWhere(model: Model, values: Values, depth: number): fc.Arbitrary<Json> {
  const filters: Record<string, fc.Arbitrary<unknown>> = {}
  for (const column of model.columns.values()) {
    if (!NO_FILTER.has(column.kind)) filters[column.field] = scalar(column, values.get(column) ?? [])
  }
  if (depth > 0) {
    const deeper = where(model, values, depth - 1)
    for (const relation of model.relations.values()) {
      const inner = where(relation.target, values, depth - 1)
      const operators = relation.list ? { some: inner, none: inner, every: inner } : { is: inner, isNot: inner }
      const one = fc.constantFrom(...Object.keys(operators)).chain((name) => inner.map((each) => ({ [name]: each })))
      filters[relation.field] = relation.list ? one : fc.oneof(one, inner)
    }
    filters.AND = fc.oneof(deeper, fc.array(deeper, { maxLength: 2 }))
    filters.OR = fc.array(deeper, { maxLength: 3 })
    filters.NOT = fc.oneof(deeper, fc.array(deeper, { maxLength: 2 }))
  }
  return fc
    .array(fc.constantFrom(...Object.keys(filters)), { maxLength: 2 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, filters[name]!]))))
}

function scalar(column: Column, known: unknown[]): fc.Arbitrary<unknown> {
  if (known.every((each) => each === null)) return column.required ? fc.constant({}) : fc.constant(null)
  const value = fc.constantFrom(...known.filter((each) => each !== null))
  if (column.list) return fc.record({ has: fc.constantFrom('read', 'write', 'none') })
  const nullable = column.required ? value : fc.oneof(value, fc.constant(null))
  const operators: Record<string, fc.Arbitrary<unknown>> = { equals: nullable, not: nullable }
  if (column.kind !== 'boolean') {
    operators.in = fc.array(value, { maxLength: 3 })
    operators.notIn = fc.array(value, { maxLength: 3 })
  }
  if (column.kind !== 'boolean' && column.kind !== 'enum') {
    for (const name of ['lt', 'lte', 'gt', 'gte']) operators[name] = value
  }
  const some = (from: Record<string, fc.Arbitrary<unknown>>) =>
    fc
      .array(fc.constantFrom(...Object.keys(from)), { maxLength: 2 })
      .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, from[name]!]))))
  const { not: _, ...negatable } = operators
  const choices = [nullable, some(operators), fc.record({ not: some(negatable) })]
  if (column.kind === 'text') choices.push(textFilter(value as fc.Arbitrary<string>, some))
  return fc.oneof(...choices)
}

function textFilter(
  value: fc.Arbitrary<string>,
  some: (from: Record<string, fc.Arbitrary<unknown>>) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const piece = fc.tuple(value, fc.nat(4), fc.nat(4), fc.boolean()).map(([text, start, length, lower]) => {
    const part = text.slice(start, start + length)
    return lower ? part.toLowerCase() : part
  })
  const operators = { contains: piece, startsWith: piece, endsWith: piece, equals: value, not: value }
  const mode = fc.constantFrom({}, { mode: 'insensitive' }, { mode: 'default' })
  return fc.tuple(some(operators), mode).map(([chosen, how]) => ({ ...(chosen as object), ...how }))
}
