/** Markup that is safe to send: made by `html` only, so that text cannot become markup by accident. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

/** What may stand in a template: text is escaped, markup is kept, lists are joined, absence is nothing. */
export type Slot = Html | string | number | false | null | undefined | readonly Slot[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A template tag for markup: every value is escaped for text and for quoted attributes; always quote attributes. */
export function html(strings: TemplateStringsArray, ...slots: Slot[]): Html {
  return new Html(strings.reduce((markup, text, index) => markup + render(slots[index - 1]) + text))
}

/** ` name="value"` for each attribute; true is the name alone, false and absence are nothing. */
export function attributes(values: Record<string, string | number | boolean | null | undefined>): Html {
  const written = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined || value === null || value === false) return []
    return value === true ? ` ${name}` : ` ${name}="${escapeText(String(value))}"`
  })
  return new Html(written.join(''))
}

/** `address` when a page may point to it, nothing otherwise: `javascript:` and its kin are not addresses. */
export function webUrl(address: unknown): string | undefined {
  if (typeof address !== 'string' || !URL.canParse(address)) return undefined
  const url = new URL(address)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
}

function render(slot: Slot): string {
  if (slot === undefined || slot === null || slot === false) return ''
  if (slot instanceof Html) return slot.markup
  if (typeof slot === 'object') return slot.map(render).join('')
  return escapeText(String(slot))
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)
}
