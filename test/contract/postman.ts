import { expect } from 'vitest'
import type { OpenApiDocument, OpenApiOperation } from '../../src/rest/legacy/openapi.ts'
import type { PostmanCollection, PostmanItem, PostmanUrl } from '../../src/rest/legacy/postman.ts'

/** A request as Postman would send it. */
export interface Sent {
  name: string
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
  expected: PostmanItem['response']
}

/** What has to be true of a collection beside the document that it was made of, whatever the API is. */
export function holdCollectionAgainstDocument(collection: PostmanCollection, document: OpenApiDocument): void {
  expect(collection.info.name).toBe(document.info.title)
  expect(collection.info.schema).toBe('https://schema.getpostman.com/json/collection/v2.1.0/collection.json')
  expect(collection.item.map(({ name }) => name)).toEqual(document.tags.map(({ name }) => name))
  expect(collection.variable.map(({ key }) => key)).toEqual(['baseUrl', 'token'])
  const items = itemsOf(collection)
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, operation })),
  )
  const byKey = new Map<string, PostmanItem>(items.map((item) => [keyOf(item), item]))
  expect([...byKey.keys()].sort()).toEqual(operations.map(({ key }) => key).sort())
  expect(items.length).toBe(operations.length)
  for (const { key, operation } of operations) holdItem(byKey.get(key)!, operation, key, document)
}

function holdItem(
  { name, request, response }: PostmanItem,
  operation: OpenApiOperation,
  key: string,
  document: OpenApiDocument,
): void {
  expect(name, key).toBe(operation.summary)
  expect(request.url.raw, key).toBe(rawOf(request.url))
  const parameters = (place: string) => (operation.parameters ?? []).filter((each) => each.in === place)
  expect(
    (request.url.variable ?? []).map((each) => each.key),
    key,
  ).toEqual(parameters('path').map((each) => each.name))
  for (const { value } of request.url.variable ?? []) expect(typeof value, key).toBe('string')
  expect(
    (request.url.query ?? []).map((each) => [each.key, each.disabled ?? false]),
    key,
  ).toEqual(parameters('query').map((each) => [each.name, !each.required]))
  expect(request.auth, key).toEqual(operation.security?.length === 0 ? { type: 'noauth' } : undefined)
  const content = operation.requestBody?.content
  if (content?.['application/json']) {
    const { body } = request
    if (body?.mode !== 'raw') throw new Error(`${key} has no JSON body`)
    expect(JSON.parse(body.raw), key).toEqual(content['application/json'].example)
    expect(body.options, key).toEqual({ raw: { language: 'json' } })
    expect(request.header, key).toContainEqual({ key: 'Content-Type', value: 'application/json' })
  } else if (content?.['multipart/form-data']) {
    if (request.body?.mode !== 'formdata') throw new Error(`${key} has no form`)
    const name = String(content['multipart/form-data'].schema.$ref).split('/').at(-1)!
    const { properties } = document.components.schemas[name] as { properties: object }
    expect(
      request.body.formdata.map((each) => each.key),
      key,
    ).toEqual(Object.keys(properties))
  } else expect(request.body, key).toBeUndefined()
  const examples = Object.entries(operation.responses).flatMap(([status, { content }]) =>
    content
      ? Object.values(content['application/json']?.examples ?? {}).map(({ value }) => [Number(status), value])
      : [[Number(status), undefined]],
  )
  expect(
    response.map(({ code, body }) => [code, body === '' ? undefined : JSON.parse(body)]),
    key,
  ).toEqual(examples)
  for (const { originalRequest, status } of response) {
    expect(originalRequest, key).toEqual(request)
    expect(status, key).toMatch(/^[A-Z][A-Za-z -]+$/)
  }
}

const itemsOf = ({ item }: PostmanCollection) => item.flatMap((folder) => folder.item)
const keyOf = ({ request: { method, url } }: PostmanItem) =>
  `${method} /${url.path.map((part) => part.replace(/^:(\w+)$/, '{$1}')).join('/')}`
const rawOf = ({ host, path }: PostmanUrl) => [...host, ...path].join('/')

/** Its requests as Postman would send them: variables filled in, what is disabled left out, with the right credential. */
export function requestsOf(collection: PostmanCollection, variables: Record<string, string>): Sent[] {
  const known = { ...Object.fromEntries(collection.variable.map(({ key, value }) => [key, value])), ...variables }
  const filled = (text: string) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => known[name as keyof typeof known] ?? '')
  return itemsOf(collection).map(({ name, request, response }) => {
    const { url, body, auth = collection.auth } = request
    const values = new Map((url.variable ?? []).map(({ key, value }) => [`:${key}`, variables[key] ?? value]))
    const query = (url.query ?? []).filter((each) => !each.disabled).map(({ key, value }) => `${key}=${value ?? ''}`)
    const path = url.path.map((part) => values.get(part) ?? part).join('/')
    const headers: Record<string, string> = Object.fromEntries(request.header.map(({ key, value }) => [key, value]))
    const settings = Object.fromEntries(
      ((auth[auth.type] ?? []) as { key: string; value: string }[]).map(({ key, value }) => [key, filled(value)]),
    )
    if (auth.type === 'bearer') headers.Authorization = `Bearer ${settings.token}`
    if (auth.type === 'apikey' && settings.in === 'header') headers[settings.key!] = settings.value!
    if (auth.type === 'apikey' && settings.in === 'query') query.push(`${settings.key}=${settings.value}`)
    return {
      name,
      method: request.method,
      path: `/${path}${query.length > 0 ? `?${query.join('&')}` : ''}`,
      headers,
      body: body?.mode === 'raw' ? filled(body.raw) : undefined,
      expected: response,
    }
  })
}
