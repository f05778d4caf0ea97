import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Html, html } from '../../platform/html.ts'
import { PAGE_HEADERS, page, prose } from '../legacy/index.ts'
import { ERRORS, type ErrorDescription } from './errors.ts'

const PATH = '/docs/intelligence'
/** More than any `moreInfo` has. */
const MOST_FIELDS = 50

/** What `moreInfo` begins with. */
export function documentationOf(publicUrl: URL): string {
  return new URL(PATH, publicUrl).href
}

/** The pages behind `moreInfo`: each error with what it means, and what is wrong with the fields that its address names. */
export function servePages(app: FastifyInstance): void {
  const send = (reply: FastifyReply, status: number, title: string, body: Html) =>
    reply.code(status).headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(page(title, body))
  for (const url of [PATH, `${PATH}/`, `${PATH}/errors`, `${PATH}/errors/`]) {
    app.get(url, (_request, reply) => send(reply, 200, 'Errors of the SaySimple API', overview()))
  }
  app.get<{ Params: { code: string } }>(`${PATH}/errors/:code`, ({ params: { code }, url }, reply) => {
    const error = Object.hasOwn(ERRORS, code) ? (ERRORS as Record<string, ErrorDescription>)[code] : undefined
    if (!error) return send(reply, 404, 'Unknown error', overview(html`<p>There is no error with this code.</p>\n`))
    return send(reply, 200, `${code} ${error.message}`, errorView(code, error, fieldsOf(url)))
  })
}

function overview(notice?: Html): Html {
  const items = Object.entries(ERRORS).map(
    ([code, { message }]) => html`<li><a href="${PATH}/errors/${code}">${code} ${message}</a></li>\n`,
  )
  return html`<main>
<h1>Errors of the SaySimple API</h1>
${notice}<ul>
${items}</ul>
<p><a href="/saysimple/docs">All operations</a></p>
</main>
`
}

function errorView(code: string, { status, message, text }: ErrorDescription, fields: [string, string][]): Html {
  const rows = fields.map(([field, fault]) => html`<tr><td><code>${field}</code></td><td>${fault}</td></tr>\n`)
  return html`<main>
<h1>${code} ${message}</h1>
<p>HTTP status ${status}</p>
${prose(text)}
${
  rows.length > 0 &&
  html`<h2>What is wrong</h2>
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Fault</th></tr></thead>
<tbody>
${rows}</tbody>
</table>
`
}<p><a href="${PATH}/errors">All errors</a> · <a href="/saysimple/docs">All operations</a></p>
</main>
`
}

/** `fields[<name>]=<text>` of an address. */
function fieldsOf(url: string): [string, string][] {
  const [, search = ''] = /^[^?]*\?(.*)$/s.exec(url) ?? []
  return [...new URLSearchParams(search)]
    .flatMap(([name, text]): [string, string][] => {
      const [, field] = /^fields\[(.*)\]$/s.exec(name) ?? []
      return field === undefined ? [] : [[field, text]]
    })
    .slice(0, MOST_FIELDS)
}
