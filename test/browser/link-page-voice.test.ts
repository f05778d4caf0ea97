import { readFile } from 'node:fs/promises'
import { afterEach, expect } from 'vitest'
import { testApp } from '../kit/app.ts'
import {
  button,
  kept,
  makeLink,
  NO_VOICE,
  next,
  open,
  recorded,
  responsesOf,
  silenceFile,
  speechFile,
  until,
  type Visit,
  violations,
  visit,
} from './link-page-kit.ts'
import { needing } from './needing.ts'

const test = needing(NO_VOICE)
const app = await testApp()
const speech = NO_VOICE === undefined ? await speechFile() : ''
const VOICE = { prompt: 'How was your visit?', type: 'voice', field_key: 'visit', required: true }
const NAME = { prompt: 'Your name', type: 'text', field_key: 'name' }

const visits: Visit[] = []
async function enter(options: Parameters<typeof visit>[0] = {}): Promise<Visit> {
  const entered = await visit({ sound: speech, ...options })
  visits.push(entered)
  return entered
}
afterEach(async () => {
  for (const { context, troubles } of visits.splice(0)) {
    await context.close()
    expect(troubles).toEqual([])
  }
})

test('a person speaks, pauses, listens, speaks again, and sends', async () => {
  const url = await makeLink(app, [{ ...VOICE, configuration: { max_duration: 120 } }, NAME])
  const { page } = await enter()
  await open(page, url)
  expect(await page.getByText('Up to 2:00.').isVisible()).toBe(true)
  await button(page, 'Record your answer').click()
  await button(page, 'Done').waitFor()
  // The keyboard is where the hand goes next.
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Done')
  expect(await page.getByRole('status').allInnerTexts()).toContain('Recording. Speak now.')
  await until(() => page.locator('.time').innerText()).toMatch(/^0:(0[2-9]|1\d) \/ 2:00$/)
  expect(await violations(page)).toEqual([])
  expect(await drawn(page)).toBeGreaterThan(500)

  await button(page, 'Pause').click()
  const stood = await page.locator('.time').innerText()
  await page.waitForTimeout(5_000)
  expect(await page.locator('.time').innerText()).toBe(stood)
  await button(page, 'Go on').click()
  await page.waitForTimeout(1_200)
  await button(page, 'Done').click()

  await page.getByText('Your recording is saved.').waitFor()
  expect(await violations(page)).toEqual([])
  const first = await responsesOf(app, url)
  expect(first[0]!.answers.visit!.upload!.mediaType).toBe('audio/webm')
  // What was paused is in neither; on a busy machine they are a little apart.
  expect(Math.abs(first[0]!.answers.visit!.upload!.durationSeconds! - (await shownSeconds(page)))).toBeLessThan(3)

  await listen(page)
  // It plays to its end, and says so by being ready again.
  await button(page, 'Listen').waitFor()

  await button(page, 'Record again').click()
  await button(page, 'Done').waitFor()
  await page.waitForTimeout(1_300)
  await button(page, 'Done').click()
  await page.getByText('Your recording is saved.').waitFor()
  const [second] = await responsesOf(app, url)
  expect(Math.abs(second!.answers.visit!.upload!.durationSeconds! - (await shownSeconds(page)))).toBeLessThan(3)
  expect(second!.answers.visit!.upload!.durationSeconds).not.toBe(first[0]!.answers.visit!.upload!.durationSeconds)

  await next(page)
  await page.getByLabel('Your name').fill('Ada')
  await next(page, 'Send')
  await page.getByText('Thanks for your response!').waitFor()
  expect(await violations(page)).toEqual([])
  const [sent] = await responsesOf(app, url)
  expect(sent).toMatchObject({ status: 'COMPLETED', answers: { name: { value: 'Ada' } } })
}, 120_000)

test('the longest is counted down to, and ends the recording', async () => {
  const url = await makeLink(app, [{ ...VOICE, configuration: { max_duration: 3 } }])
  const { page } = await enter()
  await open(page, url)
  const counted = page.locator('.time.near', { hasText: /^[123] seconds left\.$/ }).waitFor()
  await Promise.all([counted, button(page, 'Record your answer').click()])
  await page.getByText('That was the longest we can take').waitFor()
  await until(async () => (await responsesOf(app, url))[0]?.answers.visit?.upload?.durationSeconds).toBeGreaterThan(2.5)
  const [response] = await responsesOf(app, url)
  expect(response!.answers.visit!.upload!.durationSeconds).toBeLessThan(6)
}, 120_000)

test('a recording that a reload cuts off is kept, and can be used', async () => {
  const url = await makeLink(app, [VOICE])
  const { page } = await enter()
  await open(page, url)
  await button(page, 'Record your answer').click()
  await recorded(page, 5)
  await page.reload()
  await page.getByText(/A recording was cut off after 0:(0[2-9]|[1-5]\d)/).waitFor()
  expect(await violations(page)).toEqual([])
  // It does not count until the person says so.
  expect(await responsesOf(app, url)).toEqual([])
  await button(page, 'Use this recording').click()
  await page.getByText('Your recording is saved.').waitFor()
  const [response] = await responsesOf(app, url)
  expect(response!.answers.visit!.upload!.durationSeconds).toBeGreaterThan(1.8)
  await button(page, 'Send').click()
  await page.getByText('Thanks for your response!').waitFor()
}, 120_000)

test('a recording that only the server has is listened to after a reload', async () => {
  const url = await makeLink(app, [VOICE])
  const { page, context } = await enter()
  await page.addInitScript(() => {
    const { play } = HTMLMediaElement.prototype
    const heard: HTMLMediaElement[] = []
    Object.assign(globalThis, { heard })
    HTMLMediaElement.prototype.play = function () {
      heard.push(this)
      return play.call(this)
    }
  })
  const heard = () =>
    page.evaluate(() => (globalThis as any).heard.map(({ ended, duration }: any) => ({ ended, duration })))
  await open(page, url)
  await button(page, 'Record your answer').click()
  // Long enough to be stopped in its middle.
  await recorded(page, 4)
  await button(page, 'Done').click()
  await page.getByText('Your recording is saved.').waitFor()
  // Once the MP3 is made its length is known before it was played.
  await until(async () => (await fetchedType(page, url)) === 'audio/mpeg').toBe(true)
  await page.reload()
  await button(page, 'Listen').waitFor()
  expect(await violations(page)).toEqual([])
  // Somebody else begins on the same device, and has the cookie from now on.
  expect((await context.request.post(`${url}/sessions`)).status()).toBe(201)

  await context.route('**/recording', (route) => route.abort())
  await button(page, 'Listen').click()
  await page.getByText('The recording cannot be played right now.').waitFor()
  expect(await heard()).toEqual([])
  await context.unroute('**/recording')

  await listen(page)
  expect(await violations(page)).toEqual([])
  // To its end, all of it.
  await button(page, 'Listen').waitFor()
  const [first] = await heard()
  expect(first.ended).toBe(true)
  const mine = (await responsesOf(app, url)).find(({ answers }) => answers.visit)
  expect(Math.abs(first.duration - mine!.answers.visit!.upload!.durationSeconds!)).toBeLessThan(0.3)

  // Stopped in the middle it is silent, and can be heard again.
  await button(page, 'Listen').click()
  await until(() => page.evaluate(() => (globalThis as any).heard[1]?.currentTime > 0.1)).toBe(true)
  await button(page, 'Stop').click()
  await button(page, 'Listen').waitFor()
  expect(await page.evaluate(() => (globalThis as any).heard[1].paused)).toBe(true)
  await button(page, 'Delete').click()
  await button(page, 'Record your answer').waitFor()
  expect(await button(page, 'Listen').count()).toBe(0)
}, 120_000)

test('a second tab leaves the recording of the first alone', async () => {
  const url = await makeLink(app, [VOICE])
  const { page, context } = await enter()
  await open(page, url)
  await button(page, 'Record your answer').click()
  await recorded(page, 2)
  const second = await context.newPage()
  await open(second, url)
  expect(await button(second, 'Record your answer').isVisible()).toBe(true)
  await second.close()
  await button(page, 'Done').click()
  await page.getByText('Your recording is saved.').waitFor()
  expect(await responsesOf(app, url)).toHaveLength(1)
}, 120_000)

test('an upload that the network and then the person leave goes on by itself', async () => {
  const url = await makeLink(app, [VOICE, NAME])
  const { page, context } = await enter()
  await open(page, url)
  await button(page, 'Record your answer').click()
  await page.waitForTimeout(2_500)
  await context.setOffline(true)
  await button(page, 'Done').click()
  await page.getByText('You are offline. Your answers are kept on this device').waitFor()
  expect(await violations(page)).toEqual([])
  // Going on is possible without a network, and what is answered then is kept as well.
  await next(page)
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Your name').blur()
  await until(() => kept(page)).toContain('name')
  expect(await responsesOf(app, url)).toEqual([])
  await page.close()
  await context.setOffline(false)

  const again = await context.newPage()
  await open(again, url)
  // Where it was left.
  expect(await again.getByLabel('Your name').inputValue()).toBe('Ada')
  await until(async () => Object.keys((await responsesOf(app, url))[0]?.answers ?? {}).sort()).toEqual([
    'name',
    'visit',
  ])
  await button(again, 'Send').click()
  await again.getByText('Thanks for your response!').waitFor()
}, 120_000)

test('an upload that breaks in the middle continues where the server is', async () => {
  const url = await makeLink(app, [{ prompt: 'A file', type: 'file_upload', field_key: 'file' }])
  const { page, context } = await enter()
  await open(page, url)
  // A network that takes seconds for each piece, so that the middle can be hit.
  const protocol = await context.newCDPSession(page)
  await protocol.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 20,
    downloadThroughput: 1_000_000,
    uploadThroughput: 1_000_000,
  })
  const offsets: number[] = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') offsets.push(Number(request.headers()['upload-offset']))
  })
  const bytes = Buffer.alloc(9_000_000, 'A line of text that is long enough.\n')
  await page.locator('input[type=file]').setInputFiles({ name: 'long.txt', mimeType: 'text/plain', buffer: bytes })
  // The second piece is on its way.
  await until(() => offsets.length).toBeGreaterThanOrEqual(2)
  await page.waitForTimeout(300)
  await protocol.send('Network.emulateNetworkConditions', {
    offline: true,
    latency: 0,
    downloadThroughput: 0,
    uploadThroughput: 0,
  })
  await page.getByText(/You are offline|The server does not answer/).waitFor()
  await protocol.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  })
  await page.getByText('Saved: long.txt').waitFor()
  expect(offsets[0]).toBe(0)
  // Nothing that had arrived was sent again.
  expect(offsets.slice(2).every((offset) => offset >= 4_000_000)).toBe(true)
  const [response] = await responsesOf(app, url)
  expect(response!.answers.file!.upload!.mediaType).toBe('text/plain')
}, 120_000)

test('silence is refused, with words, at the question', async () => {
  const url = await makeLink(app, [VOICE])
  const { page } = await enter({ sound: await silenceFile() })
  await open(page, url)
  await button(page, 'Record your answer').click()
  await page.getByText('We hear nothing. Is the right microphone on?').waitFor()
  await button(page, 'Done').click()
  await page.getByText('Nothing can be heard in the recording.').waitFor()
  expect(await violations(page)).toEqual([])
  await button(page, 'Send').click()
  // Still here, with a way to do it again.
  expect(await button(page, 'Record again').isVisible()).toBe(true)
  expect((await responsesOf(app, url))[0]?.answers ?? {}).toEqual({})
}, 120_000)

test.each([
  { text: true, offer: 'textarea' },
  { text: false, offer: 'input[type=file]' },
])(
  'who has no microphone writes, or sends a file: %o',
  async ({ text, offer }) => {
    const url = await makeLink(app, [{ ...VOICE, fallback_to_text: text }])
    const { page } = await enter({ refuse: true })
    await open(page, url)
    await button(page, 'Record your answer').click()
    await page.getByText('This page may not use your microphone.').waitFor()
    expect(await page.locator(offer).isVisible()).toBe(true)
    expect(await violations(page)).toEqual([])
    if (text) await page.locator(offer).fill('It was fine.')
    else
      await page
        .locator(offer)
        .setInputFiles({ name: 'mine.wav', mimeType: 'audio/wav', buffer: await readFile(speech) })
    if (!text) await page.getByText('Your recording is saved.').waitFor()
    await button(page, 'Send').click()
    await page.getByText('Thanks for your response!').waitFor()
    const [response] = await responsesOf(app, url)
    if (text) expect(response!.answers.visit!.value).toBe('It was fine.')
    else expect(response!.answers.visit!.upload!.mediaType).toBe('audio/wav')
  },
  120_000,
)

test('who writes instead of speaking, and speaks after all, is heard last', async () => {
  const url = await makeLink(app, [
    { ...VOICE, type: 'voice_text_fallback', configuration: { max_characters: 50 } },
    NAME,
  ])
  const { page } = await enter()
  await open(page, url)
  await button(page, 'Write instead').click()
  await page.locator('textarea:visible').fill('It was fine.')
  expect(await page.getByText('38 characters left.').isVisible()).toBe(true)
  await next(page)
  await button(page, 'Back').click()
  expect(await page.locator('textarea:visible').inputValue()).toBe('It was fine.')
  await button(page, 'Record instead').click()
  await button(page, 'Record your answer').click()
  await page.waitForTimeout(1_500)
  // Going on ends the recording, which then counts.
  await next(page)
  await until(async () => (await responsesOf(app, url))[0]!.answers.visit?.upload?.mediaType).toBe('audio/webm')
  expect((await responsesOf(app, url))[0]!.answers.visit!.value).toBeNull()
  // Taken back, there is no answer.
  await button(page, 'Back').click()
  await button(page, 'Delete').click()
  await until(async () => (await responsesOf(app, url))[0]!.answers.visit).toBeUndefined()
}, 120_000)

/** Begins to listen; waited for from before, since it lasts no longer than what is heard. */
const listen = (page: Visit['page']) => Promise.all([button(page, 'Stop').waitFor(), button(page, 'Listen').click()])

/** As what the session's recording is served now. */
async function fetchedType(page: Visit['page'], url: string): Promise<string | undefined> {
  const answer = await page.request.head(`${url}/session/answers/visit/recording`)
  return answer.headers()['content-type']
}

/** Whole seconds, as the page says them. */
async function shownSeconds(page: Visit['page']): Promise<number> {
  const [minutes, seconds] = (await page.locator('.time').innerText()).split(':').map(Number)
  return minutes! * 60 + seconds!
}

/** How many points of the wave are not empty. */
function drawn(page: Visit['page']): Promise<number> {
  return page.locator('.wave').evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement
    const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height)
    return data.filter((value, at) => at % 4 === 3 && value > 0).length
  })
}
