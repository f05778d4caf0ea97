/**
 * What was given here and has not reached the server: answers, and recordings second by second while they are made.
 * Kept in IndexedDB, so that neither a reload nor a closed tab loses a word; where there is none, in memory.
 */
export interface Take {
  /** The question's field key. */
  key: string
  /** What it is for the person: something that was said here, or a file that was chosen. */
  kind: 'recording' | 'file'
  name: string
  mediaType: string
  /** Of a recording. */
  seconds: number
  /** Loudness, 0 to 1, many times a second: what is drawn. */
  peaks: number[]
  /** Whether the recording was stopped; one that was not was cut off by a reload or a crash. */
  whole: boolean
  /** Bytes, once it is whole. */
  size?: number
  /** Where the server takes it, once that was asked for. */
  uploadUrl?: string
  /** Milliseconds since 1970, by this device. */
  at: number
}

/** What nobody came back for. */
const KEPT_MS = 7 * 24 * 3_600_000
const NAME = 'saygraph'
const LOCK_MS = 1_500
const STORES = ['values', 'takes', 'pieces'] as const
type StoreName = (typeof STORES)[number]
type Key = (string | number)[]

/** One row that is put, or everything below a key that goes. */
type Change = { store: StoreName; key: Key; value: unknown } | { store: StoreName; under: Key }

interface Rows {
  /** Everything whose key begins so, in the order of the keys. */
  list(store: StoreName, prefix: Key): Promise<{ key: Key; value: unknown }[]>
  /** All of it or nothing. */
  write(changes: readonly Change[]): Promise<void>
}

/** A device that is full, or takes nothing any more, is no reason to stop: then things are in memory only. */
export class Shelf {
  readonly #owner: string
  readonly #rows: Rows

  private constructor(owner: string, rows: Rows) {
    this.#owner = owner
    this.#rows = rows
  }

  /**
   * `owner`: whose answers these are, so that two links, or two people, on one device do not mix. A second tab of the same
   * gets a shelf that is empty and in memory: it would take what the first is still recording for something left behind.
   */
  static async open(owner: string): Promise<Shelf> {
    const shelf = new Shelf(owner, (await isOnlyTab(owner)) ? await openRows() : inMemory())
    await shelf.#sweep()
    return shelf
  }

  /** `undefined` stands for an answer that was taken back. */
  async putValue(key: string, value: unknown): Promise<void> {
    const row: Change = { store: 'values', key: [this.#owner, key], value: { value, at: Date.now() } }
    // What was given before must not come back in its place.
    if (!(await this.#write([row]))) await this.removeValue(key)
  }

  async removeValue(key: string): Promise<void> {
    await this.#write([{ store: 'values', under: [this.#owner, key] }])
  }

  async values(): Promise<Map<string, unknown>> {
    const rows = await this.#list('values', [this.#owner])
    return new Map(rows.map(({ key, value }) => [String(key[1]), (value as { value: unknown }).value]))
  }

  async putTake(take: Take): Promise<void> {
    await this.#write([this.#rowOf(take)])
  }

  /** With the take as it stands then, so that there is no piece of which nothing is known. Whether there was room. */
  putPiece(take: Take, number: number, piece: Blob): Promise<boolean> {
    return this.#write([this.#rowOf(take), { store: 'pieces', key: [this.#owner, take.key, number], value: piece }])
  }

  /** A take of which pieces are missing ends before the first of these, and is not whole. */
  async takes(): Promise<{ take: Take; blob: Blob }[]> {
    const rows = await this.#list('takes', [this.#owner])
    const takes: { take: Take; blob: Blob }[] = []
    for (const { value } of rows) {
      const take = value as Take
      const pieces = await this.#list('pieces', [this.#owner, take.key])
      const blob = new Blob(
        pieces.filter(({ key }, at) => key[2] === at).map(({ value }) => value as Blob),
        { type: take.mediaType },
      )
      if (blob.size === 0) continue
      const isCut = take.whole && take.size !== blob.size
      takes.push({ take: isCut ? { ...take, whole: false, uploadUrl: undefined } : take, blob })
    }
    return takes
  }

  async removeTake(key: string): Promise<void> {
    await this.#write([
      { store: 'takes', under: [this.#owner, key] },
      { store: 'pieces', under: [this.#owner, key] },
    ])
  }

  async clear(): Promise<void> {
    await this.#write(STORES.map((store) => ({ store, under: [this.#owner] })))
  }

  #rowOf(take: Take): Change {
    return { store: 'takes', key: [this.#owner, take.key], value: take }
  }

  /** Whether it is done. */
  #write(changes: readonly Change[]): Promise<boolean> {
    return this.#rows.write(changes).then(
      () => true,
      () => false,
    )
  }

  #list(store: StoreName, prefix: Key): Promise<{ key: Key; value: unknown }[]> {
    return this.#rows.list(store, prefix).catch(() => [])
  }

  async #sweep(): Promise<void> {
    const before = Date.now() - KEPT_MS
    for (const store of ['values', 'takes'] as const) {
      for (const { key, value } of await this.#list(store, [])) {
        if ((value as { at: number }).at >= before) continue
        const pieces: Change[] = store === 'takes' ? [{ store: 'pieces', under: key }] : []
        await this.#write([{ store, under: key }, ...pieces])
      }
    }
  }
}

/** Holds the owner's lock for as long as the page lives. A page that is being left lets go of it within moments. */
function isOnlyTab(owner: string): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true)
  return new Promise((resolve) => {
    const held = async () => {
      resolve(true)
      await new Promise(() => {})
    }
    navigator.locks
      .request(`${NAME}:${owner}`, { signal: AbortSignal.timeout(LOCK_MS) }, held)
      .catch(() => resolve(false))
  })
}

async function openRows(): Promise<Rows> {
  try {
    return overIndexedDb(await openDatabase())
  } catch {
    return inMemory()
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1)
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('blocked'))
  })
}

/** Keys are arrays, and an array sorts after every array that it continues: `[...prefix, []]` ends a prefix. */
function under(prefix: Key): IDBKeyRange | undefined {
  return prefix.length === 0 ? undefined : IDBKeyRange.bound(prefix, [...prefix, []])
}

function overIndexedDb(db: IDBDatabase): Rows {
  function run<Result>(
    stores: readonly StoreName[],
    mode: IDBTransactionMode,
    work: (tx: IDBTransaction) => () => Result,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const tx = db.transaction(stores, mode)
      tx.oncomplete = () => resolve(result())
      tx.onabort = () => reject(tx.error)
      let result: () => Result
      try {
        result = work(tx)
      } catch (error) {
        tx.abort()
        reject(error)
      }
    })
  }
  return {
    list: (store, prefix) =>
      run([store], 'readonly', (tx) => {
        const keys = tx.objectStore(store).getAllKeys(under(prefix))
        const values = tx.objectStore(store).getAll(under(prefix))
        return () => keys.result.map((key, at) => ({ key: key as Key, value: values.result[at] as unknown }))
      }),
    write: (changes) =>
      run([...new Set(changes.map(({ store }) => store))], 'readwrite', (tx) => {
        for (const change of changes) {
          const rows = tx.objectStore(change.store)
          if ('under' in change) rows.delete(under(change.under)!)
          else rows.put(change.value, change.key)
        }
        return () => undefined
      }),
  }
}

function inMemory(): Rows {
  const kept = new Map<string, { store: StoreName; key: Key; value: unknown }>()
  const within = (store: StoreName, prefix: Key) =>
    [...kept.values()].filter((row) => row.store === store && prefix.every((part, at) => row.key[at] === part))
  const name = (store: StoreName, key: Key) => JSON.stringify([store, ...key])
  return {
    list: async (store, prefix) => within(store, prefix),
    write: async (changes) => {
      for (const change of changes) {
        if (!('under' in change)) kept.set(name(change.store, change.key), change)
        else for (const row of within(change.store, change.under)) kept.delete(name(row.store, row.key))
      }
    },
  }
}
