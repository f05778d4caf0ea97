import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from '../kit/app.ts'
import { type Receiver, startReceiver } from '../kit/receiver.ts'
import {
  button,
  makeLink,
  NO_EAR,
  next,
  open,
  speechFile,
  until,
  type Visit,
  violations,
  visit,
} from './link-page-kit.ts'
import { needing } from './needing.ts'

/** Says what, but not what about it. */
const UNCLEAR = 'i did not like the food'
/** Speech, transcription and judging take what they take on a busy machine. */
const PATIENCE_MS = 60_000

const testHeard = needing(NO_EAR)
const trusted = getCACertificates('default')
let app: TestApp
let receiver: Receiver
let speech: string | undefined
beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  })
  setDefaultCACertificates([...trusted, cert])
  receiver = await startReceiver(undefined, { key, cert })
  app = await testApp({
    TRANSCRIPTION: NO_EAR === undefined ? 'pocketsphinx' : 'none',
    INSIGHT: 'heuristic',
    WEBHOOK_ALLOW: '127.0.0.1',
    WEBHOOK_ANALYSIS_WAIT: '600',
  })
  if (NO_EAR === undefined) speech = await speechFile(UNCLEAR)
}, 120_000)
afterAll(() => setDefaultCACertificates(trusted))

const visits: Visit[] = []
async function enter(): Promise<Visit> {
  const entered = await visit({ sound: speech })
  visits.push(entered)
  return entered
}
afterEach(async () => {
  for (const { context, troubles } of visits.splice(0)) {
    await context.close()
    expect(troubles).toEqual([])
  }
})

const PROBED = {
  prompt: 'How was your visit?',
  type: 'voice',
  field_key: 'visit',
  required: true,
  enable_dynamic_probing: true,
  // Nearly nothing is that clear.
  evaluator_config: { clarity_threshold: 100, max_follow_ups: 1 },
}

testHeard(
  'spoken into the microphone, a visit becomes words, a further question, findings, and the documented webhook',
  async () => {
    const url = await makeLink(
      app,
      [PROBED, { prompt: 'Rate us', type: 'rating', field_key: 'stars' }],
      {},
      { webhook_url: `${receiver.url}hook`, webhook_secret: 'secret' },
    )
    const { page } = await enter()
    await open(page, url)
    await button(page, 'Record your answer').click()
    await button(page, 'Done').waitFor()
    // Once through what is said.
    await page.waitForTimeout(2_200)
    await button(page, 'Done').click()
    await page.getByText('Your recording is saved.').waitFor()
    // It is counted as soon as it is known, comes next, and is where the keyboard is.
    await until(() => page.locator('.step').innerText(), PATIENCE_MS).toBe('Question 1 of 3')
    await next(page)
    const asked = await page.locator('.prompt:visible span').first().innerText()
    expect(asked).toMatch(/\?$/)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain(asked)
    expect(await violations(page)).toEqual([])
    // A reload asks it again.
    await page.reload()
    await until(() => page.locator('.step').innerText()).toBe('Question 2 of 3')
    expect(await page.locator('.prompt:visible span').first().innerText()).toBe(asked)
    await button(page, 'Write instead').click()
    await page.locator('textarea:visible').fill('Because the heating was off all morning.')
    await button(page, 'Next').click()
    await until(() => page.locator('.step').innerText(), PATIENCE_MS).toBe('Question 3 of 3')
    await page.getByRole('radio', { name: '3 of 5 stars' }).check({ force: true })
    await next(page, 'Send')
    await page.getByText('Thanks for your response!').waitFor()

    await until(() => receiver.requests.length, PATIENCE_MS).toBe(1)
    const [request] = receiver.requests
    expect(request!.headers['x-sayify-event']).toBe('response.submitted')
    const { response } = JSON.parse(request!.body)
    const visited = response.answers.find(({ field_key }: any) => field_key === 'visit')
    const words = new Set(
      String(visited.transcription)
        .toLowerCase()
        .match(/[a-z]+/g),
    )
    const spoken = UNCLEAR.split(' ')
    // Draft quality: most of it, not all.
    expect(spoken.filter((word) => words.has(word)).length / spoken.length).toBeGreaterThan(0.5)
    expect(visited.duration).toBeGreaterThan(1.5)
    expect(visited.audio_url).toMatch(/^https?:/)
    expect(visited.ai_insights).toMatchObject({
      sentiment: expect.stringMatching(/^(positive|neutral|negative|mixed)$/),
      summary: expect.any(String),
      key_topics: expect.any(Array),
    })
    const reply = response.answers.find(({ question_text }: any) => question_text === asked)
    expect(reply.transcription).toBe('Because the heating was off all morning.')
    const sound = await fetch(
      new URL(new URL(visited.audio_url).pathname + new URL(visited.audio_url).search, app.localUrl),
    )
    expect(sound.headers.get('content-type')).toBe('audio/mpeg')
  },
  180_000,
)

test('who does not want to wait goes on, and is asked later', async () => {
  const url = await makeLink(app, [
    { ...PROBED, type: 'text' },
    { prompt: 'Your name', type: 'text', field_key: 'name' },
    { prompt: 'Your town', type: 'text', field_key: 'town' },
  ])
  const { page, context } = await enter()
  await open(page, url)
  // The server thinks until the person is further.
  let thinks = true
  await context.route('**/session', async (route) => {
    const response = await route.fetch()
    const body = await response.json()
    if (thinks && body.answers?.visit) {
      body.answers.visit.probing = 'pending'
      body.followUps = []
    }
    await route.fulfill({ response, json: body })
  })
  await page.getByLabel('How was your visit?').fill('It was so so.')
  await button(page, 'Next').click()
  await page.getByText('Thinking about your answer…').waitFor()
  expect(await violations(page)).toEqual([])
  await button(page, 'Go on without waiting').click()
  await until(() => page.locator('.step').innerText()).toBe('Question 2 of 3')
  thinks = false
  await until(() => page.locator('.step').innerText(), 20_000).toBe('Question 2 of 4')
  await page.getByLabel('Your name').fill('Ada')
  await next(page)
  // It stands after where the person was.
  expect(await page.locator('.prompt:visible').innerText()).toMatch(/\?/)
  expect(await page.locator('.step').innerText()).toBe('Question 3 of 4')
  await next(page, 'Skip')
  expect(await page.getByLabel('Your town').isVisible()).toBe(true)
  // Answered anew, the first question is asked about anew: what was asked before is gone.
  for (let n = 0; n < 3; n++) await button(page, 'Back').click()
  await page.getByLabel('How was your visit?').fill('It was so so, the room was cold because the heating was off.')
  await page.getByLabel('How was your visit?').blur()
  await until(() => page.locator('.step').innerText()).toBe('Question 1 of 3')
}, 120_000)

test('questions are read aloud when asked for, and the next ones then by themselves', async () => {
  const url = await makeLink(
    app,
    [
      { prompt: 'How was your visit?', type: 'text', field_key: 'visit' },
      // Long enough to be stopped in its middle.
      {
        prompt: `Your name, please. ${'And the name of whoever came with you. '.repeat(3)}`,
        type: 'text',
        field_key: 'name',
      },
    ],
    { tts_enabled: true },
  )
  const { page } = await enter()
  const read: string[] = []
  page.on('response', (response) => {
    const { pathname } = new URL(response.url())
    if (pathname.includes('/speech/')) read.push(`${pathname.split('/').at(-1)} ${response.status()}`)
  })
  await open(page, url)
  await page.waitForTimeout(500)
  expect(read).toEqual([])
  // Waited for from before: it lasts no longer than what is read.
  await Promise.all([button(page, 'Stop reading').waitFor(), button(page, 'Read aloud').click()])
  expect(await violations(page)).toEqual([])
  // It ends by itself.
  await button(page, 'Read aloud').waitFor()
  expect(read).toEqual(['visit.mp3 200'])
  await next(page, 'Skip')
  await until(() => read).toEqual(['visit.mp3 200', 'name.mp3 200'])
  await button(page, 'Stop reading').click()
  await button(page, 'Read aloud').waitFor()
  // Stopped means stopped.
  await button(page, 'Back').click()
  await page.waitForTimeout(500)
  expect(read).toHaveLength(2)
}, 120_000)

test('what is written in another language than the page speaks is marked, and read aloud as that', async () => {
  const url = await makeLink(
    app,
    [
      { prompt: 'Mitä kuuluu?', type: 'text', field_key: 'kuuluu', required: true },
      { prompt: 'Kuka olet?', type: 'text', field_key: 'kuka' },
    ],
    { tts_enabled: true },
  )
  const found = await app.graphql(`{ linkBySlug(slug: "${new URL(url).pathname.split('/').at(-1)}") { id } }`)
  const { id } = found.data!.linkBySlug
  await app.graphql(`mutation { updateLink(input: { id: "${id}", language: "fi-FI" }) { __typename } }`)
  const { page } = await enter()
  const read: string[] = []
  page.on('response', (response) => {
    const { pathname, search } = new URL(response.url())
    if (pathname.includes('/speech/')) read.push(`${pathname.split('/').at(-1)}${search} ${response.status()}`)
  })
  await open(page, url)
  const prompt = page.getByText('Mitä kuuluu?')
  expect(await page.locator('html').getAttribute('lang')).toBe('en')
  expect(await prompt.getAttribute('lang')).toBe('fi-FI')
  await button(page, 'Read aloud').click()
  await until(() => read).toEqual(['kuuluu.mp3?lang=fi-FI 200'])
  await button(page, 'Read aloud').waitFor()
  expect(await violations(page)).toEqual([])
}, 120_000)

testHeard(
  'what is heard is shown while it is said',
  async () => {
    const url = await makeLink(app, [{ ...PROBED, enable_dynamic_probing: false }], { live_transcription: true })
    const { page } = await enter()
    await open(page, url)
    await button(page, 'Record your answer').click()
    await until(() => page.locator('.heard').textContent(), PATIENCE_MS).toMatch(/What we hear: .*(food|like|not)/)
    expect(await violations(page)).toEqual([])
    await button(page, 'Done').click()
    await page.getByText('Your recording is saved.').waitFor()
  },
  120_000,
)
