import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { Storage } from './storage.ts'

const MEGABYTE = 1_000_000

/** What every adapter must do. `make` gives an empty storage, for each test another one. */
export function storageConformance(name: string, make: () => Promise<Storage> | Storage): void {
  describe(`storage conformance: ${name}`, () => {
    const bytesOf = async (storage: Storage, key: string, range?: { start: number; end: number }) => {
      const found = await storage.read(key, range)
      return found && { size: found.size, text: (await buffer(found.stream)).toString('latin1') }
    }

    test('gives back what was written, chunk borders and all', async () => {
      const storage = await make()
      await storage.write('a/b.c_d-e/1', chunks('one ', '', 'two', '\0\xff'))
      expect(await bytesOf(storage, 'a/b.c_d-e/1')).toEqual({ size: 9, text: 'one two\0\xff' })
    })

    test('knows nothing of what was never written', async () => {
      const storage = await make()
      expect(await storage.read('a/b')).toBeUndefined()
      await storage.write('a/b/c', chunks('x'))
      for (const key of ['a', 'a/b', 'a/b/c/d', 'a/b/C', 'x']) expect(await storage.read(key)).toBeUndefined()
      expect(await storage.read('a/b', { start: 0, end: 1 })).toBeUndefined()
    })

    test('keeps an empty object', async () => {
      const storage = await make()
      await storage.write('empty', chunks())
      expect(await bytesOf(storage, 'empty')).toEqual({ size: 0, text: '' })
      expect(await bytesOf(storage, 'empty', { start: 0, end: 0 })).toEqual({ size: 0, text: '' })
      expect(await bytesOf(storage, 'empty', { start: 5, end: 9 })).toEqual({ size: 0, text: '' })
    })

    test.each<[number, number, string]>([
      [0, 9, '0123456789'],
      [0, 0, '0'],
      [9, 9, '9'],
      [3, 5, '345'],
      [8, 100, '89'],
      [0, Number.MAX_SAFE_INTEGER, '0123456789'],
      [10, 20, ''],
      [5, 4, ''],
    ])('bytes %d to %d of ten are %j', async (start, end, text) => {
      const storage = await make()
      await storage.write('ten', chunks('01234', '56789'))
      expect(await bytesOf(storage, 'ten', { start, end })).toEqual({ size: 10, text })
    })

    test('stores nothing when the source fails, and rejects with its error', async () => {
      const storage = await make()
      const failure = new Error('the line went dead')
      await expect(storage.write('broken', failing('half of it', failure))).rejects.toBe(failure)
      await expect(storage.write('broken', failing('', failure))).rejects.toBe(failure)
      expect(await storage.read('broken')).toBeUndefined()
      await storage.write('broken', chunks('whole'))
      expect(await bytesOf(storage, 'broken')).toEqual({ size: 5, text: 'whole' })
    })

    test('keeps what was there when writing it anew fails', async () => {
      const storage = await make()
      await storage.write('kept', chunks('first'))
      await expect(storage.write('kept', failing('sec', new Error('gone')))).rejects.toThrow('gone')
      expect(await bytesOf(storage, 'kept')).toEqual({ size: 5, text: 'first' })
      await storage.write('kept', chunks('2nd'))
      expect(await bytesOf(storage, 'kept')).toEqual({ size: 3, text: '2nd' })
    })

    test('a reader may leave early, before the first byte or in the middle', async () => {
      const storage = await make()
      await storage.write('left', chunks(...Array.from({ length: 20 }, () => 'x'.repeat(100_000))))
      const unread = await storage.read('left')
      unread!.stream.destroy()
      const begun = await storage.read('left', { start: 10, end: 1_999_999 })
      for await (const chunk of begun!.stream) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      expect(begun!.stream.destroyed).toBe(true)
      expect((await bytesOf(storage, 'left', { start: 5, end: 6 }))?.text).toBe('xx')
    })

    test('shows nothing of an object while it is being written', async () => {
      const storage = await make()
      const seen: unknown[] = []
      await storage.write(
        'slow',
        (async function* () {
          yield Buffer.from('first')
          seen.push(await storage.read('slow'))
          yield Buffer.from('second')
          seen.push(await storage.read('slow'))
        })(),
      )
      expect(seen).toEqual([undefined, undefined])
      expect(await bytesOf(storage, 'slow')).toEqual({ size: 11, text: 'firstsecond' })
    })

    test('deletes what is there and does not mind what is not', async () => {
      const storage = await make()
      await storage.delete('never/was')
      await storage.write('a/b', chunks('x'))
      await storage.write('a/c', chunks('y'))
      await storage.delete('a')
      await storage.delete('a/b')
      await storage.delete('a/b')
      await storage.delete('a/b/c')
      expect(await storage.read('a/b')).toBeUndefined()
      expect(await bytesOf(storage, 'a/c')).toEqual({ size: 1, text: 'y' })
      await storage.delete('a/c/d')
      expect(await bytesOf(storage, 'a/c')).toEqual({ size: 1, text: 'y' })
    })

    test.each([
      ['empty', ''],
      ['a parent', '..'],
      ['through a parent', '../outside'],
      ['through an inner parent', 'a/../../outside'],
      ['itself', 'a/./b'],
      ['absolute', '/etc/passwd'],
      ['of a drive', 'C:\\x'],
      ['with a backslash', 'a\\..\\b'],
      ['with NUL', 'a\0b'],
      ['with a line break', 'a\n'],
      ['with an empty part', 'a//b'],
      ['ending in a slash', 'a/'],
      ['hidden', '.partial/x'],
      ['hidden below', 'a/.b'],
      ['not ASCII', 'ä'],
      ['escaped', '%2e%2e/x'],
      ['too long', 'x'.repeat(501)],
    ])('refuses a key that is %s', async (_, key) => {
      const storage = await make()
      await expect(storage.write(key, chunks('x'))).rejects.toThrow('not a storage key')
      await expect(storage.read(key)).rejects.toThrow('not a storage key')
      await expect(storage.delete(key)).rejects.toThrow('not a storage key')
    })

    test('takes many objects at once', async () => {
      const storage = await make()
      const keys = Array.from({ length: 40 }, (_, n) => `many/${n % 4}/object-${n}`)
      await Promise.all(keys.map((key) => storage.write(key, chunks(key, ' ', key))))
      for (const key of keys) {
        expect(await bytesOf(storage, key)).toEqual({ size: 2 * key.length + 1, text: `${key} ${key}` })
      }
    })

    test('of two writers of one key one wins, whole', async () => {
      const storage = await make()
      const texts = ['a', 'b'].map((letter) => letter.repeat(MEGABYTE))
      await Promise.all(texts.map((text) => storage.write('one', chunks(...(text.match(/.{1000}/g) ?? [])))))
      expect(texts).toContain((await bytesOf(storage, 'one'))?.text)
    })

    test('stores nothing when the source of a large object fails late', async () => {
      const storage = await make()
      const failure = new Error('the line went dead')
      const dying = (async function* () {
        for (let n = 0; n < 13; n++) yield Buffer.alloc(MEGABYTE)
        throw failure
      })()
      await expect(storage.write('broken', dying)).rejects.toBe(failure)
      expect(await storage.read('broken')).toBeUndefined()
    })

    test('gives a large object back unchanged, whole and in part', async () => {
      const storage = await make()
      const large = Buffer.alloc(12 * MEGABYTE)
      for (let at = 0; at < large.length; at += 4) large.writeUInt32LE((at * 2654435761) >>> 0, at)
      await storage.write('large', Readable.from(split(large, 70_001)))
      expect((await buffer((await storage.read('large'))!.stream)).equals(large)).toBe(true)
      const part = await storage.read('large', { start: 1_234_567, end: 3_456_789 })
      expect((await buffer(part!.stream)).equals(large.subarray(1_234_567, 3_456_790))).toBe(true)
    })
  })
}

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part, 'latin1')
}

async function* failing(first: string, failure: Error): AsyncGenerator<Uint8Array> {
  if (first) yield Buffer.from(first)
  throw failure
}

function* split(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
