import { mkdir } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { PDF } from '../../src/web/test-files.ts'
import { testApp } from '../kit/app.ts'
import { button, makeLink, next, open, responsesOf, until, type Visit, violations, visit } from './link-page-kit.ts'

/** Where pictures of every step go, for people to look at; nowhere unless asked for. */
const SHOTS = process.env.TEST_SHOTS

const app = await testApp()
const visits: Visit[] = []
async function enter(options: Parameters<typeof visit>[0] = {}): Promise<Visit> {
  const entered = await visit(options)
  visits.push(entered)
  return entered
}
afterEach(async () => {
  for (const { context, troubles } of visits.splice(0)) {
    await context.close()
    expect(troubles).toEqual([])
  }
})

/** 1 by 1, blue. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)
const QUESTIONS = [
  { prompt: 'How was your visit?', type: 'voice', field_key: 'visit', configuration: { max_duration: 120 } },
  {
    prompt: 'How likely are you to recommend us?',
    type: 'rating',
    field_key: 'nps',
    required: true,
    configuration: { scale_type: 'nps' },
  },
  {
    prompt: 'What went wrong?',
    type: 'voice_text_fallback',
    field_key: 'wrong',
    required: true,
    condition: { field: 'nps', operator: 'less_than', value: 7 },
  },
  { prompt: 'Rate the staff', type: 'rating', field_key: 'staff' },
  { prompt: 'How do you feel?', type: 'rating', field_key: 'feel', configuration: { scale_type: 'emojis' } },
  {
    prompt: 'How tidy was it?',
    type: 'rating',
    field_key: 'tidy',
    configuration: { scale_type: 'numbers', max_value: 7 },
  },
  {
    prompt: 'How did you hear about us?',
    type: 'multiple_choice',
    field_key: 'source',
    configuration: { options: ['Google', 'A friend', 'Social media'], allow_multiple: true },
  },
  {
    prompt: 'Which room do you prefer?',
    type: 'image_choice',
    field_key: 'room',
    configuration: {
      cards: [
        { id: 'blue', label: 'Calm blue', media_url: 'https://pictures.example/blue.png', media_type: 'image' },
        { id: 'wood', label: 'Warm wood', media_url: 'https://pictures.example/wood.mp4', media_type: 'video' },
      ],
    },
  },
  { prompt: 'How many came?', type: 'number', field_key: 'people', configuration: { min: 0, max: 10, step: 1 } },
  { prompt: 'Your e-mail address', type: 'email', field_key: 'email' },
  { prompt: 'When did you come?', type: 'date', field_key: 'day' },
  { prompt: 'Would you come again?', type: 'yes_no', field_key: 'again', required: true },
  { prompt: 'A picture?', type: 'file_upload', field_key: 'file', configuration: { allowed_types: ['pdf'] } },
  { prompt: 'Anything else?', type: 'text', field_key: 'else', configuration: { max_characters: 300 } },
]

const PHONE = { width: 390, height: 844 }
const LAPTOP = { width: 1280, height: 800 }
for (const [device, viewport, colorScheme] of [
  ['a phone', PHONE, 'light'],
  ['a phone', PHONE, 'dark'],
  ['a laptop', LAPTOP, 'light'],
  ['a laptop', LAPTOP, 'dark'],
] as const) {
  test(`every type, step by step, on ${device}, ${colorScheme}`, async () => {
    const url = await makeLink(app, QUESTIONS, { description: 'It takes about three minutes.' })
    const { page } = await enter({ viewport, colorScheme })
    await page.route('https://pictures.example/*', (route) =>
      route.fulfill({ body: PICTURE, contentType: 'image/png' }),
    )
    await open(page, url)
    let shots = 0
    /** What every step must be: usable by everybody, no wider than the screen, where the eye and the keyboard are. */
    const look = async (step?: string) => {
      if (step !== undefined) expect(await page.locator('.step').innerText()).toBe(step)
      expect(await violations(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
      expect(await tooSmall(page)).toEqual([])
      if (!SHOTS) return
      await mkdir(SHOTS, { recursive: true })
      const name = `${colorScheme}-${viewport.width}-${String(shots++).padStart(2, '0')}.png`
      await page.screenshot({ path: `${SHOTS}/${name}` })
    }

    expect(await page.getByText('It takes about three minutes.').isVisible()).toBe(true)
    await look('Question 1 of 13')
    await next(page, 'Skip')
    expect(await page.evaluate(() => document.activeElement?.className)).toBe('prompt')
    expect(await page.getByText('It takes about three minutes.').isVisible()).toBe(false)
    await look('Question 2 of 13')
    // Required: nobody goes on without.
    await button(page, 'Next').click()
    await page.getByText('Please answer this question.').waitFor()
    await look('Question 2 of 13')
    // A condition reacts at once, both ways.
    await pick(page, '4')
    await look('Question 2 of 14')
    await pick(page, '10 – Extremely likely')
    await look('Question 2 of 13')
    await pick(page, '3')
    await next(page)
    await look('Question 3 of 14')
    await button(page, 'Write instead').click()
    await page.locator('textarea:visible').fill('The queue <b>was</b> long')
    await look()
    await next(page)
    await pick(page, '4 of 5 stars')
    await look('Question 4 of 14')
    await next(page)
    await pick(page, 'Good')
    await look('Question 5 of 14')
    await next(page)
    await pick(page, '6')
    await look('Question 6 of 14')
    await next(page)
    await page.getByLabel('Google').check()
    await page.getByLabel('Social media').check()
    await look('Question 7 of 14')
    await next(page)
    await pick(page, 'Calm blue')
    await look('Question 8 of 14')
    await next(page)
    await page.getByLabel('How many came?').fill('11')
    await button(page, 'Next').click()
    await page.getByText('This number is outside the limits.').waitFor()
    await look('Question 9 of 14')
    await page.getByLabel('How many came?').fill('2')
    await next(page)
    await page.getByLabel('Your e-mail address').fill('nobody')
    // Enter goes on, as everywhere.
    await page.keyboard.press('Enter')
    await page.getByText('Please enter an e-mail address such as name@example.com.').waitFor()
    await look('Question 10 of 14')
    await page.getByLabel('Your e-mail address').fill('ada@example.com')
    await page.keyboard.press('Enter')
    await until(() => page.locator('.step').innerText()).toBe('Question 11 of 14')
    await page.getByLabel('When did you come?').fill('2026-05-31')
    await look('Question 11 of 14')
    await next(page)
    await pick(page, 'Yes')
    await look('Question 12 of 14')
    await next(page)
    await page.locator('input[type=file]:visible').setInputFiles({
      ...{ name: 'not-a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('just text') },
    })
    await page.getByText('The content of the file is not of an allowed type.').waitFor()
    await look('Question 13 of 14')
    await page.locator('input[type=file]:visible').setInputFiles({
      ...{ name: 'a.pdf', mimeType: 'application/pdf', buffer: PDF },
    })
    await page.getByText('Saved: a.pdf').waitFor()
    await look('Question 13 of 14')
    await next(page)
    await page.getByLabel('Anything else?').fill('No.')
    expect(await page.getByText('297 characters left.').isVisible()).toBe(true)
    await look('Question 14 of 14')
    await next(page, 'Send')
    await page.getByText('Thanks for your response!').waitFor()
    await look()
    const [response] = await responsesOf(app, url)
    expect(response!.status).toBe('COMPLETED')
    const values = Object.entries(response!.answers).map(([key, { value, upload }]) => [key, upload ?? value])
    expect(Object.fromEntries(values)).toEqual({
      nps: 3,
      wrong: 'The queue <b>was</b> long',
      staff: 4,
      feel: 4,
      tidy: 6,
      source: ['Google', 'Social media'],
      room: 'blue',
      people: 2,
      email: 'ada@example.com',
      day: '2026-05-31',
      again: true,
      file: { mediaType: 'application/pdf', durationSeconds: null },
      else: 'No.',
    })
    // A reload says the same.
    await page.reload()
    await page.getByText('Thanks for your response!').waitFor()
    await page.getByText('Send another response').click()
    await page.waitForSelector('html.live')
    await until(() => page.locator('.step').innerText()).toBe('Question 1 of 13')
  }, 180_000)
}

async function pick(page: Page, name: string): Promise<void> {
  // The sign lies over its radio; a person touches the sign.
  await page.getByRole('radio', { name, exact: true }).check({ force: true })
}

/** What can be touched and is smaller than 44 points each way. */
function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const touched = [...document.querySelectorAll<HTMLElement>('button, label.choice, textarea, input')]
    return touched
      .filter((element) => element.checkVisibility() && !element.closest('label.choice input'))
      .filter((element) => !element.matches('label input, .ends'))
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width < 44 || box.height < 44)
      .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}x${box.height}`)
  })
}
