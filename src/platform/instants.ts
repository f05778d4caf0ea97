const INSTANT =
  /^(\d{4})(-?)(\d\d)\2(\d\d)T(\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?$/

/**
 * An instant in ISO 8601, which has a `T` between date and time; without a zone it is UTC. Undefined for anything else,
 * and for days and hours that there are none of. Of a fraction milliseconds are kept.
 */
export function readInstant(text: string): Date | undefined {
  const match = INSTANT.exec(text)
  if (!match) return undefined
  const [, year, , month, day, hour, , minute, second = '0', fraction = '0', sign, zoneHour = '0', zoneMinute = '0'] =
    match
  const parts = [year, month, day, hour, minute, second].map(Number) as [number, number, number, ...number[]]
  const local = new Date(0)
  local.setUTCFullYear(parts[0], parts[1] - 1, parts[2])
  local.setUTCHours(parts[3]!, parts[4]!, parts[5]!, Number(fraction.padEnd(3, '0').slice(0, 3)))
  const isThere = [
    local.getUTCFullYear(),
    local.getUTCMonth() + 1,
    local.getUTCDate(),
    local.getUTCHours(),
    local.getUTCMinutes(),
    local.getUTCSeconds(),
  ].every((part, index) => part === parts[index])
  if (!isThere || Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined
  const offsetMinutes = (Number(zoneHour) * 60 + Number(zoneMinute)) * (sign === '-' ? -1 : 1)
  return new Date(local.getTime() - offsetMinutes * 60_000)
}
