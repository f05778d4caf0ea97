import { createHmac, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../../platform/ids.ts'

/** What a token in a person's hands stands for: an open session, their personal way into a link, or out of e-mail. */
export type TokenKind = 'session' | 'respondent' | 'unsubscribe'

/**
 * Signs ids so that they can be handed out: whoever holds the token holds the right, and nothing needs to be stored
 * to recognise it. 43 characters, safe in addresses.
 */
export interface TokenSigner {
  sign(kind: TokenKind, id: string): string
  /** The id that was signed for this kind; undefined for anything else. */
  verify(kind: TokenKind, token: string): string | undefined
}

const ID_BYTES = 16
const MAC_BYTES = 16

export function tokenSigner(secret: Uint8Array): TokenSigner {
  const mac = (kind: TokenKind, id: Buffer) =>
    createHmac('sha256', secret).update(`saygraph:${kind}:`).update(id).digest().subarray(0, MAC_BYTES)
  return {
    sign(kind, id) {
      const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
      return Buffer.concat([bytes, mac(kind, bytes)]).toString('base64url')
    },
    verify(kind, token) {
      const bytes = Buffer.from(token, 'base64url')
      // Decoding is lenient, so the text itself is compared: a right has one token and no other spelling.
      if (bytes.length !== ID_BYTES + MAC_BYTES || bytes.toString('base64url') !== token) return undefined
      const id = bytes.subarray(0, ID_BYTES)
      if (!timingSafeEqual(bytes.subarray(ID_BYTES), mac(kind, id))) return undefined
      const hex = id.toString('hex')
      const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
      return isUuid(uuid) ? uuid : undefined
    },
  }
}
