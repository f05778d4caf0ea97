import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../kit/app.ts'
import { browserContext } from './chromium.ts'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

const QUESTIONS = `[
  { prompt: "How likely are you to recommend us?", fieldKey: "nps", required: true, configuration: { rating: { scaleType: NPS } } }
  { prompt: "What went wrong?", type: TEXT, fieldKey: "why", required: true, condition: { field: "nps", operator: LESS_THAN, value: 7 } }
  { prompt: "Pick some", fieldKey: "some", configuration: { multipleChoice: { options: ["A", "B", "C"], allowMultiple: true } } }
  { prompt: "How many?", fieldKey: "count", configuration: { number: { min: 0, max: 10 } } }
  { prompt: "Your e-mail address", type: EMAIL, fieldKey: "email" }
  { prompt: "When?", type: DATE, fieldKey: "day" }
  { prompt: "Again?", type: YES_NO, fieldKey: "again" }
  { prompt: "Tell us", fieldKey: "tell", configuration: { voiceTextFallback: {} } }
  { prompt: "A file", fieldKey: "file", configuration: { fileUpload: { allowedTypes: ["pdf"] } } }
]`

async function makeLink(app: TestApp): Promise<{ id: string; url: string }> {
  const { data } = await app.graphql(
    `mutation { createLink(input: { name: "Visit", questions: ${QUESTIONS} }) { ... on CreateLinkPayload { link { id publicUrl } } } }`,
  )
  const { id, publicUrl } = data!.createLink.link
  return { id, url: new URL(new URL(publicUrl).pathname, app.localUrl).href }
}

/** What breaks WCAG 2.2 A or AA on the page, by axe. */
async function violations(page: Page): Promise<string[]> {
  // The page allows no script of its own, so the check runs in a world apart: a copy of the page without its policy.
  const copy = await page.context().newPage()
  await copy.setContent(await page.content())
  for (const style of await page.locator('link[rel=stylesheet]').all()) {
    const href = new URL((await style.getAttribute('href'))!, page.url())
    await copy.addStyleTag({ content: await (await fetch(href)).text() })
  }
  await copy.addScriptTag({ content: await readFile(AXE, 'utf8') })
  const found = await copy.evaluate(async () => {
    const { violations } = await (globalThis as any).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    })
    return violations.map((each: any) => `${each.id}: ${each.nodes.map((node: any) => node.html).join(' | ')}`)
  })
  await copy.close()
  return found
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`a person answers in a browser without script, on a phone, ${colorScheme}`, async () => {
    const app = await testApp()
    const link = await makeLink(app)
    const context = await browserContext({
      javaScriptEnabled: true,
      viewport: { width: 390, height: 844 },
      colorScheme,
    })
    const page = await context.newPage()
    await page.goto(link.url)
    expect(await page.locator('script').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)

    const send = async () => {
      // The browser's own checks come first; what the server says must stand without them.
      await page.evaluate(() => document.querySelector('form')!.setAttribute('novalidate', ''))
      await Promise.all([page.waitForEvent('load'), page.getByRole('button').last().click()])
    }

    // Nothing answered: the page says what is missing, where.
    await send()
    expect(await page.locator('[aria-invalid=true]').count()).toBeGreaterThan(0)
    expect(await violations(page)).toEqual([])

    await page.getByRole('radio', { name: '3', exact: true }).check({ force: true })
    await page.getByLabel('Your e-mail address').fill('ada@example.com')
    await send()
    // The answer brought a further question.
    await page.getByLabel('What went wrong?').waitFor()
    await page.reload()
    expect(await page.getByLabel('Your e-mail address').inputValue()).toBe('ada@example.com')
    await page.getByLabel('What went wrong?').fill('The queue <b>was</b> long')
    await send()
    expect(await page.locator('body').innerText()).toContain('Thanks for your response!')
    expect(await violations(page)).toEqual([])

    const { data } = await app.graphql(
      'query ($id: ID!) { link(id: $id) { responseCount responses(first: 5) { nodes { status respondentEmail answers { fieldKey value } } } } }',
      { id: link.id },
    )
    expect(data!.link).toEqual({
      responseCount: 1,
      responses: {
        nodes: [
          {
            status: 'COMPLETED',
            respondentEmail: 'ada@example.com',
            answers: [
              { fieldKey: 'nps', value: 3 },
              { fieldKey: 'why', value: 'The queue <b>was</b> long' },
              { fieldKey: 'email', value: 'ada@example.com' },
            ],
          },
        ],
      },
    })
  }, 60_000)
}
