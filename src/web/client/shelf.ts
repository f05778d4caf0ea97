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

interface Rows {
  get(store: StoreName, key: Key): Promise<unknown>
  put(store: StoreName, key: Key, value: unknown): Promise<void>
  /** Everything whose key begins so, in the order of the keys. */
  list(store: StoreName, prefix: Key): Promise<{ key: Key; value: unknown }[]>
  remove(store: StoreName, prefix: Key): Promise<void>
}

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
  putValue(key: string, value: unknown): Promise<void> {
    return this.#rows.put('values', [this.#owner, key], { value, at: Date.now() })
  }

  removeValue(key: string): Promise<void> {
    return this.#rows.remove('values', [this.#owner, key])
  }

  async values(): Promise<Map<string, unknown>> {
    const rows = await this.#rows.list('values', [this.#owner])
    return new Map(rows.map(({ key, value }) => [String(key[1]), (value as { value: unknown }).value]))
  }

  putTake(take: Take): Promise<void> {
    return this.#rows.put('takes', [this.#owner, take.key], take)
  }

  putPiece(key: string, number: number, piece: Blob): Promise<void> {
    return this.#rows.put('pieces', [this.#owner, key, number], piece)
  }

  async takes(): Promise<{ take: Take; blob: Blob }[]> {
    const rows = await this.#rows.list('takes', [this.#owner])
    const takes: { take: Take; blob: Blob }[] = []
    for (const { value } of rows) {
      const take = value as Take
      const pieces = await this.#rows.list('pieces', [this.#owner, take.key])
      const blob = new Blob(
        pieces.map(({ value }) => value as Blob),
        { type: take.mediaType },
      )
      if (blob.size > 0) takes.push({ take, blob })
    }
    return takes
  }

  async removeTake(key: string): Promise<void> {
    await this.#rows.remove('takes', [this.#owner, key])
    await this.#rows.remove('pieces', [this.#owner, key])
  }

  async clear(): Promise<void> {
    for (const store of STORES) await this.#rows.remove(store, [this.#owner])
  }

  async #sweep(): Promise<void> {
    const before = Date.now() - KEPT_MS
    for (const store of ['values', 'takes'] as const) {
      for (const { key, value } of await this.#rows.list(store, [])) {
        if ((value as { at: number }).at >= before) continue
        await this.#rows.remove(store, key)
        if (store === 'takes') await this.#rows.remove('pieces', key)
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
    store: StoreName,
    mode: IDBTransactionMode,
    work: (rows: IDBObjectStore) => () => Result,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const tx = db.transaction(store, mode)
      const result = work(tx.objectStore(store))
      tx.oncomplete = () => resolve(result())
      tx.onabort = () => reject(tx.error)
    })
  }
  return {
    get: (store, key) =>
      run(store, 'readonly', (rows) => {
        const request = rows.get(key)
        return () => request.result as unknown
      }),
    put: (store, key, value) =>
      run(store, 'readwrite', (rows) => {
        rows.put(value, key)
        return () => undefined
      }),
    list: (store, prefix) =>
      run(store, 'readonly', (rows) => {
        const keys = rows.getAllKeys(under(prefix))
        const values = rows.getAll(under(prefix))
        return () => keys.result.map((key, at) => ({ key: key as Key, value: values.result[at] as unknown }))
      }),
    remove: (store, prefix) =>
      run(store, 'readwrite', (rows) => {
        rows.delete(under(prefix)!)
        return () => undefined
      }),
  }
}

function inMemory(): Rows {
  const kept = new Map<string, { store: StoreName; key: Key; value: unknown }>()
  const name = (store: StoreName, key: Key) => JSON.stringify([store, ...key])
  const within = (store: StoreName, prefix: Key) =>
    [...kept.values()].filter((row) => row.store === store && prefix.every((part, at) => row.key[at] === part))
  return {
    get: async (store, key) => kept.get(name(store, key))?.value,
    put: async (store, key, value) => void kept.set(name(store, key), { store, key, value }),
    list: async (store, prefix) => within(store, prefix),
    remove: async (store, prefix) => {
      for (const row of within(store, prefix)) kept.delete(name(store, row.key))
    },
  }
}
