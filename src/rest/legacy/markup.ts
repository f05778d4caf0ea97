/** Markup that is safe to send: made by `html` only, so that text cannot become markup by accident. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Slot = Markup | string | number | false | undefined | readonly Slot[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A template tag: texts are escaped for content and for quoted attributes, markup is kept, lists are joined. */
export function html(strings: TemplateStringsArray, ...slots: Slot[]): Markup {
  return new Markup(strings.reduce((markup, text, index) => markup + render(slots[index - 1]) + text))
}

/** Paragraphs and `code`, which is all of Markdown that descriptions of APIs use. */
export function prose(markdown: string): Markup {
  const paragraphs = markdown.split(/\n{2,}/).map((paragraph) => {
    const parts = paragraph.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
    return html`<p>${parts}</p>\n`
  })
  return html`${paragraphs}`
}

function render(slot: Slot): string {
  if (slot === undefined || slot === false) return ''
  if (slot instanceof Markup) return slot.text
  if (typeof slot === 'object') return slot.map(render).join('')
  return String(slot).replace(/[&<>"']/g, (character) => ESCAPES[character]!)
}
