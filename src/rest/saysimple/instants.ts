import { readInstant } from '../../platform/instants.ts'

/** An instant in a query, where the `+` of a zone that was not encoded has become a space. */
export function readInstantInQuery(text: string): Date | undefined {
  return readInstant(text.replace(/ (?=\d\d(:?\d\d)?$)/, '+'))
}

const TIME_OF_DAY = /^([0-2]?\d):(\d?\d)$/
const DAY_MS = 86_400_000

/**
 * When a conversation was resolved: an instant, or a time of day in UTC, which is the last one that has come
 * (contract/saysimple.md A8).
 */
export function readMoment(text: string, now: Date): Date | undefined {
  const [, hour, minute] = TIME_OF_DAY.exec(text) ?? []
  if (hour === undefined || minute === undefined) return readInstant(text)
  if (Number(hour) > 23 || Number(minute) > 59) return undefined
  const today = new Date(now)
  today.setUTCHours(Number(hour), Number(minute), 0, 0)
  return today > now ? new Date(today.getTime() - DAY_MS) : today
}
