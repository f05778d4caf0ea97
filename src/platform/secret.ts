import { createHash, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { constants, copyFile, link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The server's secret from a file, which is made when there is none, readable by its owner only. */
export async function readOrMakeSecret(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  return (await readSecret(file)) ?? makeSecret(file)
}

async function readSecret(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What file systems without hard links say. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Of servers that start at once one makes it; the file is whole as soon as it is there. */
async function makeSecret(file: string): Promise<string> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(draft, randomBytes(32).toString('base64url'), { flag: 'wx', mode: 0o600 })
  try {
    await link(draft, file).catch((error) => {
      // Not every file system knows a second name of a file; there, servers that start at once are not told apart.
      if (!NO_LINKS.has(error.code)) throw error
      return copyFile(draft, file, constants.COPYFILE_EXCL)
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  return (await readFile(file, 'utf8')).trim()
}

/** What tells one secret from another, 16 hex digits, and nothing else of it. */
export function fingerprintOf(secret: string): string {
  return Buffer.from(deriveKey(secret, 'fingerprint').subarray(0, 8)).toString('hex')
}

/** A key of 32 bytes for one purpose, so that a token made for one is nothing to another. */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'saygraph', purpose, 32))
}

/** Tells whether somebody shows this secret, in a time that tells nothing. */
export function secretCheck(secret: string): (shown: string) => boolean {
  // Digests are of equal length, whatever was shown.
  const digestOf = (text: string) => createHash('sha256').update(text).digest()
  const digest = digestOf(secret)
  return (shown) => timingSafeEqual(digestOf(shown), digest)
}
