import {
  type ASTVisitor,
  type DocumentNode,
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  parse,
  specifiedRules,
  type ValidationContext,
  type ValidationRule,
  validate,
} from 'graphql'
import { type Limits, shapeRule } from './limits.ts'

/** Documents by their text, as the HTTP entrance's own cache keeps them. */
const PREPARED_DOCUMENTS = 1_000

export interface Documents {
  /** With the limit on tokens, in words of ours. */
  parse: typeof parse
  /** What every operation is judged by, beside GraphQL's own rules. */
  rules: readonly ValidationRule[]
  /** Invalid documents' errors, as clients may see them. */
  present(errors: readonly GraphQLError[]): readonly GraphQLError[]
  /** Parses and validates, each text once while it is in use. */
  prepare(payload: Payload): ExecutionArgs | GraphQLError[]
}

export interface Payload {
  query: string
  operationName?: string | null
  variables?: Record<string, unknown> | null
}

/** How operations are read: limits, validation, and whether the schema may be asked for. */
export function createDocuments(schema: GraphQLSchema, limits: Limits, introspection: boolean): Documents {
  const parseFn = parseWithin(limits.tokens)
  const rules = introspection ? [shapeRule(limits)] : [shapeRule(limits), noIntrospection]
  const present = introspection ? unchanged : withoutSuggestions
  return {
    parse: parseFn,
    rules,
    present,
    prepare: preparation(schema, parseFn, [...specifiedRules, ...rules], present),
  }
}

function preparation(
  schema: GraphQLSchema,
  parseFn: typeof parse,
  rules: readonly ValidationRule[],
  present: Documents['present'],
): Documents['prepare'] {
  const cache = new Map<string, DocumentNode | readonly GraphQLError[]>()
  return ({ query, operationName, variables }) => {
    let prepared = cache.get(query)
    if (!prepared) {
      try {
        const document = parseFn(query)
        const errors = validate(schema, document, rules)
        prepared = errors.length > 0 ? present(errors) : document
      } catch (error) {
        prepared = [error as GraphQLError]
      }
      if (cache.size >= PREPARED_DOCUMENTS) cache.delete(cache.keys().next().value!)
      cache.set(query, prepared)
    }
    if (!('kind' in prepared)) return [...prepared]
    return { schema, document: prepared, operationName, variableValues: variables ?? {} }
  }
}

function parseWithin(maxTokens: number): typeof parse {
  return (source, options) => {
    try {
      return parse(source, { ...options, maxTokens })
    } catch (error) {
      if (!(error instanceof GraphQLError) || !error.message.includes('Parsing aborted')) throw error
      throw new GraphQLError(`The operation has more than ${maxTokens} tokens.`, {
        extensions: { code: 'QUERY_TOO_LONG', retryable: false, limit: maxTokens, http: { status: 400 } },
      })
    }
  }
}

function noIntrospection(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '__schema' && node.name.value !== '__type') return
      context.reportError(new GraphQLError('Introspection is switched off on this server.', { nodes: node }))
    },
  }
}

function unchanged(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  return errors
}

/** "Did you mean …?" tells names of the schema one by one. */
function withoutSuggestions(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  return errors.map((error) => {
    const { message, nodes, source, positions, extensions } = error
    const [plain] = message.split(/ Did you mean /)
    return plain === message ? error : new GraphQLError(plain!, { nodes, source, positions, extensions })
  })
}
