import type { Bindings } from './bindings.ts'
import { type DateRule, readDate, sameDateForm } from './dates.ts'
import { isIdLike, isUuid, secretForm } from './forms.ts'
import { isRecordedUrl, type UrlContext, urlFault } from './urls.ts'

/**
 * - `missing`, `extra`: a key, element or header that is in one of the two only
 * - `type`: another JSON type
 * - `value`: another value
 * - `form`: not of the same form, where the form is what counts: ids, dates, secrets, addresses, rules of `match`
 * - `binding`: an id that stood for another one before
 * - `order`: the same keys in another order
 */
export type Why = 'missing' | 'extra' | 'type' | 'value' | 'form' | 'binding' | 'order'

export interface TextFault {
  why: Why
  detail?: string
}

/** What is different about a text and its counterpart: by form where the server chooses, by value otherwise. */
export function textFault(
  then: string,
  now: string,
  { key, around }: { key: string; around: string },
  context: UrlContext & { dates: DateRule },
): TextFault | undefined {
  const { bindings, dates, hosts } = context
  if (bindings.isListed(then)) {
    return isIdLike(now) || then === now ? bound(bindings, then, now) : { why: 'form', detail: 'must be an id' }
  }
  if (isUuid(then)) {
    if (!isUuid(now)) return { why: 'form', detail: 'must be a UUID' }
    if (bindings.isChosen(then)) return then === now ? undefined : { why: 'value', detail: 'the client chose it' }
    return bound(bindings, then, now)
  }
  const date = readDate(then)
  if (date) {
    const other = readDate(now)
    if (!other || !sameDateForm(dates, date, other)) return { why: 'form', detail: 'must be a date of this form' }
    const isChosen = bindings.isChosen(date.instant)
    bindings.answered(date.instant)
    return isChosen && date.instant !== other.instant ? { why: 'value', detail: 'the client chose it' } : undefined
  }
  const secret = secretForm(then)
  if (secret) {
    if (secretForm(now) !== secret) return { why: 'form', detail: `must be a ${secret}` }
    bindings.bindSecret(then, now)
    return undefined
  }
  if (isRecordedUrl(then, hosts)) {
    const fault = urlFault(then, now, context)
    return fault === undefined ? undefined : { why: 'form', detail: fault }
  }
  const kind = bindings.kindOf(key, around)
  if (kind !== undefined && isIdList(then) && isIdList(now)) {
    const [some, others] = [then.split(','), now.split(',')]
    if (some.length !== others.length) return { why: 'value' }
    return some.map((id, index) => bound(bindings, id, others[index]!, kind)).find((fault) => fault)
  }
  return then === now ? undefined : { why: 'value' }
}

function bound(bindings: Bindings, then: string, now: string, kind?: string): TextFault | undefined {
  const detail = bindings.bind(then, now, kind)
  return detail === undefined ? undefined : { why: 'binding', detail }
}

/** One id that is a number, or several: Saygent's `respondent_ids=1,2,3`. */
export function isIdList(text: string): boolean {
  return /^\d+(,\d+)*$/.test(text)
}
