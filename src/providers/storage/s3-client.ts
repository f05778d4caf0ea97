import { createHash } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import { Agent } from 'undici'
import { StorageError, type StorageFailure } from './storage-error.ts'

export interface S3Options {
  /** Of the service, such as `https://s3.eu-north-1.amazonaws.com` or `http://minio:9000`, without a path. */
  endpoint: string
  region: string
  bucket: string
  accessKeyId: string
  secretAccessKey: string
  /** `path`: `{endpoint}/{bucket}/{key}`. `host`: `{bucket}.{endpoint}/{key}`. */
  addressing: 'path' | 'host'
  /** How often one request is tried in all. Default 5. */
  tries?: number
  /** Before the second try; doubled before each further one, with a random half taken off. Default 100. */
  retryMs?: number
  /** For one try: until its answer begins, and between two pieces of the answer. Default 30000. */
  timeoutMs?: number
  /** How names become addresses. Default: the machine's way. */
  lookup?: LookupFunction
}

export interface S3Request {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Of the object, without a leading slash. */
  key: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: Uint8Array
}

export interface S3Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** To be read to its end or destroyed. */
  body: Readable
}

export interface S3Client {
  /**
   * Sends a signed request, again after 5xx, 429 and broken connections. Answers are given back below status 300 and
   * for what `expected` names; all others throw StorageError.
   */
  send(request: S3Request, expected?: (status: number, code: string | undefined) => boolean): Promise<S3Answer>
}

const MAX_DELAY_MS = 5_000
/** Of an error's or a receipt's XML. */
const MAX_XML_BYTES = 65_536

export function s3Client(options: S3Options): S3Client {
  const { region, accessKeyId, secretAccessKey, tries = 5, retryMs = 100, timeoutMs = 30_000, lookup } = options
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(lookup && { lookup }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    allowH2: false,
  })
  const base = new URL(options.endpoint)
  if (options.addressing === 'host') base.host = `${options.bucket}.${base.host}`
  const folder = options.addressing === 'host' ? '/' : `/${options.bucket}/`

  async function sendOnce({ method, key, query, headers, body }: S3Request) {
    const url = new URL(`${folder}${key}`, base)
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      // The hash lets the store refuse what arrives damaged, also without TLS.
      headers: {
        ...headers,
        'x-amz-content-sha256': createHash('sha256')
          .update(body ?? '')
          .digest('hex'),
      },
      service: 's3',
      region,
      accessKeyId,
      secretAccessKey,
    }).sign()
    return agent.request({
      origin: base.origin,
      path: `${signed.url.pathname}${signed.url.search}`,
      method,
      headers: Object.fromEntries(signed.headers),
      body: body ?? null,
    })
  }

  return {
    async send(request, expected = () => false) {
      const what = `${request.method} ${request.key}`
      for (let attempt = 1; ; attempt++) {
        let failure: StorageError
        try {
          const { statusCode: status, headers, body } = await sendOnce(request)
          // undici calls it an error when a body is destroyed before its end; readers still learn of real ones.
          body.on('error', () => {})
          if (status < 300) return { status, headers, body }
          const code = await errorCode(body)
          if (expected(status, code)) return { status, headers, body }
          failure = answerError(what, status, code)
        } catch (cause) {
          const { message } = cause as Error
          failure = new StorageError('unreachable', `${what}: no answer from ${base.origin}: ${message}`, { cause })
        }
        if (!failure.retryable || attempt >= tries) throw failure
        const longest = Math.min(retryMs * 2 ** (attempt - 1), MAX_DELAY_MS)
        await sleep(longest / 2 + (Math.random() * longest) / 2)
      }
    },
  }
}

/** The store answered with a fault where its status did not say so, or with nothing that can be used. */
export function answerError(what: string, status: number, code: string | undefined): StorageError {
  return new StorageError(failureOf(status, code), `${what}: answered ${status}${code ? ` ${code}` : ''}`, {
    status,
    ...(code && { code }),
  })
}

function failureOf(status: number, code: string | undefined): StorageFailure {
  // InternalError and SlowDown also come inside a 200 (CompleteMultipartUpload).
  if (status >= 500 || status === 429 || code === 'InternalError' || code === 'SlowDown') return 'unreachable'
  if (status === 401 || status === 403) return 'forbidden'
  return code === 'NoSuchBucket' ? 'no_bucket' : 'rejected'
}

async function errorCode(body: Readable): Promise<string | undefined> {
  return xmlText(await shortText(body), 'Code')
}

/** The beginning of an answer's body as text. */
export async function shortText(body: Readable): Promise<string> {
  let text = ''
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString('utf8')
    if (text.length > MAX_XML_BYTES) break
  }
  return text
}

/** What stands in the first element of this name. Enough for S3's flat receipts. */
export function xmlText(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}
