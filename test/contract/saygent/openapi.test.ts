import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { holdCollectionAgainstDocument, requestsOf } from '../postman.ts'
import { exampleJudge, send } from '../wire.ts'
import { CALL, MODES, OPERATIONS, RESPONDENTS, STATUS, saygentServer } from './kit.ts'

describe.each(MODES)('with HTTP status %s', async (mode) => {
  const server = await saygentServer(mode)
  const { app, call } = server
  const answer = await fetch(new URL('/saygent/openapi.json', app.localUrl))
  const document = (await answer.json()) as any
  const documented = Object.entries<any>(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )

  it('is a valid OpenAPI 3.1 document, for anybody', async () => {
    expect((await new Validator().validate(document)).errors).toBeUndefined()
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('lists the four operations, each with its scope, its answers and what it needs', () => {
    expect(documented.toSorted()).toEqual(OPERATIONS.map(([method, path]) => `${method} ${path}`).sort())
    const operations = Object.values<any>(document.paths).flatMap((item) => Object.values<any>(item))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(4)
    const statuses = mode === 'matching' ? ['200', '400', '401', '403', '413', '429', '500'] : ['200', '500']
    for (const operation of operations) {
      expect(operation.description).toMatch(/[Nn]eeds the scope `\w+:(read|write)`/)
      expect(Object.keys(operation.responses)).toEqual(statuses)
      expect(Object.keys(operation.requestBody.content)).toEqual([
        'application/json',
        'application/x-www-form-urlencoded',
      ])
    }
    const parameters = (path: string) => document.paths[path].get.parameters.map(({ name }: any) => name)
    expect([parameters(RESPONDENTS), parameters(STATUS)]).toEqual([['survey_id', 'respondent_ids'], ['respondent_ids']])
    expect(document.paths[CALL].post.requestBody.required).toBe(true)
    expect(document.paths[STATUS].get.requestBody.required).toBe(false)
    expect(document.security).toEqual([{ authToken: [] }])
    expect(document.servers.map(({ url }: any) => url)).toEqual(['/', '/saygent'])
  })

  it('is what the routes serve: what it lists is there at every address, and nothing else is', async () => {
    const own = [...app.routes].filter((route) => /^\w+ (\/saygent)?\/api\/v1\/(respondents|call|status)\b/.test(route))
    const tolerated = `POST ${STATUS}`
    for (const route of own) {
      const [method, url] = route.split(' ') as [string, string]
      const path = url.replace(/^\/saygent/, '').replace(/(\.json)?\/?$/, '')
      const { status } = await call(method, url.replace('*', 'y'), { body: {} })
      const isServed = [...documented, tolerated].includes(`${method === 'HEAD' ? 'GET' : method} ${path}`)
      if (isServed) expect([route, status]).toEqual([route, mode === 'matching' ? 400 : 200])
      else expect([204, 404, 405], route).toContain(status)
    }
    for (const [method, path] of OPERATIONS) {
      const urls = ['', '/saygent'].flatMap((prefix) => ['', '/', '.json', '.json/'].map((end) => prefix + path + end))
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
    for (const [path, item] of Object.entries<any>(document.paths)) {
      for (const [method, { requestBody, responses }] of Object.entries<any>(item)) {
        for (const { schema, example } of Object.values<any>(requestBody.content)) judge(schema, example, path)
        for (const [status, { content }] of Object.entries<any>(responses)) {
          const { schema, examples } = content['application/json']
          for (const { value } of Object.values<any>(examples)) judge(schema, value, `${method} ${path} ${status}`)
        }
      }
    }
    expect(judged).toBeGreaterThan(30)
  })

  it('is a page as well', async () => {
    const page = await fetch(new URL('/saygent/docs', app.localUrl))
    const text = await page.text()
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    for (const [method, path] of OPERATIONS) expect(text).toContain(`<span class="method">${method}</span>${path}`)
  })

  it('is a Postman collection, that runs once there is what its examples name', async () => {
    const collection = (await send(app.localUrl, 'GET', '/saygent/postman.json', undefined, {})).json
    holdCollectionAgainstDocument(collection, document)
    expect(collection.auth).toEqual({
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'auth_token', type: 'string' },
        { key: 'value', value: '{{token}}', type: 'string' },
        { key: 'in', value: 'query', type: 'string' },
      ],
    })
    await server.survey(1234, { slug: 'xyz123' })
    const requests = requestsOf(collection, { token: server.acme.token })
    expect(requests).toHaveLength(4)
    const statuses = []
    for (const { method, path, body, headers } of requests) {
      statuses.push((await send(app.localUrl, method, path, body, headers)).json.status)
    }
    // The second of its two people has no e-mail address, so that nobody is the second respondent.
    expect(statuses).toEqual(['warning', 'warning', 'warning', 'warning'])
  })
})
