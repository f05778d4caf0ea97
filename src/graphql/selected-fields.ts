import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
} from 'graphql'

/** The names of the fields that are asked for of the object that a resolver gives, for what is costly to find out. */
export function selectedFields({
  fieldNodes,
  fragments,
  variableValues,
}: Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments' | 'variableValues'>): ReadonlySet<string> {
  const names = new Set<string>()

  function isIncluded(node: SelectionNode): boolean {
    const skip = getDirectiveValues(GraphQLSkipDirective, node, variableValues)
    const include = getDirectiveValues(GraphQLIncludeDirective, node, variableValues)
    return skip?.if !== true && include?.if !== false
  }

  function collect({ selectionSet }: FieldNode | FragmentDefinitionNode | SelectionWithin): void {
    for (const node of selectionSet?.selections ?? []) {
      if (!isIncluded(node)) continue
      if (node.kind === Kind.FIELD) names.add(node.name.value)
      else if (node.kind === Kind.INLINE_FRAGMENT) collect(node)
      else if (fragments[node.name.value]) collect(fragments[node.name.value]!)
    }
  }

  for (const node of fieldNodes) collect(node)
  return names
}

type SelectionWithin = Extract<SelectionNode, { kind: Kind.INLINE_FRAGMENT }>
