import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

/** Keeps secrets that must be readable again: encrypted with a key of the server, bound to the place they belong to. */
export interface Sealer {
  /** `place` (an id) must be given again to open it, so that a sealed text moved to another row opens nothing. */
  seal(text: string, place: string): string
  /** Throws when it was sealed for another place, with another key, or was changed. */
  open(sealed: string, place: string): string
  /**
   * What a sealed text is found by, in hex: the same for the same text and purpose, and nothing to guess from without
   * the server's key.
   */
  fingerprint(text: string, purpose: string): string
}

export function createSealer(key: Uint8Array): Sealer {
  const printKey = new Uint8Array(hkdfSync('sha256', key, 'saygraph', 'fingerprint', 32))
  return {
    fingerprint(text, purpose) {
      return createHmac('sha256', printKey)
        .update(JSON.stringify([purpose, text]))
        .digest('hex')
    },
    seal(text, place) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(ALGORITHM, key, iv).setAAD(Buffer.from(place))
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}
