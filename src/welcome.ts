import type { App } from './compose.ts'

/** What the person who started the server reads: where things are, and a request that works as pasted. */
export function welcome({ config, publicUrl, localUrl, firstStart }: App): string {
  const base = publicUrl.href.replace(/\/$/, '')
  const lines = [`Saygraph is listening on ${localUrl.origin}.`, '']
  if (config.role === 'worker') return `${lines[0]} It works in the background; requests go to the api processes.\n`
  if (firstStart) {
    lines.push(
      'This is the first start. Your workspace is "default", and this is its key; it is shown only now:',
      '',
      `  ${firstStart.key}`,
      '',
    )
  }
  const key = firstStart?.key ?? '$SAYGRAPH_KEY'
  const query = '{"query":"{ links(first: 10) { nodes { name publicUrl responseCount } } }"}'
  lines.push(
    `  GraphiQL     ${base}/graphql`,
    ...(firstStart?.sampleLinkUrl ? [`  A link       ${firstStart.sampleLinkUrl}`] : []),
    `  Health       ${base}/health/ready`,
    '',
    firstStart ? 'Try:' : 'Try, with your key in SAYGRAPH_KEY:',
    '',
    `  curl -s ${base}/graphql -H "Authorization: Bearer ${key}" \\`,
    `    -H 'Content-Type: application/json' -d '${query}'`,
    '',
  )
  return `${lines.join('\n')}\n`
}
