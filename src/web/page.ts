import { type LinkRow, probingOf } from '../domains/links/index.ts'
import { attributes, type Html, html, type Slot, webUrl } from '../platform/html.ts'
import { scriptPath, stylePath } from './assets.ts'
import type { ClientPage } from './client/model.ts'
import { type Field, inputId, lang, renderField } from './fields.ts'
import { followUpField } from './follow-up-field.ts'
import { FIELD } from './form.ts'
import { type ClosedPage, type Language, TEXTS } from './texts.ts'

export interface FormPage {
  link: LinkRow
  language: Language
  /** Where the form is sent. */
  path: string
  /** What the form carries besides answers. */
  hidden: { session?: string; page?: string; respondent?: string }
  /** The questions, in order. */
  fields: readonly Field[]
  /** Where another response can be given afterwards. */
  again: string | undefined
  /** Whether what is said is shown while it is recorded. */
  isLive: boolean
  /** Whether an empty page was asked for. */
  isFresh?: boolean
  notice?: 'saved' | 'newQuestions'
}

/** The link's questions. */
export function formPage(page: FormPage): Html {
  const { link, language, path, hidden, fields, again, notice } = page
  const texts = TEXTS[language]
  const own = attributes(lang(link.language, language))
  const around = { texts, language, writtenIn: link.language }
  const mayGrow = fields.some((field) => field.isLater)
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
<ul>${faulty.map((field) => refused(field, page))}</ul>
</div>`
  const { description } = link.settings
  const form = attributes({
    method: 'post',
    enctype: 'multipart/form-data',
    action: path,
    'data-page': JSON.stringify(clientPage(page)),
  })
  return layout(
    language,
    `${faulty.length > 0 ? texts.errorTitle : ''}${link.name}`,
    html`<header><h1${own}>${link.name}</h1>
${description && html`<p class="description"${own}>${description}</p>`}</header>
${notice && html`<p class="notice" role="status">${texts[notice]}</p>`}
${summary}
<form${form}>
${carried}${fields.map((field) => renderField(field, around))}
${mayGrow && html`<p class="hint">${texts.moreToCome}</p>`}
<button type="submit">${mayGrow ? texts.continue : texts.submit}</button>
</form>
<template id="thanks">${thanks(link, language, again)}</template>
${fields.some(probes) && html`<template id="follow-up">${renderField(followUpField(), around)}</template>`}`,
    scriptPath(language),
  )
}

function refused({ question, fault, writtenIn }: Field, { link, language }: FormPage): Html {
  const own = attributes(lang(writtenIn ?? link.language, language))
  const what = html`<a href="#${inputId(question)}"${own}>${question.prompt}</a>`
  return html`<li>${what}: ${TEXTS[language].faults[fault!]}</li>`
}

function clientPage({ link, path, isFresh, isLive }: FormPage): ClientPage {
  const { tts_enabled, redirectUrl } = link.settings
  return {
    base: path,
    fresh: isFresh || undefined,
    readsAloud: tts_enabled || undefined,
    transcribesLive: isLive || undefined,
    redirect: webUrl(redirectUrl),
  }
}

function probes({ question }: Field): boolean {
  return probingOf(question) !== null
}

/** What a person sees who has submitted. `again` is where another response can be given. */
export function thanksPage(link: LinkRow, language: Language, again: string | undefined): Html {
  return layout(
    language,
    link.name,
    html`<header><h1${attributes(lang(link.language, language))}>${link.name}</h1></header>
${thanks(link, language, again)}`,
  )
}

function thanks(link: LinkRow, language: Language, again: string | undefined): Html {
  const texts = TEXTS[language]
  const { thankYouMessage, redirectUrl } = link.settings
  const onward = webUrl(redirectUrl)
  const own = thankYouMessage ? lang(link.language, language) : {}
  return html`<p${attributes({ class: 'thanks', role: 'status', ...own })}>${thankYouMessage || texts.thankYou}</p>
${onward && html`<p><a href="${onward}">${texts.goOn}</a></p>`}
${again && html`<p><a href="${again}">${texts.answerAgain}</a></p>`}`
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

/** A whole page around its content; `script` for one that has more to offer where scripts run. */
export function layout(language: Language, title: string, main: Slot, script?: string): Html {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="stylesheet" href="${stylePath()}">
${script && html`<script type="module" src="${script}"></script>`}
</head>
<body><main>
${main}
</main></body>
</html>
`
}
