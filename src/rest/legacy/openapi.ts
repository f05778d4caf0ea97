import { z } from 'zod'
import type { AnswerDescription } from './answer.ts'
import type { LegacyApi } from './api.ts'
import type { AnyOperation, ParameterDescription } from './operation.ts'

type Json = Record<string, unknown>

/** What is rendered and served of a description in OpenAPI 3.1. */
export interface OpenApiDocument {
  openapi: '3.1.0'
  info: { title: string; version: string; description: string }
  servers: { url: string; description: string }[]
  tags: { name: string; description: string }[]
  security: Record<string, string[]>[]
  paths: Record<string, Record<string, OpenApiOperation>>
  components: { schemas: Record<string, Json>; securitySchemes: Record<string, object> }
}

export interface OpenApiOperation {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  security?: Record<string, string[]>[]
  parameters?: ({ name: string; in: 'path' | 'query'; required: boolean } & ParameterDescription)[]
  requestBody?: { required: boolean; content: Record<string, { schema: Json; example?: unknown }> }
  responses: Record<string, OpenApiResponse>
}

export interface OpenApiResponse {
  description: string
  headers?: Readonly<Record<string, object>>
  content?: Record<string, { schema: Json; examples?: Record<string, { summary?: string; value: unknown }> }>
}

/** The document of an API. Schemas with an id (`.meta({ id })`) become components. */
export function openApiDocument(api: LegacyApi): OpenApiDocument {
  const schemas: Record<string, Json> = {}
  const paths: OpenApiDocument['paths'] = {}
  for (const operation of api.operations) {
    if (operation.undocumented) continue
    paths[operation.path] ??= {}
    paths[operation.path]![operation.method.toLowerCase()] = describe(api, operation, schemas)
  }
  return {
    openapi: '3.1.0',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [
      { url: '/', description: 'The documented paths' },
      { url: `/${api.name}`, description: 'The same below a prefix, where paths of several APIs could be confused' },
    ],
    tags: Object.entries(api.tags).map(([name, description]) => ({ name, description })),
    security: Object.keys(api.credentials).map((name) => ({ [name]: [] })),
    paths,
    components: { schemas: sorted(schemas), securitySchemes: { ...api.credentials } },
  }
}

function describe(api: LegacyApi, operation: AnyOperation, schemas: Record<string, Json>): OpenApiOperation {
  const { id, tag, summary, description, scope, path, anonymous = false } = operation
  const needs = anonymous ? 'Needs no credential.' : scope && `Needs the scope \`${scope}\`.`
  const text = [description, needs].filter(Boolean).join('\n\n')
  const parameters = [...pathParameters(operation), ...queryParameters(operation)]
  const answers = [...operation.answers, ...api.commonAnswers({ scope, anonymous, path })]
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(text ? { description: text } : {}),
    ...(anonymous ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.body ? { requestBody: requestBody(api, operation, operation.body, schemas) } : {}),
    responses: responsesOf(answers, schemas),
  }
}

function pathParameters({ path, params = {} }: AnyOperation) {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const described = params[name!]
    if (!described) throw new Error(`${path} does not describe ${name}`)
    return { name: name!, in: 'path' as const, required: true, ...described }
  })
}

function queryParameters({ query }: AnyOperation) {
  if (!query) return []
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' }) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query' as const,
    required: required.includes(name),
    description: typeof description === 'string' ? description : '',
    schema,
  }))
}

function requestBody(api: LegacyApi, operation: AnyOperation, body: z.ZodType, schemas: Record<string, Json>) {
  const schema = schemaOf(body, 'input', schemas)
  const example = operation.example === undefined ? {} : { example: operation.example }
  return {
    required: operation.bodyRequired ?? true,
    content: Object.fromEntries(mediaTypesOf(api, operation).map((mediaType) => [mediaType, { schema, ...example }])),
  }
}

function mediaTypesOf({ parsers, mediaTypes = Object.keys(parsers) }: LegacyApi, operation: AnyOperation) {
  return operation.parsers ? Object.keys(operation.parsers) : mediaTypes
}

/** Several answers of one status, such as two kinds of 400, are one in OpenAPI. */
function responsesOf(answers: readonly AnswerDescription[], schemas: Record<string, Json>) {
  const byStatus = Map.groupBy(answers, (answer) => answer.status)
  const entries = [...byStatus].sort(([a], [b]) => a - b)
  return Object.fromEntries(entries.map(([status, same]) => [String(status), responseOf(same, schemas)]))
}

function responseOf(same: readonly AnswerDescription[], schemas: Record<string, Json>): OpenApiResponse {
  const descriptions = [...new Set(same.map(({ description }) => description))]
  const headers = Object.assign({}, ...same.map((answer) => answer.headers ?? {}))
  const written = same.flatMap(({ schema }) => (schema ? JSON.stringify(schemaOf(schema, 'output', schemas)) : []))
  const alternatives = [...new Set(written)].map((text) => JSON.parse(text) as Json)
  const examples = same.flatMap(({ example, description }) =>
    example === undefined ? [] : [[keyOf(description), { summary: description, value: example }] as const],
  )
  return {
    description: descriptions.join(' '),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(alternatives.length > 0
      ? {
          content: {
            'application/json': {
              schema: alternatives.length === 1 ? alternatives[0]! : { anyOf: alternatives },
              ...(examples.length > 0 ? { examples: Object.fromEntries(examples) } : {}),
            },
          },
        }
      : {}),
  }
}

/** A name for an example, of the characters that OpenAPI allows. */
function keyOf(description: string): string {
  return description
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

/** The JSON Schema, with its named parts moved to `schemas`. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, Json>): Json {
  const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { io }) as Json & { $defs?: Record<string, Json> }
  for (const [name, part] of Object.entries($defs)) {
    const named = referring(part)
    const before = schemas[name]
    if (before && JSON.stringify(before) !== JSON.stringify(named)) throw new Error(`two schemas are called ${name}`)
    schemas[name] = named
  }
  return referring(rest)
}

function referring(part: Json): Json {
  return JSON.parse(JSON.stringify(part).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
}

function sorted<Value>(record: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))
}
