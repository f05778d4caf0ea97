import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { ExpectedError } from '../../platform/errors.ts'

interface Cost {
  /** KiB. */
  memory: number
  passes: number
  parallelism: number
}

/** OWASP's first recommendation for Argon2id: 19 MiB, 2 passes, one lane. */
const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const SALT_BYTES = 16
const KEY_BYTES = 32

/** Each takes 19 MiB and one of Node's four threads for files and names. */
const MAX_AT_ONCE = 2
/** More than this would wait for longer than a caller does. */
const MAX_WAITING = 200

const waiting: (() => void)[] = []
let running = 0

/** Runs one thing that hashes when there is room for it. Throws RATE_LIMITED when too many wait. */
async function inTurn<T>(run: () => Promise<T>): Promise<T> {
  if (running >= MAX_AT_ONCE) {
    if (waiting.length >= MAX_WAITING) {
      throw new ExpectedError('RATE_LIMITED', 'Too many sign in at once. Try again in 5 seconds.', {
        details: { retryAfter: 5 },
      })
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  } else running++
  try {
    return await run()
  } finally {
    // The place is handed on, so that nobody who comes meanwhile takes it.
    const next = waiting.shift()
    if (next) next()
    else running--
  }
}

/** The hash of a password in PHC form, which carries the algorithm, its parameters and the salt. */
export function hashPassword(password: string): Promise<string> {
  return inTurn(async () => {
    const salt = randomBytes(SALT_BYTES)
    return write(COST, salt, await derive(password, COST, salt))
  })
}

/** What somebody who does not exist is held against: the same work, and never the same key. */
const NOBODY = write(COST, Buffer.alloc(SALT_BYTES), randomBytes(KEY_BYTES))

/**
 * Whether a password is the one that was hashed; undefined as the hash stands for nobody and takes as long.
 * `beforehand` runs when the turn has come: what it throws is thrown, and nothing is computed.
 */
export function verifyPassword(
  password: string,
  hash: string | undefined,
  beforehand: () => Promise<void> = async () => {},
): Promise<boolean> {
  return inTurn(async () => {
    await beforehand()
    const { cost, salt, key } = read(hash ?? NOBODY)
    return timingSafeEqual(await derive(password, cost, salt), key) && hash !== undefined
  })
}

/** Whether passwords are hashed in another way by now. */
export function isOutdated(hash: string): boolean {
  const { cost } = read(hash)
  return JSON.stringify(cost) !== JSON.stringify(COST)
}

function derive(password: string, { memory, passes, parallelism }: Cost, nonce: Buffer): Promise<Buffer> {
  const options = { message: password, nonce, parallelism, tagLength: KEY_BYTES, memory, passes }
  return new Promise((resolve, reject) =>
    argon2('argon2id', options, (error, key) => (error ? reject(error) : resolve(key))),
  )
}

/** Exported for tests, which make hashes of former parameters. */
export function write({ memory, passes, parallelism }: Cost, salt: Buffer, key: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${plain(salt)}$${plain(key)}`
}

function plain(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '')
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function read(hash: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const parts = PHC.exec(hash)
  if (!parts) throw new Error('a stored password hash is of an unknown form')
  const [, memory, passes, parallelism, salt, key] = parts
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt!, 'base64'),
    key: Buffer.from(key!, 'base64'),
  }
}
