import { type GraphQLFieldResolver, type GraphQLSchema, getNamedType, isLeafType, isObjectType } from 'graphql'
import { encodeGlobalId } from './global-id.ts'

type Row = Record<string, unknown>
type Resolve = GraphQLFieldResolver<Row, unknown>

/**
 * Lets a leaf field of a row that has its columns be read from there at once. Pothos first looks up by the path
 * whether they were loaded, for every field of every row, which took most of the time of a nested read; what has not
 * been loaded still goes that way.
 */
export function readLoadedFields(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !type.extensions.pothosPrismaModel) continue
    for (const field of Object.values(type.getFields())) {
      const { pothosPrismaSelect: select, pothosOriginalResolve: original } = field.extensions
      if (field.args.length > 0 || !isLeafType(getNamedType(field.type)) || !field.resolve) continue
      if (field.name === 'id' && type.getInterfaces().some(({ name }) => name === 'Node')) {
        // Part of every selection; Pothos' own resolver makes two promises for each.
        field.resolve = ({ id }: Row) => encodeGlobalId(type.name, id as string)
      } else if (isColumns(select) && typeof original === 'function') {
        field.resolve = whenLoaded(Object.keys(select), original as Resolve, field.resolve)
      }
    }
  }
}

function whenLoaded(columns: readonly string[], read: Resolve, load: Resolve): Resolve {
  const [first, ...others] = columns as [string, ...string[]]
  return (row, args, context, info) => {
    if (row[first] === undefined) return load(row, args, context, info)
    for (const column of others) if (row[column] === undefined) return load(row, args, context, info)
    return read(row, args, context, info)
  }
}

/** A selection of columns only, the same whatever the arguments. */
function isColumns(select: unknown): select is Record<string, true> {
  if (typeof select !== 'object' || select === null) return false
  const values = Object.values(select)
  return values.length > 0 && values.every((value) => value === true)
}
