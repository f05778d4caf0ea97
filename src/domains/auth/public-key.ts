import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { ValidationError } from '../../platform/errors.ts'

/** RFC 7518 3.3 asks for 2048 bits; beyond the upper bound a signature takes long to judge. */
const FEWEST_BITS = 2_048
const MOST_BITS = 8_192
/** With 1 as exponent every text is its own signature; OpenSSL judges none that are longer. */
const SMALLEST_EXPONENT = 3n
const LARGEST_EXPONENT = 2n ** 32n
const MOST_CHARACTERS = 10_000

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g
const PUBLIC_LABELS: readonly string[] = ['PUBLIC KEY', 'RSA PUBLIC KEY']

export interface PublicKey {
  /** SPKI, whatever form it was sent in. */
  pem: string
  /** SHA-256 of the DER form of SPKI, hexadecimal. */
  fingerprint: string
}

/**
 * A public RSA key in PEM, as SPKI (`BEGIN PUBLIC KEY`) or PKCS #1 (`BEGIN RSA PUBLIC KEY`). Throws VALIDATION_FAILED at
 * `path`, with what to do for whatever else is often sent in its place.
 */
export function readPublicKey(text: string, path: readonly string[]): PublicKey {
  const refuse = (rule: string, message: string) => new ValidationError([{ path, rule, message }])
  if (/PRIVATE KEY/.test(text)) {
    const message =
      'is a private key, which nobody but who signs with it may have: it is not stored here, but was sent, so make a new pair and send the public key of that (`openssl rsa -in private.pem -pubout`)'
    throw refuse('private_key', message)
  }
  if (text.length > MOST_CHARACTERS) throw refuse('too_long', `must have at most ${MOST_CHARACTERS} characters`)
  const blocks = [...text.matchAll(BLOCK)]
  const label = blocks[0]?.[1]
  if (label?.includes('CERTIFICATE')) {
    const message = 'is a certificate; send the public key in it (`openssl x509 -in cert.pem -noout -pubkey`)'
    throw refuse('certificate', message)
  }
  if (blocks.length !== 1 || !PUBLIC_LABELS.includes(label!) || text.replace(BLOCK, '').trim() !== '') {
    throw refuse('pem', 'must be one public key in PEM, from `-----BEGIN PUBLIC KEY-----` to its end')
  }
  const key = parsed(blocks[0]![0])
  if (!key) throw refuse('pem', 'cannot be read: the text between its first and last line is no public key')
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType !== 'rsa') {
    throw refuse('not_rsa', `must be an RSA key, since tokens are signed with RS256; it is ${key.asymmetricKeyType}`)
  }
  if (modulusLength < FEWEST_BITS || modulusLength > MOST_BITS) {
    throw refuse('key_size', `must have ${FEWEST_BITS} to ${MOST_BITS} bits; it has ${modulusLength}`)
  }
  if (publicExponent < SMALLEST_EXPONENT || publicExponent >= LARGEST_EXPONENT) {
    throw refuse('exponent', 'must have a usual exponent, such as 65537')
  }
  const der = key.export({ type: 'spki', format: 'der' })
  return {
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: createHash('sha256').update(der).digest('hex'),
  }
}

function parsed(pem: string): KeyObject | undefined {
  try {
    return createPublicKey({ key: pem, format: 'pem' })
  } catch {
    return undefined
  }
}
