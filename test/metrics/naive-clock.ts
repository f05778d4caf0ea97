/** What a wall clock in a zone shows. */
export interface WallClock {
  year: number
  /** From 1. */
  month: number
  day: number
  hour: number
  minute: number
  /** Wall clock minus UTC, in minutes. */
  offset: number
}

export const MINUTE = 60_000
const QUARTER = 15 * MINUTE

const formats = new Map<string, Intl.DateTimeFormat>()
const shown = new Map<string, WallClock>()

/**
 * What the clock shows, as Intl writes it. Asked once per quarter of an hour, within which no clock of the present changes;
 * for moments from about 1990 on.
 */
export function wallClock(timeZone: string, at: number): WallClock {
  const quarter = Math.floor(at / QUARTER) * QUARTER
  const key = `${timeZone} ${quarter}`
  let clock = shown.get(key)
  if (!clock) {
    clock = read(timeZone, quarter)
    if (shown.size > 1_000_000) shown.clear()
    shown.set(key, clock)
  }
  return { ...clock, minute: clock.minute + Math.floor((at - quarter) / MINUTE) }
}

function read(timeZone: string, at: number): WallClock {
  let format = formats.get(timeZone)
  if (!format) {
    const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
    format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...fields })
    formats.set(timeZone, format)
  }
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const [year, month, day] = [parts.get('year')!, parts.get('month')!, parts.get('day')!]
  const [hour, minute] = [parts.get('hour')!, parts.get('minute')!]
  const offset = (Date.UTC(year, month - 1, day, hour, minute) - at) / MINUTE
  return { year, month, day, hour, minute, offset }
}

/** The date as a number of days, which goes on by one from date to date. */
export function dayNumber({ year, month, day }: WallClock): number {
  return Date.UTC(year, month - 1, day) / (24 * 60 * MINUTE)
}

/** Sunday is 0. 1970 began on a Thursday. */
export function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7
}
