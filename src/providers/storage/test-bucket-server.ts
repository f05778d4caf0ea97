import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import S3rver from 's3rver'
import { afterAll } from 'vitest'
import type { S3StorageOptions } from './s3.ts'

export const BUCKET = 'recordings'
/** What s3rver knows to be somebody's. */
const KEY = 'S3RVER'

/**
 * s3rver on a free port, with one bucket. It does not check signatures of version 4, so that is done before it. Two
 * uploads of one key run into one file there, where S3 lets the last one win, so uploads stand in line.
 */
export async function startS3Server(directory: string): Promise<{ port: number; options: S3StorageOptions }> {
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    serviceEndpoint: 'store.test',
    configureBuckets: [{ name: BUCKET }],
  })
  const put = server.store.putObject.bind(server.store)
  let last: Promise<unknown> = Promise.resolve()
  server.store.putObject = (object) => {
    last = last.catch(() => {}).then(() => put(object))
    return last
  }
  server.middleware.unshift(async (context, next) => {
    const code = signatureFault(context.req)
    if (!code) return next()
    context.status = 403
    context.body = `<Error><Code>${code}</Code></Error>`
  })
  const { port } = await server.run()
  // Clients keep their connections, and s3rver would wait for their end.
  afterAll(async () => {
    const closed = server.close()
    server.httpServer.closeAllConnections()
    await closed
  })
  const options: S3StorageOptions = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-north-1',
    bucket: BUCKET,
    accessKeyId: KEY,
    secretAccessKey: KEY,
    addressing: 'path',
    retryMs: 1,
  }
  return { port, options }
}

/** Judges a signature by "Create a signed AWS API request" of Amazon's documentation; undefined for a right one. */
function signatureFault({ method, url = '', headers }: IncomingMessage): string | undefined {
  const form =
    /^AWS4-HMAC-SHA256 Credential=(.+?)\/((\d{8})\/(.+?)\/s3\/aws4_request), SignedHeaders=(.+?), Signature=(.+)$/
  const [, accessKeyId, scope = '', day = '', region = '', names = '', signature] =
    form.exec(headers.authorization ?? '') ?? []
  if (accessKeyId !== KEY) return 'InvalidAccessKeyId'
  const required = ['host', 'x-amz-content-sha256', 'x-amz-date']
  if (!required.every((name) => names.split(';').includes(name))) return 'AccessDenied'
  const [path = '', query = ''] = url.split('?')
  const parameters = query.split('&').filter(Boolean)
  const canonical = [
    method,
    path,
    parameters
      .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
      .sort()
      .join('&'),
    ...names.split(';').map((name) => `${name}:${headers[name]}`),
    '',
    names,
    headers['x-amz-content-sha256'],
  ].join('\n')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, digest].join('\n')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${KEY}`)
  return hmac(key, toSign).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch'
}

/** What happens to a request on its way: it is passed on, its answer is withheld, or it is answered here. */
export type Fate = 'pass' | 'cut before' | 'cut after' | 'cut half' | { status: number; body?: string }

/** A proxy before `port` that lets requests meet a fate. Addresses and signatures pass unchanged. */
export async function startTroubledProxy(port: number, fateOf: (request: string) => Fate) {
  const seen: string[] = []
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const line = `${incoming.method} ${incoming.url}`
    seen.push(line)
    const fate = fateOf(line)
    if (fate === 'cut before') return void incoming.socket.destroy()
    if (typeof fate === 'object') {
      incoming.resume().on('end', () => {
        const { status, body = '' } = fate
        outgoing.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body)
      })
      return
    }
    const { method, url, headers } = incoming
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      if (fate === 'cut after') return void answer.resume().on('end', () => incoming.socket.destroy())
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      if (fate === 'pass') return void answer.pipe(outgoing)
      answer.once('data', (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, chunk.length / 2), () => incoming.socket.destroy())
        answer.resume()
      })
    })
    onward.on('error', () => incoming.socket.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return { seen, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}
