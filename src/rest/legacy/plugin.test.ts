import type { AddressInfo } from 'node:net'
import { Validator } from '@seriousme/openapi-schema-validator'
import Fastify from 'fastify'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Viewer } from '../../domains/auth/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import type { Logger } from '../../platform/logger.ts'
import { type Answer, type LegacyApi, legacyPlugin, operation, parseForm, parseJson, Refused } from './index.ts'

/**
 * An API of no product, with the conventions that Sayify does not have and others do (contract/README.md, "Conventions
 * side by side"): the machinery must serve them without knowing of them.
 */
const viewer: Viewer = {
  workspaceId: 'w',
  workspaceSlug: 'w',
  apiKeyId: 'k',
  credential: 'apiKey',
  scopes: new Set(['contacts:read', 'contacts:write']),
  expiresAt: null,
}
const failure = (status: number, messages: object): Answer => ({ status, body: { status: 'failure', messages } })
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
const id = { id: { description: 'Its number.', schema: { type: 'integer' } } }
const done = [{ status: 204, description: 'Done.' }]

/** Of the box `many` more than one chunk; of others it fails at once, or in the middle. */
async function* numbers(box: string): AsyncGenerator<number> {
  if (box === 'broken') throw new Error('a secret')
  for (let n = 0; n < 30_000; n++) {
    if (box === 'torn' && n === 20_000) throw new Error('a secret')
    if (box === 'none') return
    yield n
  }
}

const api: LegacyApi = {
  name: 'postbox',
  title: 'Postbox <b>API</b>',
  version: '2',
  description: 'Tells `nothing` <script>alert(1)</script>',
  tags: { Boxes: 'What there is.' },
  owns: ['/v2/boxes'],
  aliases: (path) => [path.replace('/v2/', '/vii/'), path.replace('/v2/', '/')],
  trailingSlash: 'either',
  credentials: { query: { type: 'apiKey', in: 'query', name: 'token' } },
  admit({ headers }) {
    if (headers.accept === 'text/html') throw new Refused({ kind: 'unsupported_media_type', mediaType: 'accept' })
  },
  async authenticate(request) {
    const { headers, query } = request
    const inBody = async () => ((await request.body()) as { token?: unknown } | undefined)?.token
    const token = textOf(headers['x-access-token']) ?? textOf(query.token) ?? textOf(await inBody())
    if (token === 'right') return viewer
    throw new Refused({ kind: 'unauthenticated', reason: token === undefined ? 'missing' : 'invalid', message: 'no' })
  },
  parsers: {
    'application/json': parseJson,
    'application/x-www-form-urlencoded': parseForm,
    'application/octet-stream': async ({ stream }) => {
      let bytes = 0
      for await (const chunk of stream) bytes += chunk.length
      return { bytes }
    },
  },
  parseQuery: (search) => {
    const query = new URLSearchParams(search)
    return { ...Object.fromEntries(query), tags: query.getAll('tags[]') }
  },
  maxBodyBytes: 1_000,
  refuse(refusal) {
    switch (refusal.kind) {
      case 'unauthenticated':
        return failure(200, { auth: refusal.reason })
      case 'invalid':
        return failure(400, Object.fromEntries(refusal.faults.map(({ path, message }) => [path.join('.'), message])))
      case 'domain':
        return failure(404, { id: refusal.error.code, path: refusal.path })
      case 'malformed_body':
        return failure(400, { request: 'Invalid JSON' })
      default:
        return failure(500, { kind: refusal.kind })
    }
  },
  commonAnswers: () => [
    { status: 400, description: 'Wrong.', schema: z.object({ status: z.string(), messages: z.unknown() }) },
  ],
  operations: [
    operation({
      id: 'makeBox',
      method: 'POST',
      path: '/v2/boxes',
      tag: 'Boxes',
      summary: 'Make one',
      scope: 'contacts:write',
      body: z.object({ names: z.union([z.string(), z.array(z.string())], 'must be names') }),
      answers: [{ status: 201, description: 'Made.', schema: z.literal('') }],
      async handle({ body, request }) {
        return {
          status: 201,
          body: [body.names].flat().map((name) => ({ name, status: name === 'bad' ? 'invalid' : 'created' })),
          headers: { location: `${request.origin}/v2/boxes/1` },
        }
      },
    }),
    operation({
      id: 'listBoxes',
      method: 'GET',
      path: '/v2/boxes',
      tag: 'Boxes',
      summary: 'List them',
      scope: 'contacts:read',
      query: z.object({ tags: z.array(z.string()).meta({ description: 'Any of them.' }) }),
      answers: [{ status: 200, description: 'All.', schema: z.array(z.string()) }],
      handle: async ({ query }) => ({ status: 200, body: query.tags }),
    }),
    operation({
      id: 'changeBox',
      method: 'PUT',
      path: '/v2/boxes/{id}',
      tag: 'Boxes',
      summary: 'Change one',
      scope: null,
      params: id,
      names: { fieldName: 'field_name' },
      body: z.object({ name: z.string('must be text') }),
      answers: done,
      async locate({ params }) {
        if (params.id !== '1') throw new NotFoundError('box', ['fieldName'])
      },
      handle: async () => ({ status: 204 }),
    }),
    operation({
      id: 'burnBox',
      method: 'DELETE',
      path: '/v2/boxes/{id}',
      tag: 'Boxes',
      summary: 'Burn one',
      scope: 'links:write',
      params: id,
      answers: done,
      handle: async () => ({ status: 204 }),
    }),
    operation({
      id: 'fillBox',
      method: 'POST',
      path: '/v2/boxes/{id}/files',
      tag: 'Boxes',
      summary: 'Fill one',
      scope: null,
      params: id,
      body: z.object({ bytes: z.int() }),
      answers: done,
      handle: async ({ body }) => ({ status: 200, body }),
    }),
    operation({
      id: 'listFiles',
      method: 'GET',
      path: '/v2/boxes/{id}/files',
      aliases: ['/v2/boxes/{id}/papers'],
      tag: 'Boxes',
      summary: 'List its files',
      scope: null,
      params: id,
      answers: [{ status: 200, description: 'All.', schema: z.array(z.int()) }],
      handle: async ({ params }) => ({ status: 200, items: numbers(params.id!) }),
    }),
    operation({
      id: 'sendParts',
      method: 'PUT',
      path: '/v2/boxes/{id}/files',
      tag: 'Boxes',
      summary: 'Send parts',
      scope: null,
      params: id,
      parsers: {
        async 'multipart/form-data'({ parts }) {
          const seen: string[] = []
          for await (const part of parts({ files: 2 })) {
            if (part.type === 'field') seen.push(`${part.fieldname}=${part.value}`)
            else seen.push(`${part.filename} ${(await part.toBuffer()).length}`)
          }
          return { seen }
        },
      },
      body: z.object({ seen: z.array(z.string()) }),
      answers: done,
      handle: async ({ body }) => ({ status: 200, body: body.seen }),
    }),
    operation({
      id: 'login',
      method: 'POST',
      path: '/v2/boxes/login',
      tag: 'Boxes',
      summary: 'Log in',
      scope: null,
      anonymous: true,
      answers: [{ status: 201, description: 'Two bytes.', schema: z.literal('') }],
      handle: async () => ({ status: 201, body: '' }),
    }),
    operation({
      id: 'breakBox',
      method: 'GET',
      path: '/v2/boxes/broken',
      tag: 'Boxes',
      summary: 'Break',
      scope: null,
      undocumented: true,
      answers: [],
      handle: async () => {
        throw new Error('a secret')
      },
    }),
  ],
}

const logged: object[] = []
const log = (fields: object) => void logged.push(fields)
const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger }
const app = Fastify()
await app.register(legacyPlugin(api, { logger }))
await app.listen({ port: 0, host: '127.0.0.1' })
afterAll(() => app.close())
const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`

async function call(method: string, path: string, body?: BodyInit, headers: Record<string, string> = {}) {
  const response = await fetch(base + path, { method, headers, ...(body === undefined ? {} : { body }) })
  return { status: response.status, text: await response.text(), headers: response.headers }
}
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

describe('an API of other conventions', () => {
  it('takes its credential from a header, the query, a form or a JSON body', async () => {
    const created = '[{"name":"a","status":"created"}]'
    expect((await call('POST', '/v2/boxes', 'names=a', { ...FORM_TYPE, 'x-access-token': 'right' })).text).toBe(created)
    expect((await call('POST', '/v2/boxes?token=right', 'names=a', FORM_TYPE)).text).toBe(created)
    expect((await call('POST', '/v2/boxes', 'names=a&token=right', FORM_TYPE)).text).toBe(created)
    expect((await call('POST', '/v2/boxes', '{"names":"a","token":"right"}', JSON_TYPE)).text).toBe(created)
    const none = await call('POST', '/v2/boxes', 'names=a', FORM_TYPE)
    expect([none.status, none.text]).toEqual([200, '{"status":"failure","messages":{"auth":"missing"}}'])
    expect((await call('POST', '/v2/boxes', '{"token":"x"}', JSON_TYPE)).text).toContain('"auth":"invalid"')
  })

  it('answers with Location, partial success, two bytes or nothing', async () => {
    const made = await call('POST', '/v2/boxes?token=right', 'names=a&names=bad', FORM_TYPE)
    expect([made.status, made.headers.get('location'), made.text]).toEqual([
      201,
      `${base}/v2/boxes/1`,
      '[{"name":"a","status":"created"},{"name":"bad","status":"invalid"}]',
    ])
    const login = await call('POST', '/v2/boxes/login')
    expect([login.status, login.text, login.headers.get('content-type')]).toEqual([
      201,
      '""',
      'application/json; charset=utf-8',
    ])
    const changed = await call('PUT', '/v2/boxes/1?token=right', '{"name":"x"}', JSON_TYPE)
    expect([changed.status, changed.text, changed.headers.get('content-type')]).toEqual([204, '', null])
  })

  it('is served at each of its paths, with a slash and without', async () => {
    for (const start of ['/v2', '/vii', '', '/postbox/v2', '/postbox/vii', '/postbox']) {
      for (const end of ['', '/']) {
        const { status, text } = await call('GET', `${start}/boxes${end}?token=right&tags[]=a&tags[]=b`)
        expect([status, text], start + end).toEqual([200, '["a","b"]'])
      }
    }
    expect((await call('GET', '/v2/boxes/1/2/3')).text).toBe('{"status":"failure","messages":{"kind":"unknown_path"}}')
    expect((await call('GET', '/v2/other')).text).not.toContain('failure')
  })

  it('judges in its order and its envelope: who asks, scope, object, body', async () => {
    expect((await call('GET', '/v2/boxes', undefined, { accept: 'text/html' })).text).toContain(
      'unsupported_media_type',
    )
    expect((await call('PUT', '/v2/boxes/2', '{', JSON_TYPE)).text).toContain('Invalid JSON')
    const asked = '?token=right'
    const missing = await call('PUT', `/v2/boxes/2${asked}`, '{', JSON_TYPE)
    expect([missing.status, missing.text]).toEqual([
      404,
      '{"status":"failure","messages":{"id":"NOT_FOUND","path":["field_name"]}}',
    ])
    expect((await call('PUT', `/v2/boxes/1${asked}`, '{', JSON_TYPE)).text).toContain('Invalid JSON')
    expect((await call('PUT', `/v2/boxes/1${asked}`, '{}', JSON_TYPE)).text).toContain('{"name":"must be text"}')
    expect((await call('DELETE', `/v2/boxes/1${asked}`)).text).toContain('INSUFFICIENT_SCOPE')
    expect((await call('PATCH', `/v2/boxes/1${asked}`)).text).toContain('method_not_allowed')
  })

  it('may stream bodies larger than those that are read whole', async () => {
    const large = new Uint8Array(100_000)
    const bytes = { 'content-type': 'application/octet-stream' }
    expect((await call('POST', '/v2/boxes/1/files?token=right', large, bytes)).text).toBe('{"bytes":100000}')
    const whole = await call('PUT', '/v2/boxes/1?token=right', JSON.stringify({ name: 'x'.repeat(2_000) }), JSON_TYPE)
    expect([whole.text, whole.headers.get('connection')]).toEqual([
      '{"status":"failure","messages":{"kind":"too_large"}}',
      'close',
    ])
  })

  it('writes lists as they come, and tells of a failure as long as nothing was written', async () => {
    const many = await call('GET', '/v2/boxes/many/files?token=right')
    expect(JSON.parse(many.text)).toEqual(Array.from({ length: 30_000 }, (_, n) => n))
    expect(many.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect((await call('GET', '/postbox/boxes/none/papers?token=right')).text).toBe('[]')
    const broken = await call('GET', '/v2/boxes/broken/files?token=right')
    expect([broken.status, broken.text]).toEqual([500, '{"status":"failure","messages":{"kind":"defect"}}'])
    // What was promised and does not come is cut off, so that nobody takes a part for the whole.
    await expect(call('GET', '/v2/boxes/torn/files?token=right')).rejects.toThrow()
    const head = await call('HEAD', '/v2/boxes/many/files?token=right')
    expect([head.status, head.text]).toEqual([200, ''])
  })

  it('reads parts where an operation has parsers of its own', async () => {
    const form = new FormData()
    form.append('name', 'x')
    form.append('file', new Blob(['12345']), 'a.txt')
    expect((await call('PUT', '/v2/boxes/1/files?token=right', form)).text).toBe('["name=x","a.txt 5"]')
    const json = await call('PUT', '/v2/boxes/1/files?token=right', '{"seen":[]}', JSON_TYPE)
    expect(json.text).toContain('unsupported_media_type')
    expect((await call('POST', '/v2/boxes?token=right', form)).text).toContain('unsupported_media_type')
  })

  it('masks defects, and logs them with the request', async () => {
    logged.length = 0
    const { status, text } = await call('GET', '/v2/boxes/broken?token=right')
    expect([status, text]).toEqual([500, '{"status":"failure","messages":{"kind":"defect"}}'])
    expect(logged).toEqual([
      { err: expect.objectContaining({ message: 'a secret' }), requestId: expect.any(String), api: 'postbox' },
    ])
  })

  it('is documented, without what is only tolerated, and with its text as text', async () => {
    const document = JSON.parse((await call('GET', '/postbox/openapi.json')).text)
    expect((await new Validator().validate(document)).errors).toBeUndefined()
    expect(Object.keys(document.paths)).toEqual([
      '/v2/boxes',
      '/v2/boxes/{id}',
      '/v2/boxes/{id}/files',
      '/v2/boxes/login',
    ])
    expect(document.paths['/v2/boxes/login'].post.security).toEqual([])
    expect(document.paths['/v2/boxes/{id}'].put.responses['204']).toEqual({ description: 'Done.' })
    expect(Object.keys(document.paths['/v2/boxes/{id}/files'].put.requestBody.content)).toEqual(['multipart/form-data'])
    const collection = JSON.parse((await call('GET', '/postbox/postman.json')).text)
    expect(collection.auth).toEqual({
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'token', type: 'string' },
        { key: 'value', value: '{{token}}', type: 'string' },
        { key: 'in', value: 'query', type: 'string' },
      ],
    })
    expect(collection.item[0].item.map(({ request }: any) => `${request.method} ${request.url.raw}`)).toContain(
      'PUT {{baseUrl}}/v2/boxes/:id',
    )
    const page = (await call('GET', '/postbox/docs')).text
    expect(page).toContain('Postbox &lt;b&gt;API&lt;/b&gt;')
    expect(page).toContain('<code>nothing</code> &lt;script&gt;')
    expect(page).not.toMatch(/<script|<b>/)
  })
})
