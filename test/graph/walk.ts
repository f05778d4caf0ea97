import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'

/** A field somewhere in the graph. */
export interface Place {
  type: GraphQLObjectType
  field: GraphQLField<unknown, unknown>
  /** `Query.link`. */
  name: string
}

/** Every field of every object type of our own. */
export function* fieldsOf(schema: GraphQLSchema): Generator<Place> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) yield { type, field, name: `${type.name}.${field.name}` }
  }
}

/** An argument, or a field of the input objects below it. */
export interface Input {
  /** `Query.link(id:)`, or `PauseLinkInput.id` for what lies within an input object. */
  coordinate: string
  /** From the argument's name down. */
  path: string[]
  definition: GraphQLArgument | GraphQLInputField
}

/** Every argument of a field and, below it, every field of its input objects; each input type once per argument. */
export function* inputsOf({ field, name }: Place): Generator<Input> {
  function* below(definition: Input['definition'], path: string[], open: Set<string>): Generator<Input> {
    const named = getNamedType(definition.type)
    if (!isInputObjectType(named) || open.has(named.name)) return
    for (const inner of Object.values(named.getFields())) {
      const at = [...path, inner.name]
      yield { coordinate: `${named.name}.${inner.name}`, path: at, definition: inner }
      yield* below(inner, at, new Set([...open, named.name]))
    }
  }
  for (const argument of field.args) {
    yield { coordinate: `${name}(${argument.name}:)`, path: [argument.name], definition: argument }
    yield* below(argument, [argument.name], new Set())
  }
}

/** The object types that a value of this type may have. */
export function objectTypesOf(schema: GraphQLSchema, type: GraphQLNamedOutputType): readonly GraphQLObjectType[] {
  if (isObjectType(type)) return [type]
  return isAbstractType(type) ? schema.getPossibleTypes(type) : []
}

/** Whether a field can be asked for without an argument of its own, apart from the bounds of a page. */
export function isOpen(field: GraphQLField<unknown, unknown>): boolean {
  return field.args.every((argument) => !isRequiredArgument(argument) || argument.name === 'first')
}

/** `(first: n)` where a field has such a bound. */
export function page(field: GraphQLField<unknown, unknown>, size: number): string {
  return field.args.some((argument) => argument.name === 'first') ? `(first: ${size})` : ''
}

/**
 * Fragments that select every field of every type down to `depth` levels of objects, so that an operation over all of
 * them stays short: `Link3`, which spreads `Question2`, and so on. `spread` names the one to begin with.
 */
export function everything(schema: GraphQLSchema, root: GraphQLNamedOutputType, depth: number, pageSize = 2) {
  const fragments = new Map<string, string>()

  function fragment(type: GraphQLObjectType, level: number): string {
    const name = `${type.name}_${level}`
    if (fragments.has(name)) return name
    fragments.set(name, '')
    const parts = ['__typename']
    for (const field of Object.values(type.getFields())) {
      if (!isOpen(field)) continue
      const named = getNamedType(field.type)
      if (isLeafType(named)) parts.push(field.name)
      else if (level > 0) parts.push(`${field.name}${page(field, pageSize)} ${selection(named, level - 1)}`)
    }
    fragments.set(name, `fragment ${name} on ${type.name} { ${parts.join(' ')} }`)
    return name
  }

  function selection(named: GraphQLNamedOutputType, level: number): string {
    const spreads = objectTypesOf(schema, named).map((type) => `...${fragment(type, level)}`)
    return `{ ${spreads.join(' ')} }`
  }

  const spread = selection(root, depth)
  return { spread, fragments: [...fragments.values()].join('\n') }
}

/** Walks types from the roots to find how each is reached: the fields from `Query` down, by name of type. */
export function pathsFromQuery(schema: GraphQLSchema): Map<string, Place[]> {
  const query = schema.getQueryType()!
  const paths = new Map<string, Place[]>([[query.name, []]])
  const queue: GraphQLObjectType[] = [query]
  for (let type = queue.shift(); type; type = queue.shift()) {
    for (const field of Object.values(type.getFields())) {
      for (const next of objectTypesOf(schema, getNamedType(field.type))) {
        if (paths.has(next.name)) continue
        paths.set(next.name, [...paths.get(type.name)!, { type, field, name: `${type.name}.${field.name}` }])
        queue.push(next)
      }
    }
  }
  return paths
}
