import type { App } from './compose.ts'

/** What the person who started the server reads: where things are, and a request that works as pasted. */
export function welcome({ config, publicUrl, localUrl, firstStart }: App): string {
  const base = publicUrl.href.replace(/\/$/, '')
  const lines = [`Saygraph is listening on ${localUrl.origin}.`, '']
  if (config.role === 'worker') return `${lines[0]} It works in the background; requests go to the api processes.\n`
  // One that was chosen in the configuration is known to whoever chose it, and stays out of what is kept of the output.
  const newKey = config.firstStart.apiKey === undefined ? firstStart?.key : undefined
  if (newKey) {
    lines.push(
      'This is the first start. Your workspace is "default", and this is its key; it is shown only now:',
      '',
      `  ${newKey}`,
      '',
    )
  }
  const key = newKey ?? '$SAYGRAPH_KEY'
  const query = '{"query":"{ links(first: 10) { nodes { name publicUrl responseCount } } }"}'
  lines.push(
    `  GraphiQL     ${base}/graphql`,
    ...(firstStart?.sampleLinkUrl ? [`  A link       ${firstStart.sampleLinkUrl}`] : []),
    `  REST         ${base}/sayify/docs`,
    `  Health       ${base}/health/ready`,
    '',
    newKey ? 'Try:' : 'Try, with your key in SAYGRAPH_KEY:',
    '',
    `  curl -s ${base}/graphql -H "Authorization: Bearer ${key}" \\`,
    `    -H 'Content-Type: application/json' -d '${query}'`,
    '',
  )
  return `${lines.join('\n')}\n`
}
