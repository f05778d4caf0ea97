import type { Sms } from './sms.ts'

/** How a gateway wants its requests: a JSON document or a form, with placeholders in its values. */
export interface BodyTemplate {
  format: 'json' | 'form'
  /**
   * With `{to}`, `{from}`, `{text}`, `{id}` and `{toDigits}` (without the `+`) inside of strings, such as
   * `{"recipient":"{to}","body":"{text}"}` or `to={to}&msg={text}`.
   */
  template: string
}

const PLACEHOLDER = /\{(to|from|text|id|toDigits)\}/g

/** What is wrong with a template; undefined when nothing is. */
export function templateFault({ format, template }: BodyTemplate): string | undefined {
  if (format === 'json') {
    try {
      JSON.parse(template)
    } catch {
      return 'is not JSON'
    }
  } else if (!/^[^=&\s]+=[^&\s]*(&[^=&\s]+=[^&\s]*)*$/.test(template)) {
    return 'is not a form such as to={to}&text={text}'
  }
  const used = new Set([...template.matchAll(PLACEHOLDER)].map(([, name]) => name))
  if (!used.has('text')) return 'has no {text}'
  if (!used.has('to') && !used.has('toDigits')) return 'has no {to} or {toDigits}'
  return undefined
}

/** The body of a message's request and its type. No value can change the structure around it. */
export function renderBody({ format, template }: BodyTemplate, sms: Sms): { body: string; contentType: string } {
  const values: Record<string, string> = { ...sms, toDigits: sms.to.slice(1) }
  const fill = (text: string) => text.replace(PLACEHOLDER, (_, name: string) => values[name]!)
  if (format === 'json') {
    const body = JSON.stringify(JSON.parse(template, (_, value) => (typeof value === 'string' ? fill(value) : value)))
    return { body, contentType: 'application/json' }
  }
  const fields = [...new URLSearchParams(template)].map(([name, value]) => [name, fill(value)])
  return { body: new URLSearchParams(fields).toString(), contentType: 'application/x-www-form-urlencoded' }
}
