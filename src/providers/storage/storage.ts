import type { Readable } from 'node:stream'

/** Bytes from `start` to `end`, both inclusive and counted from 0, as in HTTP. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * Where bytes are kept. Keys are paths of letters, digits, `-`, `_` and `.` between slashes, chosen by the server.
 * An object appears whole or not at all, and is never changed.
 */
export interface Storage {
  /** Stores all of `source` under `key`. When `source` fails or the process dies, nothing appears. Rejects with its error. */
  write(key: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /** The bytes, or those of `range` clipped to the object; undefined when there is no such object. `size` is the whole. */
  read(key: string, range?: ByteRange): Promise<{ size: number; stream: Readable } | undefined>
  /** Removes the object; nothing happens when there is none. */
  delete(key: string): Promise<void>
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/

/** Throws for a key that could leave its place. Adapters call it first. */
export function checkKey(key: string): void {
  if (!KEY.test(key) || key.length > 500) throw new Error(`not a storage key: ${JSON.stringify(key)}`)
}
