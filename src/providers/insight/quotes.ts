import type { Span } from './insight.ts'

/**
 * Finds what a model says it copied: letter by letter, else without regard to case, spaces and the shape of quotation
 * marks and apostrophes. Nothing that is shorter than two letters is found.
 */
export function quoteFinder(text: string): (quote: string) => Span | undefined {
  let bare: { text: string; places: number[] } | undefined
  return (quote) => {
    const wanted = quote.trim()
    if (wanted.length < 2) return undefined
    const exact = text.indexOf(wanted)
    if (exact >= 0) return { start: exact, end: exact + wanted.length }
    bare ??= bared(text)
    const { text: letters } = bared(wanted)
    if (letters.length < 2) return undefined
    const at = bare.text.indexOf(letters)
    if (at < 0) return undefined
    const last = bare.places[at + letters.length - 1]!
    return { start: bare.places[at]!, end: last + (text.codePointAt(last)! > 0xffff ? 2 : 1) }
  }
}

/** The letters and digits in lower case, and where each unit came from. */
function bared(text: string): { text: string; places: number[] } {
  let out = ''
  const places: number[] = []
  for (let at = 0; at < text.length; ) {
    const character = String.fromCodePoint(text.codePointAt(at)!)
    if (/[\p{L}\p{M}\p{N}]/u.test(character)) {
      const lower = character.toLowerCase()
      out += lower
      for (let n = 0; n < lower.length; n++) places.push(at)
    }
    at += character.length
  }
  return { text: out, places }
}
