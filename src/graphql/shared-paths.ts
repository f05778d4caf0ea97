import { type GraphQLResolveInfo, type GraphQLSchema, isObjectType } from 'graphql'

type Path = GraphQLResolveInfo['path']

/** What compiled operations say of themselves in every `info` (graphql-jit's `resolverInfoEnricher`). */
export const COMPILED = { compiled: true } as const

interface Step {
  path: Path | undefined
  next: Map<string | number, Step>
}

/**
 * Gives compiled operations the paths that GraphQL.js gives: one object for each place of a result. graphql-jit makes
 * new ones for every field, and Pothos finds what a parent has loaded by the identity of its path: without this it
 * loads every row below the first relation again, one by one.
 */
export function sharePaths(schema: GraphQLSchema): void {
  // The values of its variables are one object, and a new one, for each execution.
  const executions = new WeakMap<object, Step>()

  function stepOf(root: Step, { key, prev }: Path): Step {
    const parent = prev === undefined ? root : stepOf(root, prev)
    let step = parent.next.get(key)
    if (step === undefined) {
      step = { path: { key, prev: parent.path, typename: undefined }, next: new Map() }
      parent.next.set(key, step)
    }
    return step
  }

  function share(info: GraphQLResolveInfo): void {
    let root = executions.get(info.variableValues)
    if (root === undefined) {
      root = { path: undefined, next: new Map() }
      executions.set(info.variableValues, root)
    }
    ;(info as { path: Path }).path = stepOf(root, info.path).path!
  }

  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field
      if (!resolve) continue
      field.resolve = (parent, args, context, info) => {
        if ((info as { compiled?: true }).compiled) share(info)
        return resolve(parent, args, context, info)
      }
    }
  }
}
