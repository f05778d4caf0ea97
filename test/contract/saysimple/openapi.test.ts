import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, it } from 'vitest'
import { holdCollectionAgainstDocument, requestsOf } from '../postman.ts'
import { exampleJudge, send } from '../wire.ts'
import {
  BASE,
  LIST_PATHS,
  MESSAGES,
  METRIC_PATHS,
  OPERATIONS,
  RESOLVE_PATH,
  saysimpleServer,
  TOKEN_PATH,
} from './kit.ts'

const server = await saysimpleServer()
const { app, acme, call } = server
const answer = await fetch(new URL('/saysimple/openapi.json', app.localUrl))
const document = (await answer.json()) as any
const described = Object.entries<any>(document.paths).flatMap(([path, item]) =>
  Object.entries<any>(item).map(([method, operation]) => ({ key: `${method.toUpperCase()} ${path}`, path, operation })),
)

it('is a valid OpenAPI 3.1 document, for anybody', async () => {
  expect((await new Validator().validate(document)).errors).toBeUndefined()
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
})

it('lists the 23 operations, each with its scope and its answers', () => {
  expect(described.map(({ key }) => key).sort()).toEqual(OPERATIONS.map(([method, path]) => `${method} ${path}`).sort())
  expect(new Set(described.map(({ operation }) => operation.operationId)).size).toBe(23)
  for (const { key, path, operation } of described) {
    const statuses = Object.keys(operation.responses)
    if (path === TOKEN_PATH) {
      expect([operation.security, statuses]).toEqual([[], ['200', '401', '500']])
      continue
    }
    expect(operation.description, key).toMatch(
      key.startsWith('GET') ? /scope `messages:read`/ : /scope `messages:write`/,
    )
    if (METRIC_PATHS.includes(path)) expect(statuses).toEqual(['200', '400', '401', '403', '500'])
    if (LIST_PATHS.includes(path))
      expect([statuses, operation.parameters]).toEqual([['200', '401', '403', '500'], undefined])
  }
  expect(Object.keys(document.paths[MESSAGES].post.responses)).toEqual([
    '201',
    '400',
    '401',
    '403',
    '409',
    '413',
    '415',
    '500',
  ])
  expect(Object.keys(document.paths[RESOLVE_PATH].post.responses)).toEqual([
    ...['201', '400', '401', '403', '404', '409', '413', '415', '500'],
  ])
  expect(document.security).toEqual([{ accessToken: [] }])
  expect(document.servers.map(({ url }: any) => url)).toEqual(['/', '/saysimple'])
})

it('has the parameters of the documentation, each metric its own', () => {
  const named = (path: string) => document.paths[path].get.parameters.map(({ name }: any) => name)
  const common = ['between', 'and', 'agent', 'channel', 'tag', 'provider', 'identifier', 'conversation']
  for (const path of METRIC_PATHS) {
    const isDirected = /messages\/(sum|distribution|response-times\/average|average)$/.test(path)
    const expected = [
      ...common.filter((name) => name !== 'tag' || !path.endsWith('/tags')),
      ...(isDirected ? ['direction'] : []),
      ...(path.endsWith('/unique') ? ['initiatedBy'] : []),
    ]
    expect([path, named(path)]).toEqual([path, expected])
  }
  const [{ schema: between }, , { schema: agent }, ...rest] = document.paths[METRIC_PATHS[0]!].get.parameters
  expect(between).toEqual({ type: 'string', format: 'date-time' })
  expect(agent).toEqual({ type: 'array', items: { type: 'string' } })
  expect(rest.at(-1).schema).toEqual({ type: 'string', enum: ['IN', 'OUT', 'ALL'] })
  const { required } = document.components.schemas.MessageInput
  expect(required.toSorted()).toEqual(
    [
      'tenant',
      'direction',
      'channel',
      'tenantChannelIdentifier',
      'customerChannelIdentifier',
      'message',
      'provider',
    ].sort(),
  )
})

it('is what the routes serve: what it lists is there at every address, and nothing else is', async () => {
  const own = [...app.routes].filter((route) =>
    /^\w+ (\/saysimple)?(\/insights\/v1|\/messaging\/v1|\/v1\/(messages|metrics|agents|channels|tags|teams|events|auth\/authenticate))(\/|$)/.test(
      route,
    ),
  )
  for (const route of own) {
    const [method, url] = route.split(' ') as [string, string]
    const path = url
      .replace(/^\/saysimple/, '')
      .replace(/\/$/, '')
      .replace(/^\/v1\/auth/, '/messaging/v1/auth')
      .replace(/^\/v1/, BASE)
    const { status } = await call(method, url.replace('*', 'y'), {
      body: method === 'POST' ? {} : undefined,
      token: acme.key,
    })
    const isServed = described.some(({ key }) => key === `${method === 'HEAD' ? 'GET' : method} ${path}`)
    if (isServed) expect([route, status]).toEqual([route, path === TOKEN_PATH ? 401 : method === 'POST' ? 400 : 200])
    else expect([204, 404, 405], route).toContain(status)
  }
  for (const [method, path] of OPERATIONS) {
    const short = path === TOKEN_PATH ? '/v1/auth/authenticate' : path.replace(BASE, '/v1')
    const urls = [path, short].flatMap((each) => [each, `${each}/`, `/saysimple${each}`, `/saysimple${each}/`])
    expect([...app.routes]).toEqual(expect.arrayContaining(urls.map((url) => `${method} ${url}`)))
  }
})

it('has examples that fit its own schemas', () => {
  const holds = exampleJudge(document)
  let judged = 0
  const judge = (...example: Parameters<typeof holds>) => {
    holds(...example)
    judged++
  }
  for (const { key, operation } of described) {
    for (const { schema, example } of Object.values<any>(operation.requestBody?.content ?? {}))
      judge(schema, example, key)
    for (const [status, { content }] of Object.entries<any>(operation.responses)) {
      const { schema, examples } = content['application/json']
      for (const { value } of Object.values<any>(examples)) judge(schema, value, `${key} ${status}`)
    }
  }
  expect(judged).toBeGreaterThan(100)
})

it('is a page as well', async () => {
  const page = await fetch(new URL('/saysimple/docs', app.localUrl))
  const text = await page.text()
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  for (const [method, path] of OPERATIONS) expect(text).toContain(`<span class="method">${method}</span>${path}`)
})

it('is a Postman collection, that runs once there is what its examples name', async () => {
  const collection = (await send(app.localUrl, 'GET', '/saysimple/postman.json', undefined, {})).json
  holdCollectionAgainstDocument(collection, document)
  expect(collection.auth).toEqual({ type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] })
  await server.add({ conversation: '1', time: '2020-02-14T11:00:00Z' })
  const requests = requestsOf(collection, { token: await server.accessToken(acme.key) })
  expect(requests).toHaveLength(23)
  const statuses = []
  for (const { method, path, body, headers } of requests) {
    const { status } = await send(app.localUrl, method, path, body, headers)
    statuses.push([method, path, status])
  }
  // What is signed is made by the client, which Postman is not.
  expect(statuses.filter(([, , status]) => Number(status) > 299)).toEqual([['POST', TOKEN_PATH, 401]])
})
