import { type Html, html } from '../../platform/html.ts'

/** Paragraphs and `code`, which is all of Markdown that descriptions of APIs use. */
export function prose(markdown: string): Html {
  const paragraphs = markdown.split(/\n{2,}/).map((paragraph) => {
    const parts = paragraph.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
    return html`<p>${parts}</p>\n`
  })
  return html`${paragraphs}`
}
