import type { Page, Route } from 'playwright-core'
import { afterEach, expect } from 'vitest'
import { testApp } from '../kit/app.ts'
import {
  button,
  kept,
  linkId,
  makeLink,
  NO_VOICE,
  next,
  open,
  recorded,
  responsesOf,
  speechFile,
  until,
  type Visit,
  violations,
  visit,
} from './link-page-kit.ts'
import { needing } from './needing.ts'

// What a device, a network or an owner does to a person who is in the middle of it.
const test = needing(NO_VOICE)
const app = await testApp()
const speech = NO_VOICE === undefined ? await speechFile() : ''
const VOICE = { prompt: 'How was your visit?', type: 'voice', field_key: 'visit', required: true }
const text = (key: string, more: object = {}) => ({ prompt: `Tell us ${key}`, type: 'text', field_key: key, ...more })

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

test('a server that does not say at once what it has is asked until it does', async () => {
  const url = await makeLink(app, [text('one', { required: true }), VOICE, text('three')])
  const { page, context } = await enter()
  await open(page, url)
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await record(page)
  await button(page, 'Done').click()
  await page.getByText('Your recording is saved.').waitFor()

  let failures = 0
  const fail = (route: Route) => {
    failures++
    return route.fulfill({ status: 503, body: '<h1>Bad gateway</h1>' })
  }
  await context.route('**/session', fail)
  await page.reload()
  await page.getByText('Fetching what you have answered so far…').waitFor()
  expect(await page.locator('.question:visible').count()).toBe(0)
  expect(await violations(page)).toEqual([])
  await until(() => failures).toBeGreaterThan(1)
  await context.unroute('**/session', fail)
  // Where it was left, with everything.
  await button(page, 'Listen').waitFor()
  expect(await page.locator('.step').innerText()).toBe('Question 2 of 3')
  await button(page, 'Back').click()
  expect(await page.getByLabel('Tell us one').inputValue()).toBe('first')

  // One that refuses to say leaves what the page shows.
  await context.route('**/session', (route) => route.fulfill({ status: 403, body: '<h1>Forbidden</h1>' }))
  await page.reload()
  await until(() => page.locator('.step').innerText()).toBe('Question 1 of 3')
  expect(await page.getByLabel('Tell us one').inputValue()).toBe('first')
  const [response] = await responsesOf(app, url)
  expect(response!.answers).toMatchObject({ one: { value: 'first' }, visit: { upload: { mediaType: 'audio/webm' } } })
}, 120_000)

test('on a device that is full what was said, written and chosen arrives all the same', async () => {
  const url = await makeLink(app, [
    VOICE,
    text('two'),
    { prompt: 'A file', type: 'file_upload', field_key: 'file' },
    { ...VOICE, prompt: 'And the food?', field_key: 'food' },
  ])
  const { page } = await enter()
  await page.addInitScript(() => {
    const { put } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = function (...args) {
      if (!(globalThis as any).isFull) return put.apply(this, args)
      throw new DOMException('The device is full.', 'QuotaExceededError')
    }
  })
  await open(page, url)
  await record(page)
  await recorded(page, 2)
  await page.evaluate(() => Object.assign(globalThis, { isFull: true }))
  await recorded(page, 5)
  await button(page, 'Done').click()
  await page.locator('.said:visible', { hasText: 'Your recording is saved.' }).waitFor()
  await next(page)
  await page.getByLabel('Tell us two').fill('second')
  await next(page)
  await page.locator('input[type=file]:visible').setInputFiles({
    ...{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('A line of text.') },
  })
  await page.getByText('Saved: a.txt').waitFor()
  await next(page)
  await record(page)
  await recorded(page, 2)
  await button(page, 'Done').click()
  await page.locator('.said:visible', { hasText: 'Your recording is saved.' }).waitFor()
  const { answers } = (await responsesOf(app, url))[0]!
  expect(answers).toMatchObject({ two: { value: 'second' }, file: { upload: { mediaType: 'text/plain' } } })
  // All of it, with what was said once the device was full.
  expect(answers.visit!.upload!.durationSeconds).toBeGreaterThan(3)
  expect(answers.food!.upload!.durationSeconds).toBeGreaterThan(1)
}, 120_000)

test('of a recording that the device had no room for its beginning is offered, not sent, after a reload', async () => {
  const url = await makeLink(app, [VOICE])
  const { page, context } = await enter()
  await page.addInitScript(() => {
    const { put } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = function (value, key) {
      const isThird = Array.isArray(key) && key[2] === 2
      if (isThird) throw new DOMException('The device is full.', 'QuotaExceededError')
      return put.call(this, value, key)
    }
  })
  await open(page, url)
  await record(page)
  await recorded(page, 6)
  await context.route('**/uploads', (route) => route.abort())
  await button(page, 'Done').click()
  await page.getByText(/The server does not answer/).waitFor()
  await page.reload()
  await page.getByText(/A recording was cut off/).waitFor()
  expect(await responsesOf(app, url)).toMatchObject([{ answers: {} }])
  await context.unroute('**/uploads')
  await button(page, 'Use this recording').click()
  await page.getByText('Your recording is saved.').waitFor()
  const [response] = await responsesOf(app, url)
  const { durationSeconds } = response!.answers.visit!.upload!
  expect(durationSeconds).toBeGreaterThan(1)
  // Two pieces of about a second each.
  expect(durationSeconds).toBeLessThan(5)
}, 120_000)

test('no piece of a recording is kept without a word of whose it is', async () => {
  const url = await makeLink(app, [VOICE])
  const { page } = await enter()
  await page.addInitScript(() => {
    const { put } = IDBObjectStore.prototype
    IDBObjectStore.prototype.put = function (...args) {
      if (this.name === 'takes') throw new DOMException('The device is full.', 'QuotaExceededError')
      return put.apply(this, args)
    }
  })
  await open(page, url)
  await record(page)
  await recorded(page, 3)
  // Nothing would ever sweep it.
  expect(await kept(page)).toEqual([])
  await button(page, 'Done').click()
  await page.getByText('Your recording is saved.').waitFor()
}, 120_000)

test('a microphone that is given and cannot be used is switched off, and there is another way', async () => {
  const url = await makeLink(app, [{ ...VOICE, fallback_to_text: true }])
  const { page } = await enter()
  await watchMicrophones(page)
  await page.addInitScript(() => {
    MediaRecorder.prototype.start = () => {
      throw new DOMException('It is busy.', 'UnknownError')
    }
  })
  await open(page, url)
  await button(page, 'Record your answer').click()
  await page.getByText('Your microphone cannot be used right now.').waitFor()
  expect(await microphones(page)).toEqual(['ended'])
  await page.locator('textarea:visible').fill('It was fine.')
  await button(page, 'Send').click()
  await page.getByText('Thanks for your response!').waitFor()
}, 120_000)

test('a microphone that is allowed once the question was left stays off', async () => {
  const url = await makeLink(app, [{ ...VOICE, required: false }, text('two')])
  const { page } = await enter()
  await watchMicrophones(page)
  await open(page, url)
  await page.evaluate(() => Object.assign(globalThis, { isAsking: true }))
  await button(page, 'Record your answer').click()
  await page.getByText('Please allow the microphone.').waitFor()
  await next(page, 'Skip')
  await page.evaluate(() => Object.assign(globalThis, { isAsking: false }))
  await until(() => microphones(page)).toEqual(['ended'])
  await page.waitForTimeout(1_500)
  await button(page, 'Back').click()
  // As if nobody had asked.
  await button(page, 'Record your answer').waitFor()
  expect(await page.getByText('Please allow the microphone.').isVisible()).toBe(false)
  // Who is back in time is heard.
  await page.evaluate(() => Object.assign(globalThis, { isAsking: true }))
  await button(page, 'Record your answer').click()
  await next(page, 'Skip')
  await button(page, 'Back').click()
  await page.evaluate(() => Object.assign(globalThis, { isAsking: false }))
  await button(page, 'Done').waitFor()
  await recorded(page, 2)
  await next(page)
  await until(async () => (await responsesOf(app, url))[0]?.answers.visit?.upload?.mediaType).toBe('audio/webm')
  expect(await microphones(page)).toEqual(['ended', 'ended'])
}, 120_000)

test('a page that is over records nobody', async () => {
  const url = await makeLink(app, [text('one'), VOICE])
  const { page, context } = await enter()
  await watchMicrophones(page)
  await open(page, url)
  let refuse = () => {}
  const refused = new Promise<void>((resolve) => {
    refuse = resolve
  })
  await context.route('**/answers/one', async (route) => {
    await refused
    const error = { code: 'LINK_DELETED', message: 'This link was deleted by its owner.', path: [] }
    await route.fulfill({ status: 410, json: { error } })
  })
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await record(page)
  expect(await microphones(page)).toEqual(['live'])
  refuse()
  await page.getByText('This page has changed').waitFor()
  expect(await microphones(page)).toEqual(['ended'])
}, 120_000)

test('a question that its owner deletes meanwhile stops nothing else', async () => {
  const url = await makeLink(app, [text('one'), VOICE, text('three')])
  const { page } = await enter()
  await open(page, url)
  const id = await linkId(app, url)
  const { data } = await app.graphql('query ($id: ID!) { link(id: $id) { questions { id fieldKey } } }', { id })
  for (const question of data!.link.questions.filter(({ fieldKey }: any) => fieldKey !== 'three')) {
    const deleted = await app.graphql('mutation ($id: ID!) { deleteQuestion(input: { id: $id }) { __typename } }', {
      id: question.id,
    })
    expect(deleted.errors).toBeUndefined()
  }
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await record(page)
  await page.waitForTimeout(1_200)
  await next(page)
  await page.getByLabel('Tell us three').fill('third')
  await next(page, 'Send')
  await page.getByText('Thanks for your response!').waitFor()
  expect(await responsesOf(app, url)).toMatchObject([{ status: 'COMPLETED', answers: { three: { value: 'third' } } }])
}, 120_000)

test('what is said to a further question that is no longer asked is forgotten', async () => {
  const url = await makeLink(app, [text('one', { enable_dynamic_probing: true }), text('two')])
  const { page, context } = await enter()
  await watchMicrophones(page)
  const followUp = {
    fieldKey: 'why',
    follows: 'one',
    number: 1,
    prompt: 'Why was that?',
    type: 'text',
    answered: false,
  }
  let followUps = [followUp]
  await context.route('**/session', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), followUps } })
  })
  // It is on its way for as long as it is asked.
  await context.route('**/answers/why', (route) => route.abort())
  await open(page, url)
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await page.getByLabel('Why was that?').fill('Because.')
  await next(page)
  await page.getByText('The server does not answer.').waitFor()
  followUps = []
  await button(page, 'Back').click()
  await button(page, 'Back').click()
  await page.getByLabel('Tell us one').fill('another')
  await button(page, 'Next').click()
  await page.getByLabel('Tell us two').waitFor()
  await until(() => kept(page)).toEqual([])
  await next(page, 'Send')
  await page.getByText('Thanks for your response!').waitFor()
}, 120_000)

test('the way back of the browser ends the wait for a further question', async () => {
  const url = await makeLink(app, [text('one'), text('two', { enable_dynamic_probing: true }), text('three')])
  const { page, context } = await enter()
  await context.route('**/session', async (route) => {
    const response = await route.fetch()
    const body = await response.json()
    if (body.answers?.two) body.answers.two.probing = 'pending'
    await route.fulfill({ response, json: body })
  })
  await open(page, url)
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await page.getByLabel('Tell us two').fill('second')
  await button(page, 'Next').click()
  await page.getByText('Thinking about your answer…').waitFor()
  await page.goBack()
  await until(() => page.locator('.step').innerText()).toBe('Question 1 of 3')
  // Here it stays, and from here it goes on.
  await page.waitForTimeout(1_000)
  expect(await page.locator('.step').innerText()).toBe('Question 1 of 3')
  await next(page)
  expect(await page.locator('.step').innerText()).toBe('Question 2 of 3')
}, 120_000)

async function record(page: Page): Promise<void> {
  await button(page, 'Record your answer').click()
  await button(page, 'Done').waitFor()
}

/** Remembers each microphone that the page is given, and lets nobody answer while `isAsking`. */
async function watchMicrophones(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const given: MediaStreamTrack[] = []
    const page = Object.assign(globalThis as any, { given, isAsking: false })
    const { mediaDevices } = navigator
    const ask = mediaDevices.getUserMedia.bind(mediaDevices)
    mediaDevices.getUserMedia = async (wanted) => {
      while (page.isAsking) await new Promise((resolve) => setTimeout(resolve, 20))
      const stream = await ask(wanted)
      given.push(...stream.getTracks())
      return stream
    }
  })
}

/** `live` or `ended`, of each. */
function microphones(page: Page): Promise<string[]> {
  return page.evaluate(() => (globalThis as any).given.map(({ readyState }: MediaStreamTrack) => readyState))
}
