import { expect, test } from 'vitest'
import { testApp } from '../kit/app.ts'
import { browserContext } from './chromium.ts'

test('GraphiQL runs queries and subscriptions, and fetches nothing from elsewhere', async () => {
  const app = await testApp()
  const context = await browserContext()
  const page = await context.newPage()
  const foreign: string[] = []
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (/^https?:$/.test(url.protocol) && url.host !== app.localUrl.host) foreign.push(request.url())
  })
  const query = 'subscription { events(types: [LINK_CREATED]) { type link { name } } }'
  await page.goto(new URL(`/graphql?query=${encodeURIComponent(query)}`, app.localUrl).href)
  await page.waitForSelector('.graphiql-query-editor .view-lines', { timeout: 60_000 })

  await page.getByRole('button', { name: 'Headers' }).click()
  await page.locator('.graphiql-editor-tool .monaco-editor:visible').first().click()
  await page.keyboard.press('Control+A')
  await page.keyboard.insertText(JSON.stringify({ Authorization: `Bearer ${app.key}` }))
  await page.locator('.graphiql-query-editor .monaco-editor').click()
  await page.keyboard.press('Control+Enter')
  // The subscription begins with what happens next: make links until the first one is seen.
  const response = page.locator('.graphiql-response')
  for (let n = 1; n <= 120; n++) {
    await app.graphql('mutation ($name: String!) { createLink(input: { name: $name }) { __typename } }', {
      name: `Seen ${n}`,
    })
    if ((await response.innerText()).includes('LINK_CREATED')) break
    await page.waitForTimeout(250)
  }
  expect(await response.innerText()).toContain('LINK_CREATED')
  // Nor is the key kept for whoever uses the browser next.
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain(app.key)
  await page.reload()
  await page.waitForSelector('.graphiql-query-editor .view-lines', { timeout: 60_000 })
  expect(await page.content()).not.toContain(app.key)
  expect(foreign).toEqual([])
}, 180_000)
