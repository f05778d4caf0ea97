import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { holdCollectionAgainstDocument, requestsOf } from '../postman.ts'
import { exampleJudge, send } from '../wire.ts'
import { sayifyServer } from './kit.ts'

const server = await sayifyServer()
const { app, call } = server
const answer = await fetch(new URL('/sayify/openapi.json', app.localUrl))
const document = (await answer.json()) as any
const documented = Object.entries<any>(document.paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
)

describe('/sayify/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document, for anybody', async () => {
    const { valid, errors } = await new Validator().validate(document)
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('lists the twelve operations, each with its scope, its answers and what it needs', () => {
    expect(documented.sort()).toEqual(
      [
        'POST /api/v1/links/',
        'GET /api/v1/links/',
        'GET /api/v1/links/{link_uuid}/',
        'DELETE /api/v1/links/{link_uuid}/',
        'GET /api/v1/links/{link_uuid}/responses/',
        'GET /api/v1/links/{link_uuid}/responses/{response_uuid}/',
        'GET /api/v1/workspaces/{workspace_uuid}/webhooks/',
        'POST /api/v1/workspaces/{workspace_uuid}/webhooks/',
        'DELETE /api/v1/workspaces/{workspace_uuid}/webhooks/{webhook_uuid}/',
        'GET /api/v1/tokens/',
        'POST /api/v1/tokens/',
        'DELETE /api/v1/tokens/{token_uuid}/',
      ].sort(),
    )
    const operations = Object.values<any>(document.paths).flatMap((item) => Object.values<any>(item))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(12)
    for (const operation of operations) {
      expect(operation.description).toMatch(/Needs the scope `\w+:(read|write)`\./)
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '429', '500']))
    }
    expect(document.security).toEqual([{ bearer: [] }])
    expect(document.servers.map(({ url }: any) => url)).toEqual(['/', '/sayify'])
  })

  it('is what the routes serve: what it lists is there, and nothing else is', async () => {
    const listed = new Set(documented)
    const own = [...app.routes].filter((route) => /^\w+ (\/sayify)?\/api\/v1\/(links|workspaces|tokens)\b/.test(route))
    expect(own.length).toBeGreaterThan(200)
    for (const route of own) {
      const [method, url] = route.split(' ') as [string, string]
      const path = url.replace('/sayify', '').replace(/:(\w+)/g, '{$1}')
      const { status } = await call(method, url.replace(/:(\w+)/g, 'x').replace('*', 'y'), {
        headers: {},
        body: undefined,
      })
      if (listed.has(`${method === 'HEAD' ? 'GET' : method} ${path}`)) expect([route, status]).not.toContain(405)
      else
        expect(documented.some((each) => each.endsWith(` ${path}`)) ? [204, 405] : [301, 404], route).toContain(status)
    }
    for (const each of documented) {
      const [method, path] = each.split(' ') as [string, string]
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      expect([...app.routes]).toEqual(expect.arrayContaining([`${method} ${url}`, `${method} /sayify${url}`]))
    }
  })

  it('has examples that fit its own schemas', async () => {
    const holds = exampleJudge(document)
    const judge = (schema: object, value: unknown, label: string) => {
      holds(schema, value, label)
      return 1
    }
    let examples = 0
    for (const [path, item] of Object.entries<any>(document.paths)) {
      for (const [method, { requestBody, responses }] of Object.entries<any>(item)) {
        for (const { schema, example } of Object.values<any>(requestBody?.content ?? {})) {
          examples += judge(schema, example, `${method} ${path} body`)
        }
        for (const [status, { content }] of Object.entries<any>(responses)) {
          const { schema, examples: some = {} } = content['application/json']
          for (const { value } of Object.values<any>(some))
            examples += judge(schema, value, `${method} ${path} ${status}`)
        }
      }
    }
    expect(examples).toBeGreaterThan(60)
  })
})

describe('/sayify/docs', () => {
  it('is a page that is whole in itself', async () => {
    const response = await fetch(new URL('/sayify/docs', app.localUrl))
    const page = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = response.headers.get('content-security-policy')!
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; /)
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)![1]!
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
    expect(policy).toContain(`'sha256-${Buffer.from(digest).toString('base64')}'`)
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|@import|url\(|\son\w+=|style="/i)
    for (const each of documented) {
      const [method, path] = each.split(' ') as [string, string]
      expect(page).toContain(`<span class="method">${method}</span>${path}</code>`)
    }
    // Every link within the page leads somewhere, and every tag that is opened is closed.
    const ids = new Set([...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id))
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target)
    for (const tag of ['table', 'section', 'article', 'details', 'pre', 'code', 'ul', 'p', 'tr', 'td']) {
      const opened = page.match(new RegExp(`<${tag}[\\s>]`, 'g'))?.length
      expect([tag, page.match(new RegExp(`</${tag}>`, 'g'))?.length]).toEqual([tag, opened])
    }
  })
})

describe('/sayify/postman.json', () => {
  it('is a collection of the twelve operations', async () => {
    const reply = await send(app.localUrl, 'GET', '/sayify/postman.json', undefined, {
      host: 'sayify.pro',
      'x-forwarded-proto': 'https',
    })
    expect(reply.status).toBe(200)
    const collection = reply.json
    holdCollectionAgainstDocument(collection, document)
    expect(collection.auth).toEqual({
      type: 'bearer',
      bearer: [{ key: 'token', value: '{{token}}', type: 'string' }],
    })
    const requests = requestsOf(collection, { token: server.acme.key })
    expect(requests.length).toBe(12)
    const list = requests.find(({ name }) => name === 'List all links')!
    expect(list).toMatchObject({ method: 'GET', path: '/api/v1/links/', body: undefined })
    expect((await send(app.localUrl, list.method, list.path, list.body, list.headers)).status).toBe(200)
    const create = requests.find(({ name }) => name === 'Create a feedback link')!
    expect((await send(app.localUrl, create.method, create.path, create.body, create.headers)).status).toBe(201)
  })
})
