import {
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  getArgumentValues,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql'

/** The variables with their defaults. Throws the first that does not fit. */
export function coerced(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Record<string, unknown>) {
  const result = getVariableValues(schema, operation.variableDefinitions ?? [], variables)
  if (result.errors) throw result.errors[0]
  return result.coerced
}

/** The subscription's field with its arguments. */
export function rootField(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
) {
  const [node] = operation.selectionSet.selections
  if (node?.kind !== Kind.FIELD) {
    throw new GraphQLError('Select the subscription field directly, not within a fragment.', { nodes: node })
  }
  const field = schema.getSubscriptionType()?.getFields()[node.name.value]
  if (!field) throw new GraphQLError(`There is no subscription ${node.name.value}.`, { nodes: node })
  return { name: node.name.value, values: getArgumentValues(field, node, variables) }
}

/** The variables that make a difference to results: one that only says where to begin does not. */
export function withoutCursor(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): unknown {
  const root = operation.selectionSet.selections[0] as FieldNode
  const after = root.arguments?.find((argument) => argument.name.value === 'after')?.value
  const name = after?.kind === Kind.VARIABLE ? after.name.value : undefined
  let uses = 0
  if (name !== undefined) {
    visit(operation.selectionSet, {
      Variable: (node) => {
        if (node.name.value === name) uses++
      },
    })
  }
  const entries = Object.entries(variables).filter(([key]) => key !== name || uses > 1)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
