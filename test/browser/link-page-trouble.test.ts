import type { Page, Route } from 'playwright-core'
import { afterEach, expect } from 'vitest'
import { testApp } from '../kit/app.ts'
import {
  button,
  linkId,
  makeLink,
  NO_VOICE,
  next,
  open,
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
}, 60_000)

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

/** The field keys of which something is kept on the device. */
function kept(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const request = indexedDB.open('saygraph')
        request.onsuccess = () => {
          const stores = [...request.result.objectStoreNames]
          const tx = request.result.transaction(stores)
          const keys = stores.map((store) => tx.objectStore(store).getAllKeys())
          tx.oncomplete = () => resolve(keys.flatMap(({ result }) => result.map((key) => (key as string[])[1]!)))
        }
      }),
  )
}
