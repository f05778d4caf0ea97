import type { Span } from '../insight.ts'

export interface Derived {
  summary: string
  sentiment: string
  topics: readonly string[]
  actionable: boolean
  language: string
}

const EMAIL = /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,5}/u
const PHONE = /(?:\+|\b)\d(?:[ ()-]{0,2}\d){6,14}\b/u
const URL_PATTERN = /https?:\/\/[^\s\p{Cc}\p{Cs}<>"']{1,500}/u
const NUMBER = /(?<![\p{L}\p{N}])-?\d+(?:[.,]\d+)?(?![\p{L}\p{N}])/u
const DATE =
  /\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b|\b\d{1,2}(?:st|nd|rd|th)?\s+(?:January|February|March|April|May|June|July|August|September|October|November|December)(?:\s+\d{4})?\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\s+\d{1,2}(?:st|nd|rd|th)?\b|\b\d{1,2}\.\s?\p{L}{2,8}kuuta(?:\s\d{4})?/iu
const NAME =
  /\b(?:[Mm]y name is|[Nn]imeni on|[Mm]inun nimeni on)\s+(\p{L}[\p{L}'’-]{0,40}(?:\s\p{Lu}[\p{L}'’-]{0,40}){0,2})/u

const PATTERNS: readonly [name: RegExp, pattern: RegExp][] = [
  [/^(?:e ?mail|e mail address|email address|sähköposti(?:osoite)?)$/u, EMAIL],
  [/^(?:phone|telephone|phone number|telephone number|mobile|puhelin|puhelinnumero)$/u, PHONE],
  [/^(?:url|website|link|web address|verkkosivu)$/u, URL_PATTERN],
  [/^(?:number|amount|quantity|price|age|count|määrä|hinta|ikä|numero|lukumäärä)$/u, NUMBER],
  [/^(?:date|day|päivä|päivämäärä)$/u, DATE],
  [/^(?:name|full name|customer name|nimi)$/u, NAME],
]

/** What a field that a workspace named holds: found word for word or derived; null of what a pattern cannot tell. */
export function customField(name: string, text: string, derived: Derived): { value: string | null; span?: Span } {
  const key = name
    .toLowerCase()
    .replace(/[_\-\s]+/gu, ' ')
    .trim()
  if (/^(?:summary|yhteenveto|tiivistelmä)$/u.test(key)) return { value: derived.summary || null }
  if (/^(?:sentiment|mood|tunne|sävy)$/u.test(key)) return { value: derived.sentiment }
  if (/^(?:topics?|key topics?|keywords?|themes?|aiheet?|avainsanat)$/u.test(key)) {
    return { value: derived.topics.join(', ') || null }
  }
  if (/^(?:actionable)$/u.test(key)) return { value: derived.actionable ? 'yes' : 'no' }
  for (const [called, pattern] of PATTERNS) {
    if (!called.test(key)) continue
    const found = pattern.exec(text)
    if (!found) return { value: null }
    const value = found[1] ?? found[0]
    const start = found.index + found[0].indexOf(value)
    return { value, span: { start, end: start + value.length } }
  }
  return { value: null }
}
