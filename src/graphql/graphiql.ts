import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const DEFAULT_QUERY = `# Saygraph. Put your key into the headers tab below: { "Authorization": "Bearer sk_live_…" }
query Links {
  links(first: 10) {
    nodes { id name publicUrl responseCount questions { prompt type } }
  }
}

# Run this one, then answer a link: the responses arrive here.
subscription Arriving {
  events(types: [RESPONSE_STARTED, RESPONSE_SUBMITTED]) {
    type occurredAt cursor
    response { id status answers { fieldKey text } }
  }
}
`

export interface GraphiqlPage {
  /** The whole page, gzipped. */
  gzipped: Buffer
  html: string
}

let page: Promise<GraphiqlPage> | undefined

/**
 * GraphiQL with everything it needs inside: nothing is fetched from elsewhere. That makes nine megabytes, so it is
 * loaded when first asked for, and compressed once.
 */
export function graphiqlPage(): Promise<GraphiqlPage> {
  page ??= makePage()
  return page
}

async function makePage(): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql')
  const options = {
    title: 'Saygraph',
    defaultQuery: DEFAULT_QUERY,
    // Over SSE the headers tab applies to subscriptions, too.
    subscriptionsProtocol: 'SSE',
    // A key that the browser kept would be there for whoever uses it next.
    shouldPersistHeaders: false,
  }
  const html = renderGraphiQL(options as Parameters<typeof renderGraphiQL>[0])
  return { html, gzipped: await promisify(gzip)(html) }
}

export const GRAPHIQL_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self' blob: data:",
  "worker-src 'self' blob: data:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')
