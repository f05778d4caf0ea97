/**
 * Bytes as text that PostgreSQL stores: what is not UTF-8, and NUL, become U+FFFD. Of text that was cut, a character
 * that lost its end is left out.
 */
export function storableText(bytes: Uint8Array, truncated: boolean): string {
  return new TextDecoder('utf-8').decode(bytes, { stream: truncated }).replaceAll('\0', '\uFFFD')
}
