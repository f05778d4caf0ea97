import { Readable } from 'node:stream'
import { answerError, type S3Client, type S3Options, s3Client, shortText } from './s3-client.ts'
import { upload } from './s3-upload.ts'
import { type ByteRange, checkKey, type Storage } from './storage.ts'

export interface S3StorageOptions extends S3Options {
  /** Put before every key and a slash; a storage key itself. */
  prefix?: string | undefined
}

/**
 * Objects in a bucket of anything that speaks S3: signed requests (SigV4), objects of 5 MiB and more in parts, one part
 * in memory per upload. Failures are StorageError.
 *
 * Passes the conformance suite against s3rver 3.7 over HTTP, in both ways of addressing. It has not met Amazon's own
 * service. Give the bucket a lifecycle rule that aborts incomplete multipart uploads: a process that is killed leaves
 * parts behind, which nobody sees and which cost.
 */
export function s3Storage({ prefix, ...options }: S3StorageOptions): Storage {
  const client = s3Client(options)
  const place = (key: string) => {
    checkKey(key)
    return prefix === undefined ? key : `${prefix}/${key}`
  }
  return {
    async write(key, source) {
      await upload(client, place(key), source)
    },
    async read(key, range) {
      const at = place(key)
      if (range && range.start <= range.end) {
        const part = await readRange(client, at, range)
        if (part !== 'unsatisfiable') return part
      } else if (!range) {
        const answer = await client.send({ method: 'GET', key: at }, isMissing)
        return answer.status === 404 ? undefined : { size: sizeOf(answer), stream: answer.body }
      }
      const size = await sizeAt(client, at)
      return size === undefined ? undefined : { size, stream: Readable.from([]) }
    },
    async delete(key) {
      const { body } = await client.send({ method: 'DELETE', key: place(key) }, isMissing)
      await shortText(body)
    },
  }
}

type Answer = Awaited<ReturnType<S3Client['send']>>

/** The object is missing; a missing bucket is a failure. */
const isMissing = (status: number, code: string | undefined) => status === 404 && code !== 'NoSuchBucket'
const isMissingOrUnsatisfiable = (status: number, code: string | undefined) => status === 416 || isMissing(status, code)

async function readRange(client: S3Client, key: string, { start, end }: ByteRange) {
  const headers = { range: `bytes=${start}-${end}` }
  const answer = await client.send({ method: 'GET', key, headers }, isMissingOrUnsatisfiable)
  if (answer.status === 404) return undefined
  if (answer.status === 416) return 'unsatisfiable' as const
  // A server may answer with more than was asked for, or with everything (RFC 9110, 14.2).
  const given = contentRange(answer)
  const first = given?.start ?? 0
  if (first > start) throw answerError(`GET ${key}`, answer.status, `bytes from ${first}, not from ${start}`)
  const size = given?.size ?? sizeOf(answer)
  const last = Math.min(end, size - 1)
  if (last < start) {
    answer.body.destroy()
    return { size, stream: Readable.from([]) }
  }
  const exact = given?.start === start && given.end === last
  return { size, stream: exact ? answer.body : Readable.from(clip(answer.body, start - first, last - start + 1)) }
}

/** The size of an object, by asking for its first byte, because an answer to HEAD cannot tell what is missing. */
async function sizeAt(client: S3Client, key: string): Promise<number | undefined> {
  const answer = await client.send({ method: 'GET', key, headers: { range: 'bytes=0-0' } }, isMissingOrUnsatisfiable)
  if (answer.status === 404) return undefined
  if (answer.status === 416) return 0
  answer.body.destroy()
  return contentRange(answer)?.size ?? sizeOf(answer)
}

async function* clip(source: Readable, skip: number, length: number): AsyncGenerator<Buffer> {
  let toSkip = skip
  let left = length
  for await (const chunk of source as AsyncIterable<Buffer>) {
    const part = chunk.subarray(toSkip, toSkip + left)
    toSkip = Math.max(0, toSkip - chunk.length)
    left -= part.length
    if (part.length > 0) yield part
    if (left === 0) return
  }
}

function contentRange({ status, headers }: Answer): { start: number; end: number; size: number } | undefined {
  const match = status === 206 ? /^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(headers['content-range'])) : null
  return match ? { start: Number(match[1]), end: Number(match[2]), size: Number(match[3]) } : undefined
}

function sizeOf({ headers, status, body }: Answer): number {
  const size = Number(headers['content-length'])
  if (Number.isSafeInteger(size) && headers['content-length'] !== undefined) return size
  body.destroy()
  throw answerError('GET', status, 'no Content-Length')
}
