import type { LinkRow } from '../domains/links/index.ts'
import { attributes, type Html, html, type Slot, webUrl } from '../platform/html.ts'
import { type Field, inputId, renderField } from './fields.ts'
import { FIELD } from './form.ts'
import { STYLE_PATH } from './style.ts'
import { type ClosedPage, type Language, TEXTS } from './texts.ts'

export interface FormPage {
  link: LinkRow
  language: Language
  /** Where the form is sent. */
  path: string
  /** What the form carries besides answers. */
  hidden: { session?: string; page?: string; respondent?: string }
  /** The questions that are shown, in order. */
  fields: readonly Field[]
  /** Whether answers may bring up further questions. */
  mayGrow: boolean
  notice?: 'saved' | 'newQuestions'
}

/** The link's questions. */
export function formPage({ link, language, path, hidden, fields, mayGrow, notice }: FormPage): Html {
  const texts = TEXTS[language]
  const faulty = fields.filter((field) => field.fault)
  const carried = Object.entries({
    [FIELD.session]: hidden.session,
    [FIELD.page]: hidden.page,
    [FIELD.respondent]: hidden.respondent,
  }).map(([name, value]) => value && html`<input${attributes({ type: 'hidden', name, value })}>`)
  const summary =
    faulty.length > 0 &&
    html`<div class="summary" role="alert" tabindex="-1" autofocus aria-labelledby="summary">
<h2 id="summary">${texts.errorSummary}</h2>
<ul>${faulty.map(({ question, fault }) => html`<li><a href="#${inputId(question)}">${question.prompt}</a>: ${texts.faults[fault!]}</li>`)}</ul>
</div>`
  const { description } = link.settings
  return layout(
    language,
    `${faulty.length > 0 ? texts.errorTitle : ''}${link.name}`,
    html`<header><h1>${link.name}</h1>
${description && html`<p class="description">${description}</p>`}</header>
${notice && html`<p class="notice" role="status">${texts[notice]}</p>`}
${summary}
<form method="post" enctype="multipart/form-data" action="${path}">
${carried}${fields.map((field) => renderField(field, texts))}
${mayGrow && html`<p class="hint">${texts.moreToCome}</p>`}
<button type="submit">${mayGrow ? texts.continue : texts.submit}</button>
</form>`,
  )
}

/** What a person sees who has submitted. `again` is where another response can be given. */
export function thanksPage(link: LinkRow, language: Language, again: string | undefined): Html {
  const texts = TEXTS[language]
  const { thankYouMessage, redirectUrl } = link.settings
  const onward = webUrl(redirectUrl)
  return layout(
    language,
    link.name,
    html`<header><h1>${link.name}</h1></header>
<p class="thanks" role="status">${thankYouMessage || texts.thankYou}</p>
${onward && html`<p><a href="${onward}">${texts.goOn}</a></p>`}
${again && html`<p><a href="${again}">${texts.answerAgain}</a></p>`}`,
  )
}

/** Why there is no form. */
export function closedPage(reason: ClosedPage, language: Language, retryAfter?: number): Html {
  const texts = TEXTS[language]
  const { title, text } = texts.closed[reason]
  return layout(
    language,
    title,
    html`<h1>${title}</h1><p>${text}${retryAfter !== undefined && ` ${texts.retryAfter(retryAfter)}`}</p>`,
  )
}

/** The server's own fault. */
export function failedPage(requestId: string, language: Language): Html {
  const texts = TEXTS[language]
  return layout(language, texts.failedTitle, html`<h1>${texts.failedTitle}</h1><p>${texts.requestId(requestId)}</p>`)
}

/** A whole page around its content. */
export function layout(language: Language, title: string, main: Slot): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body><main>
${main}
</main></body>
</html>
`
}
