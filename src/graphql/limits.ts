import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValueNode,
} from 'graphql'
import type { ErrorCode } from '../platform/errors.ts'

/** How an operation may be shaped. Introspection is exempt from depth, which it needs. */
export interface Limits {
  /** Levels of nested fields. */
  depth: number
  aliases: number
  /** Objects that could be returned at most: each field that leads to objects counts, times the sizes of the pages it is in. */
  complexity: number
  /** Words and punctuation marks of the document. */
  tokens: number
}

export const DEFAULT_LIMITS: Limits = { depth: 12, aliases: 30, complexity: 10_000, tokens: 2_000 }

function refusal(code: ErrorCode, message: string, details: object): GraphQLError {
  return new GraphQLError(message, { extensions: { code, retryable: false, ...details, http: { status: 400 } } })
}

/** A validation rule: judged once per document, and cached with its validation. */
export function shapeRule({ depth, aliases }: Limits) {
  return (context: ValidationContext): ASTVisitor => {
    const fragments = fragmentsOf(context.getDocument())
    let aliasCount = 0
    return {
      Field(node) {
        if (node.alias && ++aliasCount === aliases + 1) {
          const message = `The operation has more than ${aliases} aliases.`
          context.reportError(refusal('QUERY_TOO_MANY_ALIASES', message, { limit: aliases }))
        }
      },
      OperationDefinition(node) {
        const found = depthOf(node.selectionSet, fragments, new Map(), new Set())
        if (found > depth) {
          const message = `The operation is ${found} levels deep; the limit is ${depth}.`
          context.reportError(refusal('QUERY_TOO_DEEP', message, { limit: depth, actual: found }))
        }
      },
    }
  }
}

function depthOf(
  selections: SelectionSetNode,
  fragments: Map<string, FragmentDefinitionNode>,
  known: Map<string, number>,
  open: Set<string>,
): number {
  let deepest = 0
  for (const node of selections.selections) {
    if (node.kind === Kind.FIELD) {
      if (node.name.value.startsWith('__')) continue
      const below = node.selectionSet ? depthOf(node.selectionSet, fragments, known, open) : 0
      deepest = Math.max(deepest, 1 + below)
    } else if (node.kind === Kind.INLINE_FRAGMENT) {
      deepest = Math.max(deepest, depthOf(node.selectionSet, fragments, known, open))
    } else {
      const name = node.name.value
      const fragment = fragments.get(name)
      // A ring of fragments is an error of its own; another rule reports it.
      if (!fragment || open.has(name)) continue
      let inside = known.get(name)
      if (inside === undefined) {
        open.add(name)
        inside = depthOf(fragment.selectionSet, fragments, known, open)
        open.delete(name)
        known.set(name, inside)
      }
      deepest = Math.max(deepest, inside)
    }
  }
  return deepest
}

type Variables = Readonly<Record<string, unknown>>
type Cost = (variables: Variables) => number

/** Documents live as long as the parser's cache keeps them; their compiled costs with them. */
const compiled = new WeakMap<DocumentNode, Map<string, Cost>>()

/** Throws QUERY_TOO_COMPLEX. The cost of a document is compiled once; only page sizes are read per request. */
export function checkComplexity(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
  limit: number,
): void {
  let costs = compiled.get(document)
  if (!costs) {
    costs = new Map()
    compiled.set(document, costs)
  }
  const key = operation.name?.value ?? ''
  let cost = costs.get(key)
  if (!cost) {
    cost = compile(schema, document, operation)
    costs.set(key, cost)
  }
  const actual = cost(variables)
  if (actual > limit) {
    const message = `The operation could return ${actual} objects; the limit is ${limit}. Ask for smaller pages.`
    throw refusal('QUERY_TOO_COMPLEX', message, { limit, actual })
  }
}

function compile(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Cost {
  const fragments = fragmentsOf(document)
  const byFragment = new Map<string, Cost>()

  function ofSelections(selections: SelectionSetNode, typeName: string): Cost {
    const parts: Cost[] = []
    for (const node of selections.selections) {
      if (node.kind === Kind.FIELD) {
        const part = ofField(node, typeName)
        if (part) parts.push(part)
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        parts.push(ofSelections(node.selectionSet, node.typeCondition?.name.value ?? typeName))
      } else {
        const name = node.name.value
        let part = byFragment.get(name)
        if (!part) {
          const fragment = fragments.get(name)!
          part = ofSelections(fragment.selectionSet, fragment.typeCondition.name.value)
          byFragment.set(name, part)
        }
        parts.push(part)
      }
    }
    return (variables) => parts.reduce((sum, part) => sum + part(variables), 0)
  }

  function ofField(node: FieldNode, typeName: string): Cost | undefined {
    const type = schema.getType(typeName)
    const field =
      type && 'getFields' in type
        ? (type.getFields()[node.name.value] as GraphQLField<unknown, unknown> | undefined)
        : undefined
    if (!field || !node.selectionSet) return undefined
    const named = getNamedType(field.type)
    if (!isCompositeType(named) || named.name.startsWith('__')) return undefined
    const below = ofSelections(node.selectionSet, named.name)
    const size = pageSize(node)
    return (variables) => {
      const pages = size(variables)
      return pages + pages * below(variables)
    }
  }

  const root = schema.getRootType(operation.operation)
  return root ? ofSelections(operation.selectionSet, root.name) : () => 0
}

/** What `first`, `last` or a list of ids multiplies. */
function pageSize(node: FieldNode): Cost {
  const reads = (node.arguments ?? [])
    .filter(({ name }) => name.value === 'first' || name.value === 'last' || name.value === 'ids')
    .map(({ value }) => sizeOf(value))
  return (variables) => Math.max(1, ...reads.map((read) => read(variables)))
}

function sizeOf(value: ValueNode): Cost {
  if (value.kind === Kind.INT) return () => Number(value.value)
  if (value.kind === Kind.LIST) return () => value.values.length
  if (value.kind !== Kind.VARIABLE) return () => 1
  return (variables) => {
    const given = variables[value.name.value]
    return typeof given === 'number' ? given : Array.isArray(given) ? given.length : 1
  }
}

function fragmentsOf(document: DocumentNode): Map<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION)
  return new Map(fragments.map((fragment) => [fragment.name.value, fragment]))
}
