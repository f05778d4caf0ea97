import { randomUUID } from 'node:crypto'
import { answerError, type S3Client, shortText, xmlText } from './s3-client.ts'

/** The smallest part that S3 takes, but for the last one. With its limit of 10,000 parts an object may have 52 GB. */
export const PART_BYTES = 5 * 1_024 * 1_024

/** Names the write that made an object, so that a completion whose answer was lost can be told from a failure. */
const WRITE_ID = 'x-amz-meta-saygraph-write'

/** Stores `source` whole or not at all: in one request when it is small, otherwise in parts that become an object last. */
export async function upload(client: S3Client, key: string, source: AsyncIterable<Uint8Array>): Promise<void> {
  const parts = inParts(source)
  const first = await parts.next()
  const body = first.done ? new Uint8Array() : first.value
  if (body.length < PART_BYTES) {
    const { body: receipt } = await client.send({ method: 'PUT', key, body })
    await shortText(receipt)
    return
  }
  const writeId = randomUUID()
  const uploadId = await begin(client, key, writeId)
  try {
    const etags = [await sendPart(client, key, uploadId, 1, body)]
    for await (const part of parts) etags.push(await sendPart(client, key, uploadId, etags.length + 1, part))
    await complete(client, key, uploadId, etags).catch(async (error) => {
      // A try whose answer was lost may have completed it; the next one then finds no such upload.
      if (!(await wasWrittenBy(client, key, writeId))) throw error
    })
  } catch (error) {
    // Parts that are left are invisible, and a lifecycle rule of the bucket removes them.
    await abort(client, key, uploadId).catch(() => {})
    await parts.return(undefined)
    throw error
  }
}

/** Pieces of PART_BYTES, the last one shorter; none when the source is empty. Holds one part. */
async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let part = Buffer.allocUnsafe(PART_BYTES)
  let filled = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.subarray(at, at + PART_BYTES - filled)
      part.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < PART_BYTES) continue
      yield part
      part = Buffer.allocUnsafe(PART_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}

async function begin(client: S3Client, key: string, writeId: string): Promise<string> {
  const answer = await client.send({ method: 'POST', key, query: { uploads: '' }, headers: { [WRITE_ID]: writeId } })
  const uploadId = xmlText(await shortText(answer.body), 'UploadId')
  if (!uploadId) throw answerError(`POST ${key}?uploads`, answer.status, 'no UploadId')
  return uploadId
}

async function sendPart(client: S3Client, key: string, uploadId: string, n: number, body: Uint8Array): Promise<string> {
  const {
    status,
    headers,
    body: receipt,
  } = await client.send({
    method: 'PUT',
    key,
    query: { partNumber: String(n), uploadId },
    body,
  })
  await shortText(receipt)
  if (typeof headers.etag !== 'string') throw answerError(`PUT ${key} part ${n}`, status, 'no ETag')
  return headers.etag
}

async function complete(client: S3Client, key: string, uploadId: string, etags: readonly string[]): Promise<void> {
  const parts = etags.map((etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${etag}</ETag></Part>`)
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  const answer = await client.send({ method: 'POST', key, query: { uploadId }, body })
  const receipt = await shortText(answer.body)
  // The status is sent before the work is done, so a failure can come with 200.
  const code = receipt.includes('<Error>') ? xmlText(receipt, 'Code') : undefined
  if (code) throw answerError(`POST ${key}?uploadId`, answer.status, code)
}

async function wasWrittenBy(client: S3Client, key: string, writeId: string): Promise<boolean> {
  const range = { range: 'bytes=0-0' }
  const found = await client.send({ method: 'GET', key, headers: range }).catch(() => undefined)
  found?.body.destroy()
  return found?.headers[WRITE_ID] === writeId
}

async function abort(client: S3Client, key: string, uploadId: string): Promise<void> {
  const { body } = await client.send({ method: 'DELETE', key, query: { uploadId } }, (status) => status === 404)
  await shortText(body)
}
