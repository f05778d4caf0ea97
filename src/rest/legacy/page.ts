import { createHash } from 'node:crypto'
import { Html, html } from '../../platform/html.ts'

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: light-dark(#0a58ca, #7db4ff) }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 4rem }
h1 { margin-bottom: 0 }
h2 { border-bottom: 1px solid var(--line); margin-top: 3rem }
h3 { margin-top: 2.5rem }
a { color: var(--accent) }
code, pre { font: 0.9em/1.45 ui-monospace, monospace }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; padding: 0.75rem }
table { border-collapse: collapse; display: block; overflow-x: auto; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: 0.35rem 0.75rem 0.35rem 0; text-align: left; vertical-align: top }
summary { cursor: pointer }
.method { font-weight: 700; margin-right: 0.5rem }
.path { overflow-wrap: anywhere }
nav ul { list-style: none; padding: 0 }
`

/** Nothing runs and nothing is loaded; the one style is known by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const PAGE_HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A page that is whole in itself. */
export function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${new Html(`<style>${STYLE}</style>`)}
</head>
<body>
${body}</body>
</html>
`.markup
}
