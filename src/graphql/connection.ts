import type { InterfaceRef, ObjectRef } from '@pothos/core'
import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { ExpectedError, type Issue, ValidationError } from '../platform/errors.ts'
import { isUuid } from '../platform/ids.ts'
import { isStorable } from '../platform/validation.ts'
import type { NodeModel } from './batches.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'

type ExtendedTypes = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer Types> ? Types : never

export const MAX_PAGE = 100

export interface PageArgs {
  first?: number | null
  last?: number | null
  after?: string | null
  before?: string | null
}

/** A total order of a list: by one column, ties by id. Nulls come last whichever the direction. */
export interface Order {
  /** Part of every cursor, so that a cursor made for one order is refused by another. */
  name: string
  column: string
  direction: 'asc' | 'desc'
  type: 'instant' | 'text' | 'integer'
  nullable?: boolean
}

type Where = Record<string, unknown>
type Row = { id: string } & Record<string, unknown>

export interface KeysetQuery {
  where: Where
  orderBy: Record<string, unknown>[]
  /** One more than the page, to know whether it is the last one. */
  take: number
}

interface Place {
  value: unknown
  id: string
}

/**
 * The query for one page: a comparison with the cursor's own values, so that neither deletions nor insertions shift
 * the pages, and no page costs more than the first. Throws VALIDATION_FAILED unless exactly one of `first` and `last`
 * is given, from 1 to 100, and INVALID_CURSOR.
 */
export function keysetQuery(args: PageArgs, order: Order, workspaceId: string, where: Where = {}): KeysetQuery {
  const { size, backward } = pageSize(args)
  const after = args.after == null ? undefined : decode(args.after, order, workspaceId, 'after')
  const before = args.before == null ? undefined : decode(args.before, order, workspaceId, 'before')
  const bounds = [after && beyond(after, order, false), before && beyond(before, order, true)].filter(
    (bound) => !!bound,
  )
  const direction = backward ? opposite(order.direction) : order.direction
  const column = order.nullable ? { sort: direction, nulls: backward ? 'first' : 'last' } : direction
  return {
    where: bounds.length === 0 ? where : { AND: [where, ...bounds] },
    orderBy: order.column === 'id' ? [{ id: direction }] : [{ [order.column]: column }, { id: direction }],
    take: size + 1,
  }
}

/** The rows that `keysetQuery` found, as a Relay connection. */
export function connectionOf<Node extends Row>(
  rows: readonly Node[],
  args: PageArgs,
  order: Order,
  workspaceId: string,
  totalCount: () => Promise<number>,
) {
  const { size, backward } = pageSize(args)
  const more = rows.length > size
  const page = rows.slice(0, size)
  if (backward) page.reverse()
  const edges = page.map((node) => ({
    node,
    get cursor() {
      return encode(node, order, workspaceId)
    },
  }))
  return {
    edges,
    totalCount,
    pageInfo: {
      hasNextPage: backward ? args.before != null : more,
      hasPreviousPage: backward ? more : args.after != null,
      get startCursor() {
        return edges[0]?.cursor ?? null
      },
      get endCursor() {
        return edges.at(-1)?.cursor ?? null
      },
    },
  }
}

/** The places that the cursors of a page name, for lists that no model holds. Throws as `keysetQuery` does. */
export function keysetPlaces(args: PageArgs, order: Order, workspaceId: string) {
  const { size, backward } = pageSize(args)
  return {
    after: args.after == null ? null : decode(args.after, order, workspaceId, 'after'),
    before: args.before == null ? null : decode(args.before, order, workspaceId, 'before'),
    /** One more than the page, to know whether it is the last one. */
    take: size + 1,
    backward,
  }
}

/** The same for lists whose values are each there once: the values alone. */
export function keysetBounds(args: PageArgs, order: Order, workspaceId: string) {
  const { after, before, ...page } = keysetPlaces(args, order, workspaceId)
  return { after: after?.value ?? null, before: before?.value ?? null, ...page }
}

/** Segments are objects: a nested selection takes them as they are and finds nothing under plain names. */
export const NODE_PATHS = [[{ name: 'edges' }, { name: 'node' }], [{ name: 'nodes' }]]

/** A connection at the root or over any filter: one statement for the page, one more only if `totalCount` is asked for. */
export async function rootConnection<Node extends Row>(
  model: {
    findMany(args: KeysetQuery & { select?: object; include?: object }): Promise<Node[]>
    count(args: { where: Where }): Promise<number>
  },
  typeName: string,
  args: PageArgs,
  order: Order,
  where: Where,
  context: Context,
  info: GraphQLResolveInfo,
) {
  const { workspaceId } = context.viewer
  const query = queryFromInfo({
    context,
    info,
    typeName,
    paths: NODE_PATHS,
    select: { id: true, [order.column]: true },
  })
  const rows = await model.findMany({ ...query, ...keysetQuery(args, order, workspaceId, where) })
  return connectionOf(rows, args, order, workspaceId, () => model.count({ where }))
}

/** The `select` of a field that is a connection over a relation: the page is loaded with its parent, in one statement. */
function relationSelect<Relation extends string>(
  relation: Relation,
  typeName: string,
  query: KeysetQuery,
  order: Order,
  nestedSelection: unknown,
): Record<Relation, true> {
  const nested = nestedSelection as (selection: object, path: object) => true
  const selection = { ...query, select: { id: true, [order.column]: true } }
  return { [relation]: nested(selection, { getType: () => typeName, paths: NODE_PATHS }) } as Record<Relation, true>
}

/** Two parts of the options of a field that is a connection over a relation of its parent. */
interface RelationPage<Relation extends string, Args> {
  /** The page comes with the parent, in one statement. */
  select(args: PageArgs & Args, context: Context, nestedSelection: unknown): Record<Relation, true>
  /** The total is counted where it is asked for, for many parents at once. */
  resolve<Node extends Row>(
    parent: { id: string } & Record<Relation, readonly Node[]>,
    args: PageArgs & Args,
    context: Context,
  ): ReturnType<typeof connectionOf<Node>>
}

/** A connection over a relation of its parent, narrowed by `where`; both order and filter may follow the field's arguments. */
export function relationPage<Relation extends string>(
  parentModel: NodeModel,
  relation: Relation,
  typeName: string,
  order: Order,
  where?: Where,
): RelationPage<Relation, object>
export function relationPage<Relation extends string, Args extends object>(
  parentModel: NodeModel,
  relation: Relation,
  typeName: string,
  order: Order | ((args: Args) => Order),
  where: (args: Args) => object,
): RelationPage<Relation, Args>
export function relationPage<Relation extends string, Args extends object>(
  parentModel: NodeModel,
  relation: Relation,
  typeName: string,
  order: Order | ((args: Args) => Order),
  where: Where | ((args: Args) => object) = {},
): RelationPage<Relation, Args> {
  const orderOf = typeof order === 'function' ? order : () => order
  const whereOf = typeof where === 'function' ? where : () => where
  return {
    select(args, { viewer }, nestedSelection) {
      const query = keysetQuery(args, orderOf(args), viewer.workspaceId, { ...whereOf(args) })
      return relationSelect(relation, typeName, query, orderOf(args), nestedSelection)
    },
    resolve: (parent, args, { viewer, batches }) =>
      connectionOf(parent[relation], args, orderOf(args), viewer.workspaceId, () =>
        batches.count(parentModel, relation, parent.id, whereOf(args)),
      ),
  }
}

function pageSize({ first, last }: PageArgs): { size: number; backward: boolean } {
  const backward = first == null
  const size = backward ? last : first
  if (size == null || (first != null && last != null)) {
    throw refusal(first == null ? 'first' : 'last', 'required', 'give either `first` or `last`')
  }
  if (size < 1 || size > MAX_PAGE) {
    throw refusal(backward ? 'last' : 'first', size < 1 ? 'too_small' : 'too_large', `must be from 1 to ${MAX_PAGE}`)
  }
  return { size, backward }
}

function refusal(argument: string, rule: string, message: string): ValidationError {
  const issue: Issue = { path: [argument], rule, message }
  return new ValidationError([issue])
}

/** Rows that come after the place in this order, or before it. */
function beyond({ value, id }: Place, { column, direction, nullable }: Order, towardsFront: boolean): Where {
  const comparison = (direction === 'asc') === towardsFront ? 'lt' : 'gt'
  if (column === 'id') return { id: { [comparison]: id } }
  const tie = { [column]: value, id: { [comparison]: id } }
  if (value === null) return towardsFront ? { OR: [tie, { [column]: { not: null } }] } : tie
  const further = [{ [column]: { [comparison]: value } }, tie]
  return { OR: nullable && !towardsFront ? [...further, { [column]: null }] : further }
}

function opposite(direction: Order['direction']): Order['direction'] {
  return direction === 'asc' ? 'desc' : 'asc'
}

function encode(row: Row, order: Order, workspaceId: string): string {
  const value = row[order.column]
  const plain = value instanceof Date ? value.toISOString() : value
  return Buffer.from(JSON.stringify([order.name, workspaceId, plain, row.id])).toString('base64url')
}

function decode(cursor: string, order: Order, workspaceId: string, argument: string): Place {
  const invalid = () =>
    new ExpectedError('INVALID_CURSOR', 'This is not a cursor of this list in this order.', { path: [argument] })
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    throw invalid()
  }
  if (!Array.isArray(parts) || parts.length !== 4) throw invalid()
  const [name, workspace, plain, id] = parts
  if (name !== order.name || workspace !== workspaceId || typeof id !== 'string' || !isUuid(id)) throw invalid()
  const value = parseValue(plain, order)
  if (value === undefined) throw invalid()
  return { value, id }
}

/** As cursors have them; years that the database does not know are not among them. */
const INSTANT = /^(?!0000)\d{4}-/

/** The value of a cursor as the column's type; undefined when it is none. */
function parseValue(plain: unknown, { type, nullable }: Order): unknown {
  if (plain === null) return nullable ? null : undefined
  switch (type) {
    case 'instant': {
      if (typeof plain !== 'string' || !INSTANT.test(plain)) return undefined
      const instant = new Date(plain)
      return Number.isNaN(instant.getTime()) || instant.toISOString() !== plain ? undefined : instant
    }
    case 'text':
      return typeof plain === 'string' && isStorable(plain) ? plain : undefined
    case 'integer':
      return Number.isInteger(plain) && Math.abs(plain as number) < 2 ** 31 ? plain : undefined
  }
}

/** The connection and edge types over a type of node: one of each, wherever the list stands. */
export function connectionTypes<Node extends { id: string }>(
  type: ObjectRef<ExtendedTypes, Node> | InterfaceRef<ExtendedTypes, Node>,
  name: string,
  plural: string,
) {
  const edge = builder.edgeObject({ type, name: `${name}Edge`, description: `One of the ${plural} of a page.` })
  const connection = builder.connectionObject(
    {
      type,
      name: `${name}Connection`,
      description: `A page of ${plural}.`,
      fields: (t) => ({
        totalCount: t.int({
          description: `How many ${plural} there are in the whole list; costs a statement of its own.`,
          resolve: (page) => (page as unknown as { totalCount: () => Promise<number> }).totalCount(),
        }),
      }),
    },
    edge,
  )
  return [connection, edge] as const
}
