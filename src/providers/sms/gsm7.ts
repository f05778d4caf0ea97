/** GSM 03.38: each character of the default alphabet at its code; 27 is the escape to the extension table. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const ESCAPE = 27
/** What takes two septets: the escape and this code. */
const EXTENSION: readonly (readonly [string, number])[] = [
  ['\f', 0x0a],
  ['^', 0x14],
  ['{', 0x28],
  ['}', 0x29],
  ['\\', 0x2f],
  ['[', 0x3c],
  ['~', 0x3d],
  [']', 0x3e],
  ['|', 0x40],
  ['€', 0x65],
]

const CODES = new Map<string, readonly number[]>([
  ...[...BASIC].map((character, code) => [character, [code]] as const).filter(([, [code]]) => code !== ESCAPE),
  ...EXTENSION.map(([character, code]) => [character, [ESCAPE, code]] as const),
])
const EXTENDED = new Map(EXTENSION.map(([character, code]) => [code, character]))

/** The septets of one character, one or two; undefined when GSM 03.38 does not have it. */
export function gsm7Codes(character: string): readonly number[] | undefined {
  return CODES.get(character)
}

/** One septet in each octet, as SMPP carries them. Throws for a character that GSM 03.38 does not have. */
export function encodeGsm7(text: string): Buffer {
  return Buffer.from(
    [...text].flatMap((character) => {
      const codes = CODES.get(character)
      if (!codes) throw new Error('not a text of GSM 03.38')
      return [...codes]
    }),
  )
}

/** What a phone shows: an unknown extension is the character of the default alphabet, a lone escape a space. */
export function decodeGsm7(octets: Uint8Array): string {
  let text = ''
  for (let at = 0; at < octets.length; at++) {
    const escaped = octets[at] === ESCAPE
    if (escaped) at++
    const code = octets[at]
    if (code === undefined) break
    text += (escaped && EXTENDED.get(code)) || (code === ESCAPE ? ' ' : (BASIC[code & 0x7f] ?? ''))
  }
  return text
}
