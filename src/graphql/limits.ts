import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
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
  /**
   * Objects that an operation may ask for: each field that leads to objects counts, times the sizes of the lists it is
   * in. A list without a page size of its own counts as `LIST_SIZE`, or as what its field says.
   */
  complexity: number
  /** Words and punctuation marks of the document. */
  tokens: number
}

export const DEFAULT_LIMITS: Limits = { depth: 12, aliases: 30, complexity: 10_000, tokens: 2_000 }

/**
 * What a list such as the questions of a link is taken for. Some may be longer, up to 200, most are shorter; going back
 * and forth between two of them still meets the limit soon. A field whose list is short by its nature says so itself, as
 * its extension `listSize`.
 */
export const LIST_SIZE = 25

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
        if (node.alias) aliasCount++
      },
      Document: {
        leave() {
          if (aliasCount <= aliases) return
          const message = `The operation has ${aliasCount} aliases; the limit is ${aliases}.`
          context.reportError(refusal('QUERY_TOO_MANY_ALIASES', message, { limit: aliases, actual: aliasCount }))
        },
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

  /** `sized`: the lists of these fields are the page that the field above has a size for. */
  function ofSelections(selections: SelectionSetNode, typeName: string, sized: boolean): Cost {
    const parts: Cost[] = []
    for (const node of selections.selections) {
      if (node.kind === Kind.FIELD) {
        const part = ofField(node, typeName, sized)
        if (part) parts.push(part)
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        parts.push(ofSelections(node.selectionSet, node.typeCondition?.name.value ?? typeName, sized))
      } else {
        const key = `${node.name.value} ${sized}`
        let part = byFragment.get(key)
        if (!part) {
          const { selectionSet, typeCondition } = fragments.get(node.name.value)!
          part = oncePerRequest(ofSelections(selectionSet, typeCondition.name.value, sized))
          byFragment.set(key, part)
        }
        parts.push(part)
      }
    }
    return (variables) => parts.reduce((sum, part) => sum + part(variables), 0)
  }

  function ofField(node: FieldNode, typeName: string, sized: boolean): Cost | undefined {
    const type = schema.getType(typeName)
    const field =
      type && 'getFields' in type
        ? (type.getFields()[node.name.value] as GraphQLField<unknown, unknown> | undefined)
        : undefined
    if (!field || !node.selectionSet) return undefined
    const named = getNamedType(field.type)
    if (!isCompositeType(named) || named.name.startsWith('__')) return undefined
    const hasSize = field.args.some(({ name }) => SIZES.has(name))
    const below = ofSelections(node.selectionSet, named.name, hasSize)
    const isUnsizedList = !hasSize && !sized && isListType(getNullableType(field.type))
    const listSize = typeof field.extensions.listSize === 'number' ? field.extensions.listSize : LIST_SIZE
    const size = isUnsizedList ? () => listSize : pageSize(node)
    return (variables) => {
      const objects = size(variables)
      return objects + objects * below(variables)
    }
  }

  const root = schema.getRootType(operation.operation)
  return root ? ofSelections(operation.selectionSet, root.name, false) : () => 0
}

/** Fragments that spread each other twice over would else be counted twice as often with each of them. */
function oncePerRequest(cost: Cost): Cost {
  const known = new WeakMap<Variables, number>()
  return (variables) => {
    let value = known.get(variables)
    if (value === undefined) {
      value = cost(variables)
      known.set(variables, value)
    }
    return value
  }
}

/** Arguments that say how many objects there will be. */
const SIZES: ReadonlySet<string> = new Set(['first', 'last', 'ids'])

/** What `first`, `last` or a list of ids multiplies. */
function pageSize(node: FieldNode): Cost {
  const reads = (node.arguments ?? []).filter(({ name }) => SIZES.has(name.value)).map(({ value }) => sizeOf(value))
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
