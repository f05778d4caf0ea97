import { expect, test } from 'vitest'
import { type TestApp, testApp } from '../kit/app.ts'
import { browserContext } from './chromium.ts'
import { violations } from './link-page-kit.ts'

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

for (const [script, options] of [
  ['that runs no script', { javaScriptEnabled: false }],
  ['to which the script does not come', {}],
] as const) {
  test(`a person answers in a browser ${script}`, async () => {
    const app = await testApp()
    const link = await makeLink(app)
    const context = await browserContext({ viewport: { width: 390, height: 844 }, ...options })
    const page = await context.newPage()
    await page.route('**/assets/*.js', (route) => route.abort())
    await page.goto(link.url)
    // Where none runs nobody waits for one; where one might, it is given a moment.
    const wait = await page.locator('[data-page]').evaluate((form) => getComputedStyle(form).animationName)
    expect(wait).toBe(script.startsWith('that') ? 'none' : 'appear')
    await page.getByLabel('Your e-mail address').waitFor()
    // All questions stand there at once.
    expect(await page.locator('.question:visible').count()).toBe(8)
    expect(await page.locator('html.live').count()).toBe(0)
    // What checks the page needs a script of its own.
    const check = async () => {
      if (!script.startsWith('that')) expect(await violations(page)).toEqual([])
    }
    await check()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)

    const send = async () => {
      // The browser's own checks come first; what the server says must stand without them.
      await page.evaluate(() => document.querySelector('form')!.setAttribute('novalidate', ''))
      await Promise.all([page.waitForEvent('load'), page.getByRole('button').last().click()])
    }

    // Nothing answered: the page says what is missing, where.
    await send()
    expect(await page.locator('[aria-invalid=true]').count()).toBeGreaterThan(0)
    await check()

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
    await check()

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
  }, 120_000)
}
