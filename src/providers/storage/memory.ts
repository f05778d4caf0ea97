import { Readable } from 'node:stream'
import { checkKey, type Storage } from './storage.ts'

/** The fake of this port: keeps objects in memory and remembers what was done, in order. */
export function memoryStorage(): Storage & { readonly objects: Map<string, Buffer>; readonly history: string[] } {
  const objects = new Map<string, Buffer>()
  const history: string[] = []
  return {
    objects,
    history,
    async write(key, source) {
      checkKey(key)
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      objects.set(key, Buffer.concat(chunks))
      history.push(`write ${key}`)
    },
    async read(key, range) {
      checkKey(key)
      const object = objects.get(key)
      if (!object) return undefined
      const part = range ? object.subarray(range.start, range.end + 1) : object
      return { size: object.length, stream: Readable.from(part.length > 0 ? [part] : []) }
    },
    async delete(key) {
      checkKey(key)
      objects.delete(key)
      history.push(`delete ${key}`)
    },
  }
}
