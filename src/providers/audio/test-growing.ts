import { FIXTURES } from './test-fixtures.ts'

const CLUSTER = Buffer.from('1f43b675', 'hex')
const UNKNOWN_SIZE = Buffer.from('01ffffffffffffff', 'hex')
const SIMPLE_BLOCK = 0xa3

/**
 * The WebM fixture as a browser's recorder hands it out: clusters of unknown size, in pieces that end with a block.
 * Each is all that there was by then.
 */
export function growingWebm(): Uint8Array[] {
  const whole = FIXTURES.webm
  const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.length)
  let all = bytes.subarray(0, bytes.indexOf(CLUSTER))
  const grown: Uint8Array[] = []
  for (let at = all.length; bytes.indexOf(CLUSTER, at) === at; ) {
    const size = vint(bytes, at + 4)
    const end = size.next + size.value
    // Its time, which is its first child.
    const time = vint(bytes, size.next + 1)
    all = Buffer.concat([all, CLUSTER, UNKNOWN_SIZE, bytes.subarray(size.next, time.next + time.value)])
    for (let block = time.next + time.value; block < end && bytes[block] === SIMPLE_BLOCK; ) {
      const { next, value } = vint(bytes, block + 1)
      all = Buffer.concat([all, bytes.subarray(block, next + value)])
      grown.push(all)
      block = next + value
    }
    at = end
  }
  return grown
}

/** A number of EBML's, whose first byte says how long it is. */
function vint(bytes: Buffer, at: number): { value: number; next: number } {
  const length = Math.clz32(bytes[at]!) - 23
  let value = bytes[at]! & (0xff >> length)
  for (let n = 1; n < length; n++) value = value * 256 + bytes[at + n]!
  return { value, next: at + length }
}
