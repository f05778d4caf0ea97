import { STATUS_CODES } from 'node:http'
import type { OpenApiDocument, OpenApiOperation } from './openapi.ts'

type Json = Record<string, unknown>
type Schemas = OpenApiDocument['components']['schemas']

/** What the variables of a collection are called. */
const BASE_URL = 'baseUrl'
const TOKEN = 'token'
const variable = (name: string) => `{{${name}}}`

/** A Postman collection, version 2.1: https://schema.postman.com/collection/json/v2.1.0/draft-07/docs/index.html */
export interface PostmanCollection {
  info: { name: string; description: string; version: string; schema: string }
  auth: PostmanAuth
  variable: { key: string; value: string; type: 'string' }[]
  item: PostmanFolder[]
}

export interface PostmanFolder {
  name: string
  description: string
  item: PostmanItem[]
}

export interface PostmanItem {
  name: string
  request: PostmanRequest
  response: PostmanResponse[]
}

export interface PostmanRequest {
  method: string
  description: string
  header: { key: string; value: string }[]
  url: PostmanUrl
  /** Absent: the collection's. */
  auth?: PostmanAuth
  body?: PostmanBody
}

export interface PostmanUrl {
  raw: string
  host: string[]
  path: string[]
  query?: { key: string; value: string | null; description: string; disabled?: true }[]
  variable?: { key: string; value: string; description: string }[]
}

export type PostmanBody =
  | { mode: 'raw'; raw: string; options: { raw: { language: 'json' } } }
  | {
      mode: 'formdata'
      formdata: ({ key: string } & ({ type: 'file'; src: string[] } | { type: 'text'; value: string }))[]
    }

export type PostmanAuth = { type: string } & Record<string, unknown>

export interface PostmanResponse {
  name: string
  originalRequest: PostmanRequest
  status: string
  code: number
  header: { key: string; value: string }[]
  body: string
  _postman_previewlanguage: 'json' | 'text'
}

/**
 * The requests of an OpenAPI document as a Postman collection: a folder for each tag, the examples as bodies and
 * answers, and two variables, where the server is (`baseUrl`) and the credential (`token`).
 */
export function postmanCollection(document: OpenApiDocument, origin: string): PostmanCollection {
  const { info, tags, paths, components } = document
  const { schemas } = components
  return {
    info: {
      name: info.title,
      description: info.description,
      version: info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: authOf(Object.values(components.securitySchemes)[0]),
    variable: [
      { key: BASE_URL, value: origin, type: 'string' },
      { key: TOKEN, value: '', type: 'string' },
    ],
    item: tags.map(({ name, description }) => ({
      name,
      description,
      item: Object.entries(paths).flatMap(([path, item]) =>
        Object.entries(item).flatMap(([method, operation]) =>
          operation.tags.includes(name) ? [itemOf(path, method.toUpperCase(), operation, schemas)] : [],
        ),
      ),
    })),
  }
}

/** Of several schemes the first is the one that clients are told to use. */
function authOf(scheme: object | undefined): PostmanAuth {
  const { type, in: place, name } = (scheme ?? {}) as { type?: string; in?: string; name?: string }
  const entry = (key: string, value: string) => ({ key, value, type: 'string' })
  if (type === 'http') return { type: 'bearer', bearer: [entry('token', variable(TOKEN))] }
  if (type !== 'apiKey') return { type: 'noauth' }
  return { type: 'apikey', apikey: [entry('key', name!), entry('value', variable(TOKEN)), entry('in', place!)] }
}

function itemOf(path: string, method: string, operation: OpenApiOperation, schemas: Schemas): PostmanItem {
  const body = bodyOf(operation, schemas)
  const request: PostmanRequest = {
    method,
    description: operation.description ?? '',
    header: [
      { key: 'Accept', value: 'application/json' },
      // Postman itself says what a form is, with its boundary.
      ...(body?.mode === 'raw' ? [{ key: 'Content-Type', value: 'application/json' }] : []),
    ],
    url: urlOf(path, operation),
    ...(operation.security?.length === 0 ? { auth: { type: 'noauth' } } : {}),
    ...(body ? { body } : {}),
  }
  return { name: operation.summary, request, response: responsesOf(operation, request) }
}

function urlOf(path: string, { parameters = [] }: OpenApiOperation): PostmanUrl {
  const segments = path.slice(1).replace(/\{(\w+)\}/g, ':$1')
  const exampleOf = ({ example, schema }: { example?: unknown; schema: object }) =>
    String(example ?? (schema as Json).example ?? (schema as Json).default ?? '')
  const query = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, description, required, ...rest }) => ({
      key: name,
      value: exampleOf(rest) || null,
      description,
      ...(required ? {} : { disabled: true as const }),
    }))
  const variables = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, description, ...rest }) => ({ key: name, value: exampleOf(rest), description }))
  return {
    raw: `${variable(BASE_URL)}/${segments}`,
    host: [variable(BASE_URL)],
    path: segments.split('/'),
    ...(query.length > 0 ? { query } : {}),
    ...(variables.length > 0 ? { variable: variables } : {}),
  }
}

function bodyOf({ requestBody }: OpenApiOperation, schemas: Schemas): PostmanBody | undefined {
  const { 'application/json': json, 'multipart/form-data': form } = requestBody?.content ?? {}
  if (json) return { mode: 'raw', raw: indented(json.example ?? {}), options: { raw: { language: 'json' } } }
  if (!form) return undefined
  const example = (form.example ?? {}) as Json
  const named = /[^/]+$/.exec(String(form.schema.$ref ?? ''))?.[0]
  const { properties = {} } = (named ? schemas[named] : form.schema) as { properties?: Record<string, Json> }
  return {
    mode: 'formdata',
    formdata: Object.entries(properties).map(([key, property]) =>
      isFile(property) ? { key, type: 'file', src: [] } : { key, type: 'text', value: String(example[key] ?? '') },
    ),
  }
}

function isFile(property: Json): boolean {
  const { format } = (property.items ?? property) as Json
  return format === 'binary'
}

/** One for each example, and one for an answer without a body. */
function responsesOf({ responses }: OpenApiOperation, originalRequest: PostmanRequest): PostmanResponse[] {
  return Object.entries(responses).flatMap(([status, { description, content }]): PostmanResponse[] => {
    const common = { originalRequest, status: STATUS_CODES[status] ?? '', code: Number(status) }
    const examples = content?.['application/json']?.examples
    if (!content)
      return [{ name: description, ...common, header: [], body: '', _postman_previewlanguage: 'text' as const }]
    return Object.values(examples ?? {}).map(({ value, summary }) => ({
      name: summary ?? description,
      ...common,
      header: [{ key: 'Content-Type', value: 'application/json' }],
      body: indented(value),
      _postman_previewlanguage: 'json' as const,
    }))
  })
}

function indented(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
