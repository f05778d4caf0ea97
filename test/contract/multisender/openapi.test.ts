import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { holdCollectionAgainstDocument, requestsOf } from '../postman.ts'
import { exampleJudge, send } from '../wire.ts'
import { campaignServer } from './campaign-kit.ts'
import { ALIASES, OPERATIONS, TOLERATED } from './operations.ts'

const server = await campaignServer()
const { app, acme, call, ok } = server
const answer = await fetch(new URL('/multisender/openapi.json', app.localUrl))
const document = (await answer.json()) as any
const documented = Object.entries<any>(document.paths).flatMap(([path, item]) =>
  Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
)

describe('/multisender/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document, for anybody', async () => {
    expect((await new Validator().validate(document)).errors).toBeUndefined()
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('lists every operation, each with its scope, its answers and what it needs', () => {
    expect(documented.toSorted()).toEqual(OPERATIONS.map(([, method, path]) => `${method} ${path}`).sort())
    const ids = Object.values<any>(document.paths).flatMap((item) =>
      Object.values<any>(item).map((each) => each.operationId),
    )
    expect(new Set(ids).size).toBe(OPERATIONS.length)
    for (const [n, method, path, scope, success] of OPERATIONS) {
      const operation = document.paths[path][method.toLowerCase()]
      const needs = scope === null ? 'Needs no credential.' : `Needs the scope \`${scope}\`.`
      expect(operation.description, String(n)).toContain(needs)
      const statuses = Object.keys(operation.responses)
      expect(statuses, String(n)).toEqual(expect.arrayContaining([String(success), '401', '406', '500']))
      if (path.includes('{')) expect(statuses, String(n)).toContain('404')
      if (operation.requestBody) expect(statuses, String(n)).toEqual(expect.arrayContaining(['400', '413', '415']))
      const hasLocation = 'Location' in (operation.responses[success].headers ?? {})
      // "Loc" of the contract: creations, but for login, members of groups and the filter that is deleted.
      expect(hasLocation, String(n)).toBe(success === 201 && ![10, 12, 34].includes(n))
    }
    expect(document.security).toEqual([{ accessToken: [] }, { authenticationToken: [] }, { accessTokenInQuery: [] }])
    expect(document.servers.map(({ url }: any) => url)).toEqual(['/', '/multisender'])
    const body = (path: string, method: string) => Object.keys(document.paths[path][method].requestBody.content)
    expect([body('/v1/accounts', 'post'), body('/v1/voice_files', 'post')]).toEqual([
      ['application/json'],
      ['multipart/form-data'],
    ])
  })

  it('is what the routes serve: what it lists is there at every base path, and nothing else is', async () => {
    // Below `/v1/auth` is SaySimple's.
    const own = [...app.routes].filter((route) =>
      / (\/multisender)?(\/v1|\/vi)?\/(accounts|groups|calls|click_to_calls|emails|rsvp_calls|smses|subusers|voice_files|login|auth(?!\/authenticate)|authenticate|tokens)\b/.test(
        route,
      ),
    )
    expect(own.length).toBeGreaterThan(1_000)
    const served = new Map<string, Set<string>>()
    for (const route of own) {
      const [method, url] = route.split(' ') as [string, string]
      if (url.includes('*')) continue
      const path = url
        .replace(/^(\/multisender)?(\/v1|\/vi)?(?=\/)/, '/v1')
        .replace(/\/$/, '')
        .replace(/:(\w+)/g, '{$1}')
      served.set(path, (served.get(path) ?? new Set()).add(`${method} ${url}`))
    }
    expect([...served.keys()].sort()).toEqual(
      [...new Set([...OPERATIONS.map(([, , path]) => path), ...Object.keys(ALIASES)])].sort(),
    )
    for (const [path, routes] of served) {
      // Seven methods, three base paths, with the prefix and without, with a slash and without.
      expect(routes.size, path).toBe(7 * 3 * 2 * 2)
      const canonical = ALIASES[path] ?? path
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status } = await call(method, path.replace(/\{\w+\}/g, '99'), {
          body: method === 'POST' ? '[' : undefined,
        })
        const isServed =
          [...documented, ...TOLERATED].includes(`${method} ${canonical}`) && (path === canonical || status !== 405)
        expect([path, method, status === 405]).toEqual([path, method, !isServed])
      }
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
      for (const [method, operation] of Object.entries<any>(item)) {
        for (const { schema, example } of Object.values<any>(operation.requestBody?.content ?? {})) {
          if (example !== undefined) judge(schema, example, `${method} ${path}`)
        }
        for (const [status, response] of Object.entries<any>(operation.responses)) {
          const { schema, examples = {} } = response.content?.['application/json'] ?? {}
          for (const { value } of Object.values<any>(examples)) judge(schema, value, `${method} ${path} ${status}`)
        }
      }
    }
    expect(judged).toBeGreaterThan(100)
  })

  it('is a page as well', async () => {
    const page = await fetch(new URL('/multisender/docs', app.localUrl))
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const text = await page.text()
    for (const [, method, path] of OPERATIONS) expect(text).toContain(`<span class="method">${method}</span>${path}`)
    expect(text).toContain('href="postman.json"')
  })
})

describe('/multisender/postman.json', async () => {
  const reply = await send(app.localUrl, 'GET', '/multisender/postman.json', undefined, {
    host: 'api.multisender.net',
    'x-forwarded-proto': 'https',
  })
  const collection = reply.json

  it('is a collection of all operations, with their credential, their bodies and their answers', () => {
    expect(reply.headers['content-disposition']).toBe('attachment; filename="multisender.postman_collection.json"')
    holdCollectionAgainstDocument(collection, document)
    expect(collection.variable).toEqual([
      { key: 'baseUrl', value: 'https://api.multisender.net', type: 'string' },
      { key: 'token', value: '', type: 'string' },
    ])
    expect(collection.auth).toEqual({
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'X-Access-Token', type: 'string' },
        { key: 'value', value: '{{token}}', type: 'string' },
        { key: 'in', value: 'header', type: 'string' },
      ],
    })
    const upload = collection.item.at(-1).item.find(({ name }: any) => name === 'Upload voice files')
    expect(upload.request.body).toEqual({ mode: 'formdata', formdata: [{ key: 'files', type: 'file', src: [] }] })
  })

  it('can be run: every request succeeds as it stands, once there is what it names', async () => {
    const requests = requestsOf(collection, { token: acme.token })
    // Two accounts for the group of its examples, a voice file that is ready, and a user for its login.
    for (let n = 0; n < 2; n++) await ok(201, 'POST', '/v1/accounts', { body: {} })
    await server.voiceFile()
    await server.user(acme, 'user@example.com', 'correct horse battery staple')
    const destroys = (each: (typeof requests)[number]) => each.method === 'DELETE'
    const makes = (each: (typeof requests)[number]) => each.method === 'POST' && !each.path.endsWith('/1/accounts')
    // What is used goes after what uses it.
    const rank = (each: (typeof requests)[number]) =>
      makes(each) ? 0 : destroys(each) ? (each.path.includes('voice_files') ? 3 : 2) : 1
    const ordered = requests.toSorted((a, b) => rank(a) - rank(b) || (destroys(a) ? b.path.length - a.path.length : 0))
    for (const { name, method, path, headers, body, expected } of ordered) {
      // Files are chosen by hand; which accounts to delete is as well.
      if (name === 'Upload voice files' || name === 'Delete many accounts') continue
      const { status } = await send(app.localUrl, method, path, body, headers)
      const known = expected.map(({ code }) => code)
      expect(known, name).toContain(status)
      expect([name, status < 300 || status === 404]).toEqual([name, true])
      if (rank({ method, path } as never) < 2)
        expect([name, status], path).toEqual([name, known.find((code) => code < 300)])
    }
  })
})
