import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  type OperationTypeNode,
  valueFromASTUntyped,
} from 'graphql'
import { type CompiledQuery, compileQuery, isCompiledQuery } from 'graphql-jit'
import type { Logger } from '../platform/logger.ts'
import type { Context } from './context.ts'
import { presentError } from './errors.ts'
import { checkComplexity } from './limits.ts'
import { readLoadedFields } from './loaded-fields.ts'
import { COMPILED, sharePaths } from './shared-paths.ts'

export interface ExecutorOptions {
  schema: GraphQLSchema
  complexityLimit: number
  logger: Logger
  /** Told of each finished query, mutation or subscribed event: its duration in seconds, and whether it had errors. */
  onDone?: (operation: string, kind: OperationTypeNode, seconds: number, failed: boolean) => void
}

export interface Executor {
  /** Judges a subscription before it begins; `execute` judges what it runs itself. Throws QUERY_TOO_COMPLEX. */
  checkComplexity(args: ExecutionArgs): void
  /** Judges the operation's complexity and runs it; never throws. Errors in the result are as clients may see them. */
  execute(args: ExecutionArgs): Promise<ExecutionResult>
  /** Runs a subscription operation for one event, which its root field receives. */
  executeEvent(args: ExecutionArgs, event: unknown): Promise<ExecutionResult>
}

/** An operation is compiled when it comes for the second time: most one-offs come from people who explore. */
const COMPILE_AT = 2

/** As many as `execute` reports. */
const MAX_VARIABLE_ERRORS = 50

type Run = CompiledQuery['query'] | null

/** Runs operations, compiled where they repeat. Compiled code lives as long as its document in the parser's cache. */
export function createExecutor({ schema, complexityLimit, logger, onDone }: ExecutorOptions): Executor {
  sharePaths(schema)
  readLoadedFields(schema)
  const operations = new WeakMap<DocumentNode, Map<string, { uses: number; run?: Run }>>()

  function compiled(document: DocumentNode, operationName: string): Run {
    let byName = operations.get(document)
    if (!byName) {
      byName = new Map()
      operations.set(document, byName)
    }
    let entry = byName.get(operationName)
    if (!entry) {
      entry = { uses: 0 }
      byName.set(operationName, entry)
    }
    if (++entry.uses < COMPILE_AT) return null
    if (entry.run === undefined) {
      const result = compileQuery(schema, document, operationName || undefined, {
        resolverInfoEnricher: () => COMPILED,
      })
      entry.run = isCompiledQuery(result) ? result.query : null
    }
    return entry.run
  }

  /**
   * What is wrong with the variables; compiled operations have their own, more lenient, idea of them. Throws
   * QUERY_TOO_COMPLEX, which depends on them with their defaults.
   */
  function judge(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Readonly<Record<string, unknown>>,
  ): readonly GraphQLError[] | undefined {
    const definitions = operation.variableDefinitions ?? []
    const { coerced, errors } = getVariableValues(schema, definitions, variables, { maxErrors: MAX_VARIABLE_ERRORS })
    if (errors) return errors.map(unusable)
    checkComplexity(schema, document, operation, coerced, complexityLimit)
    return undefined
  }

  async function run(args: ExecutionArgs, rootValue: unknown, isEvent: boolean): Promise<ExecutionResult> {
    const started = performance.now()
    const { document, operationName } = args
    const context = args.contextValue as Context
    const variables = (args.variableValues ?? {}) as Record<string, unknown>
    const operation = getOperationAST(document, operationName)
    let result: ExecutionResult
    try {
      const errors = operation && !isEvent ? judge(document, operation, variables) : undefined
      const query = operation && !errors && compiled(document, operation.name?.value ?? '')
      result = errors
        ? { errors }
        : await (query
            ? query(rootValue, context, withDefaults(operation, variables))
            : execute({ ...args, schema, rootValue, variableValues: variables }))
    } catch (error) {
      result = { errors: [error as GraphQLError] }
    }
    if (result.errors) {
      const errors = result.errors.map((error) => presentError(located(error, document), logger, context.requestId))
      result = result.data === undefined ? { errors } : { errors, data: result.data }
    }
    if (operation) {
      const seconds = (performance.now() - started) / 1000
      onDone?.(operation.name?.value ?? '', operation.operation, seconds, result.errors !== undefined)
    }
    return result
  }

  return {
    checkComplexity({ document, operationName, variableValues }) {
      const operation = getOperationAST(document, operationName)
      const [error] = (operation && judge(document, operation, variableValues ?? {})) ?? []
      if (error) throw error
    },
    execute: (args) => run(args, args.rootValue, false),
    executeEvent: (args, event) => run(args, event, true),
  }
}

/** Compiled operations miss a variable that must not be null, also when it has a default. */
function withDefaults(
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const absent = variableDefinitions.filter(
    ({ variable, defaultValue }) => defaultValue && variables[variable.name.value] === undefined,
  )
  if (absent.length === 0) return variables
  const defaults = absent.map(({ variable, defaultValue }) => [variable.name.value, valueFromASTUntyped(defaultValue!)])
  return { ...variables, ...Object.fromEntries(defaults) }
}

/** The document is right, its variables are not: no part of it was run. */
function unusable({ message, nodes, originalError }: GraphQLError): GraphQLError {
  const extensions = { code: 'GRAPHQL_VALIDATION_FAILED', retryable: false, http: { spec: true, status: 400 } }
  return new GraphQLError(message, { nodes, originalError, extensions })
}

/** Compiled operations say where in lines and columns; others, and Yoga, speak of positions in the document. */
function located(error: unknown, document: DocumentNode): unknown {
  if (!(error instanceof GraphQLError) || error.nodes || error.positions || !error.locations) return error
  const source = document.loc?.source
  if (!source) return error
  const { path, originalError, extensions, locations } = error
  const starts = [0, ...Array.from(source.body.matchAll(/\r\n|\r|\n/g), (end) => end.index + end[0].length)]
  const positions = locations.map(({ line, column }) => starts[line - 1]! + column - 1)
  return new GraphQLError(error.message, { source, positions, path, originalError, extensions })
}
