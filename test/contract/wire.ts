import { request } from 'node:http'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'
import { SCOPES, type Viewer } from '../../src/domains/auth/index.ts'
import type { World } from '../../src/domains/world.ts'
import type { TestApp } from '../kit/app.ts'

/** What came over the wire. */
export interface Reply {
  status: number
  headers: Record<string, string | undefined>
  /** Exactly what came. */
  text: string
  json: any
}

export function send(
  server: URL,
  method: string,
  path: string,
  body: string | Buffer | undefined,
  headers: Record<string, string>,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    // Not fetch: it names the host itself, and sends no body with GET.
    const length: Record<string, string> =
      body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { host: server.hostname, port: server.port, method, path, headers: { ...length, ...headers } }
    const sent = request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const isJson = String(response.headers['content-type']).startsWith('application/json') && text !== ''
        const json = isJson ? JSON.parse(text) : undefined
        resolve({ status: response.statusCode!, headers: response.headers as Reply['headers'], text, json })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/**
 * Holds answers of documented operations against the document that `/{api}/openapi.json` serves: the status must be
 * there, the body must fit. `canonical` makes the documented path of one that was asked for; by default the prefix goes.
 */
export async function holdAgainstDocument(
  app: TestApp,
  api: string,
  canonical: (path: string) => string = (path) => path.replace(new RegExp(`^/${api}(?=/)`), ''),
): Promise<(method: string, path: string, reply: Reply) => void> {
  const document = (await (await fetch(new URL(`/${api}/openapi.json`, app.localUrl))).json()) as {
    paths: Record<string, Record<string, { responses: Record<string, { content?: object }> }>>
  }
  const ajv = schemasOf(document, api)
  const templates = Object.keys(document.paths)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`) }))
    // As routes do: words come before parameters.
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  return (method, path, { status, json }) => {
    const asked = canonical(path.split('?')[0]!)
    const template = templates.find(({ pattern }) => pattern.test(asked))?.path
    const operation = template && document.paths[template]![method.toLowerCase()]
    // That a method is missing is told of a path, such as an alias; what is documented has none.
    if (!operation || status === 405) return
    expect(Object.keys(operation.responses), `${method} ${template} documents ${status}`).toContain(String(status))
    if (!operation.responses[String(status)]!.content) {
      expect(json, `${method} ${path} ${status} has no body`).toBeUndefined()
      return
    }
    const place = [
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      status,
      'content',
      'application/json',
      'schema',
    ]
    const pointer = place.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    const validate = ajv.getSchema(`${api}#/${encodeURI(pointer)}`)
    if (!validate) throw new Error(`no schema at ${pointer}`)
    validate(json)
    expect(validate.errors ?? [], `${method} ${path} ${status} against the document`).toEqual([])
  }
}

/** Judges examples by schemas of a document, which may refer to others of it. */
export function exampleJudge(document: object): (schema: object, value: unknown, label: string) => void {
  const ajv = schemasOf(document, 'doc')
  return (schema, value, label) => {
    const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"doc#/')))
    validate(value)
    expect(validate.errors ?? [], label).toEqual([])
  }
}

function schemasOf(document: object, name: string): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  return ajv.addSchema(document, name)
}

/** A workspace of its own, with a key of all scopes and what the domains know of whoever has it. */
export async function tenantOf(app: TestApp, { newId }: Pick<World, 'newId'>, slug: string) {
  const { workspaceId, key } = await app.otherWorkspace(slug)
  const viewer: Viewer = {
    workspaceId,
    workspaceSlug: slug,
    apiKeyId: newId(),
    credential: 'apiKey',
    scopes: new Set(SCOPES),
    expiresAt: null,
  }
  return { viewer, workspaceId, key }
}
