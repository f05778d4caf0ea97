/**
 * A number as providers write it (`358401234567`, `00358...`, with spaces) in E.164; short codes and names as they are.
 * `international`: whether it is known to have its country code; otherwise seven digits or more are taken to.
 */
export function e164Of(text: string, international = false): string {
  const compact = text.trim().replace(/[\s().-]/g, '')
  if (/^\+[1-9]\d{6,14}$/.test(compact)) return compact
  if (/^00[1-9]\d{6,14}$/.test(compact)) return `+${compact.slice(2)}`
  if ((international ? /^[1-9]\d{2,14}$/ : /^[1-9]\d{6,14}$/).test(compact)) return `+${compact}`
  return text.trim()
}
