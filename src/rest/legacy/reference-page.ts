import { Html, html, type Slot } from '../../platform/html.ts'
import type { OpenApiDocument, OpenApiOperation, OpenApiResponse } from './openapi.ts'
import { page } from './page.ts'
import { prose } from './prose.ts'

/** The OpenAPI document as a page that is whole in itself. */
export function referencePage(document: OpenApiDocument): string {
  const { info, servers, tags, components } = document
  const body = html`<header>
<h1>${info.title}</h1>
<p>Version ${info.version} · <a href="openapi.json">OpenAPI document</a> ·
<a href="postman.json">Postman collection</a></p>
${prose(info.description)}
${table(
  ['Base path', 'Use'],
  servers.map(({ url, description }) => [html`<code>${url}</code>`, description]),
)}
</header>
<nav aria-label="Operations">${tags.map((tag) => contents(document, tag.name))}</nav>
<main>
${tags.map((tag) => section(document, tag))}
<h2 id="schemas">Schemas</h2>
${Object.entries(components.schemas).map(
  ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3>\n${schemaView(schema)}\n`,
)}
</main>
`
  return page(info.title, body)
}

type Listed = { path: string; method: string; operation: OpenApiOperation }

function operationsOf({ paths }: OpenApiDocument, tag: string): Listed[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]) =>
      operation.tags.includes(tag) ? [{ path, method: method.toUpperCase(), operation }] : [],
    ),
  )
}

function contents(document: OpenApiDocument, tag: string): Html {
  const items = operationsOf(document, tag).map(
    ({ path, method, operation }) =>
      html`<li><a href="#${operation.operationId}">${operation.summary}</a> <code>${method} ${path}</code></li>\n`,
  )
  return html`<h2>${tag}</h2><ul>${items}</ul>\n`
}

function section(document: OpenApiDocument, { name, description }: { name: string; description: string }): Html {
  return html`<section aria-labelledby="tag-${name}">
<h2 id="tag-${name}">${name}</h2>
${prose(description)}
${operationsOf(document, name).map(operationView)}
</section>
`
}

function operationView({ path, method, operation }: Listed): Html {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation
  const rows = parameters.map((parameter) => [
    html`<code>${parameter.name}</code>`,
    parameter.in,
    parameter.required ? 'required' : 'optional',
    schemaText(parameter.schema),
    plain(parameter.description),
  ])
  const [mediaType, body] = Object.entries(requestBody?.content ?? {})[0] ?? []
  return html`<article aria-labelledby="${operationId}">
<h3 id="${operationId}">${summary}</h3>
<p class="path"><code><span class="method">${method}</span>${path}</code></p>
${description ? prose(description) : ''}
${rows.length > 0 && html`<h4>Parameters</h4>\n${table(['Name', 'In', 'Presence', 'Type', 'Meaning'], rows)}`}
${
  body &&
  html`<h4>Body: <code>${mediaType}</code></h4>
${schemaView(body.schema)}
${body.example !== undefined && exampleView(body.example)}`
}
<h4>Answers</h4>
${Object.entries(responses).map(([status, response]) => answerView(status, response))}
</article>
`
}

function answerView(status: string, { description, content }: OpenApiResponse): Html {
  const json = content?.['application/json']
  const examples = Object.values(json?.examples ?? {}).map(({ value }) => exampleView(value))
  const open = status.startsWith('2')
  return html`<details${new Html(open ? ' open' : '')}>
<summary><strong>${status}</strong> ${plain(description)}</summary>
${json && schemaView(json.schema)}
${examples}
</details>
`
}

function exampleView(value: unknown): Html {
  return html`<pre>${JSON.stringify(value, null, 2)}</pre>\n`
}

/** An object as a table of its properties; anything else by its type. */
function schemaView(schema: Record<string, unknown>): Html {
  const { properties, required } = schema as { properties?: Record<string, object>; required?: string[] }
  const meaning = typeof schema.description === 'string' && schema.description !== '' && prose(schema.description)
  if (!properties) return html`${meaning}<p>${schemaText(schema)}</p>`
  const rows = Object.entries(properties).map(([name, property]) => {
    const { description = '' } = property as { description?: string }
    const presence = required?.includes(name) ? 'always' : 'optional'
    return [html`<code>${name}</code>`, presence, schemaText(property), plain(description)]
  })
  return html`${meaning}${table(['Field', 'Presence', 'Type', 'Meaning'], rows)}`
}

/** A type in words, with links to the schemas that it names. */
function schemaText(schema: object): Html {
  const {
    $ref,
    type,
    items,
    anyOf,
    enum: values,
    format,
    default: preset,
    properties,
  } = schema as {
    $ref?: string
    type?: string | string[]
    items?: object
    anyOf?: object[]
    enum?: unknown[]
    format?: string
    default?: unknown
    properties?: Record<string, object>
  }
  const suffix: Slot = preset === undefined ? '' : html`, default <code>${JSON.stringify(preset)}</code>`
  if ($ref) {
    const name = $ref.split('/').at(-1)!
    return html`<a href="#schema-${name}">${name}</a>${suffix}`
  }
  if (anyOf) {
    const parts = anyOf.flatMap((part, index) => (index === 0 ? [schemaText(part)] : [' or ', schemaText(part)]))
    return html`${parts}${suffix}`
  }
  if (items) return html`list of ${schemaText(items)}${suffix}`
  if (values) {
    const parts = values.flatMap((value, index) => [index > 0 && ', ', html`<code>${JSON.stringify(value)}</code>`])
    return html`${parts}${suffix}`
  }
  if (properties) {
    const parts = Object.entries(properties).flatMap(([name, property], index) => [
      index > 0 && '; ',
      html`<code>${name}</code> ${schemaText(property)}`,
    ])
    return html`object (${parts})${suffix}`
  }
  const name = [type].flat().join(' or ') || 'any value'
  return html`${name}${format ? ` (${format})` : ''}${suffix}`
}

function table(heads: string[], rows: Slot[][]): Html {
  return html`<table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table>
`
}

/** `code` in running text. */
function plain(markdown: string): Slot {
  return markdown.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}
