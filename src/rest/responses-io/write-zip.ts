import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { makeZip } from 'client-zip'
import { type ExportedResponse, exportedFileName, type ResponseExport } from '../../domains/reporting/index.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { csvOf } from './write-csv.ts'
import { ndjsonOf } from './write-ndjson.ts'

/** Of how many files the manifest names that they are missing; more are counted. */
const MAX_NAMED = 1_000

export interface ZipOptions {
  storage: Pick<Storage, 'read'>
  bom: boolean
  /** When it is made. */
  now: Date
  /** Ends it early: nothing more is read, and what is open is closed. */
  signal: AbortSignal
}

interface Entry {
  name: string
  /** Pieces of it must not be empty: the library takes one for the end. */
  input: AsyncIterable<string | Uint8Array> | string
  lastModified: Date
}

/**
 * `responses.csv`, `responses.ndjson`, every recording and file under the name that both give it, and `manifest.json`,
 * which says what is in it and which files are missing. Made as it is read: of all of it only the list of names is kept.
 * Nothing is compressed, since recordings are.
 */
export function zipOf(source: ResponseExport, { storage, bom, now, signal }: ZipOptions): Readable {
  const entries = entriesOf(source, { storage, bom, now, signal })
  // Without `throw`, by which the library would end the entries while one of them is being read.
  const files = { [Symbol.asyncIterator]: () => ({ next: () => entries.next() }) }
  return Readable.fromWeb(makeZip(files as AsyncIterable<Entry>) as ReadableStream<Uint8Array>)
}

async function* entriesOf(source: ResponseExport, { storage, bom, now, signal }: ZipOptions): AsyncGenerator<Entry> {
  const told = { responses: 0, files: 0, bytes: 0, missing: 0, missingFiles: [] as string[] }
  yield { name: 'responses.csv', input: until(signal, csvOf(source, bom)), lastModified: now }
  yield { name: 'responses.ndjson', input: until(signal, ndjsonOf(source)), lastModified: now }
  for await (const response of until(signal, source.responses())) {
    told.responses++
    for (const { name, storageKey } of filesOf(response)) {
      const object = await storage.read(storageKey)
      if (!object) {
        told.missing++
        if (told.missingFiles.length < MAX_NAMED) told.missingFiles.push(name)
        continue
      }
      const { stream, size } = object
      const close = () => stream.destroy()
      signal.addEventListener('abort', close, { once: true })
      try {
        // What was aborted meanwhile did not hear it.
        if (signal.aborted) close()
        told.files++
        told.bytes += size
        yield { name, input: whole(stream, size, name), lastModified: new Date(response.startedAt) }
      } finally {
        signal.removeEventListener('abort', close)
        stream.destroy()
      }
    }
  }
  const { link } = source
  const manifest = { madeAt: now.toISOString(), link, ...told }
  yield { name: 'manifest.json', input: `${JSON.stringify(manifest, null, 2)}\n`, lastModified: now }
}

function filesOf(response: ExportedResponse): { name: string; storageKey: string }[] {
  return response.answers.flatMap((answer) => {
    const name = exportedFileName(response.id, answer)
    return name === null || !answer.upload ? [] : [{ name, storageKey: answer.upload.storageKey }]
  })
}

/** What is taken after the abort fails, so that whoever takes it stops. */
async function* until<Item>(signal: AbortSignal, items: AsyncIterable<Item>): AsyncGenerator<Item> {
  for await (const item of items) {
    signal.throwIfAborted()
    yield item
  }
}

/** Bytes that end too soon are no file: the archive must not look as if they were one. */
async function* whole(stream: Readable, size: number, name: string): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const bytes of stream as AsyncIterable<Uint8Array>) {
    read += bytes.length
    if (bytes.length > 0) yield bytes
  }
  if (read !== size) throw new Error(`${name} has ${read} bytes in storage, of ${size}`)
}
