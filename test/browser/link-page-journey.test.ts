import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { testApp } from '../kit/app.ts'
import {
  button,
  linkId,
  makeLink,
  next,
  open,
  responsesOf,
  until,
  type Visit,
  violations,
  visit,
} from './link-page-kit.ts'

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

const text = (key: string, more: object = {}) => ({ prompt: `Tell us ${key}`, type: 'text', field_key: key, ...more })
const QUESTIONS = [text('one'), text('two', { required: true }), text('three')]

test('a reload in the middle changes nothing, also without cookies', async () => {
  const url = await makeLink(app, QUESTIONS)
  const { page, context } = await enter()
  await open(page, url)
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await page.getByLabel('Tell us two').fill('second, half typ')
  await page.reload()
  await until(() => page.locator('.step').innerText()).toBe('Question 2 of 3')
  expect(await page.getByLabel('Tell us two').inputValue()).toBe('second, half typ')
  await context.clearCookies()
  await page.reload()
  await until(() => page.locator('.step').innerText()).toBe('Question 2 of 3')
  expect(await page.getByLabel('Tell us two').inputValue()).toBe('second, half typ')
  await button(page, 'Back').click()
  expect(await page.getByLabel('Tell us one').inputValue()).toBe('first')
  // The browser's own way back is one through the questions.
  await page.goBack()
  await until(() => page.locator('.step').innerText()).toBe('Question 2 of 3')
  await next(page)
  await next(page, 'Send')
  await page.getByText('Thanks for your response!').waitFor()
  expect(await responsesOf(app, url)).toMatchObject([
    { status: 'COMPLETED', answers: { one: { value: 'first' }, two: { value: 'second, half typ' } } },
  ])
  // Nothing of it stays on the device.
  expect(await page.evaluate(() => JSON.stringify(localStorage))).toBe('{}')
  expect(await shelved(page)).toBe(0)
}, 120_000)

test('what is missing at the end is said, and one touch away', async () => {
  // A condition may hide what was answered and bring up what was not, long after one was there.
  const url = await makeLink(app, [
    text('late', { required: true, condition: { field: 'again', operator: 'equals', value: false } }),
    { prompt: 'Again?', type: 'yes_no', field_key: 'again', required: true },
  ])
  const { page } = await enter()
  await open(page, url)
  await page.getByRole('radio', { name: 'No', exact: true }).check()
  await next(page)
  await page.getByText('Almost done').waitFor()
  expect(await violations(page)).toEqual([])
  expect(await button(page, 'Next').count()).toBe(0)
  await button(page, 'Tell us late').click()
  await page.getByLabel('Tell us late').fill('here')
  await next(page)
  await next(page, 'Send')
  await page.getByText('Thanks for your response!').waitFor()
  expect((await responsesOf(app, url))[0]!.answers).toMatchObject({ late: { value: 'here' }, again: { value: false } })
}, 120_000)

test('a server that is away for a while is waited for, to the end', async () => {
  const url = await makeLink(app, QUESTIONS)
  const { page, context } = await enter()
  await open(page, url)
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  await context.route('**/session**', (route) => route.abort())
  await page.getByLabel('Tell us two').fill('second')
  await next(page)
  await page.getByText('The server does not answer.').waitFor()
  await page.getByLabel('Tell us three').fill('third')
  await next(page, 'Send')
  await page.getByText('Keep this page open').waitFor()
  expect(await violations(page)).toEqual([])
  await context.unroute('**/session**')
  // A proxy that has lost its server says so in its own words.
  let refusals = 0
  await context.route('**/session/submit', (route) =>
    refusals++ < 1 ? route.fulfill({ status: 502, body: '<h1>Bad gateway</h1>' }) : route.continue(),
  )
  await page.getByText('Thanks for your response!').waitFor({ timeout: 40_000 })
  const answers = { one: { value: 'first' }, two: { value: 'second' }, three: { value: 'third' } }
  expect(await responsesOf(app, url)).toMatchObject([{ status: 'COMPLETED', answers }])
}, 120_000)

test('a link that goes away in the middle says so', async () => {
  const url = await makeLink(app, QUESTIONS)
  const { page } = await enter()
  await open(page, url)
  await page.getByLabel('Tell us one').fill('first')
  await next(page)
  // Or it is that answer by which the page learns of it, at a question that is gone then.
  await until(async () => (await responsesOf(app, url))[0]?.answers).toMatchObject({ one: { value: 'first' } })
  const id = await linkId(app, url)
  await app.graphql('mutation ($id: ID!) { deleteLink(input: { id: $id }) { __typename } }', { id })
  await page.getByLabel('Tell us two').fill('second')
  await button(page, 'Next').click()
  await page.getByText('This page has changed').waitFor()
  expect(await violations(page)).toEqual([])
  await button(page, 'Load again').click()
  await page.getByText('This page is gone').waitFor()
}, 120_000)

test('who is done is thanked, and taken on', async () => {
  const url = await makeLink(app, [text('one')], {
    thankYouMessage: 'Cheers!\nSee you.',
    redirectUrl: 'https://shop.example/thanks?a=1',
  })
  const { page, context } = await enter()
  const { promise: isRead, resolve: hasRead } = Promise.withResolvers<void>()
  await context.route('https://shop.example/**', async (route) => {
    await isRead
    await route.fulfill({ body: '<title>The shop</title>' })
  })
  await open(page, url)
  await next(page, 'Send')
  await page.getByText('Cheers!').waitFor()
  expect(await page.getByText('You will be taken to shop.example in a moment.').isVisible()).toBe(true)
  expect(await page.getByRole('link', { name: 'Continue' }).getAttribute('href')).toBe(
    'https://shop.example/thanks?a=1',
  )
  hasRead()
  await page.waitForURL('https://shop.example/thanks?a=1')
}, 120_000)

test('by keyboard alone, from the first question to the thanks', async () => {
  const url = await makeLink(app, [
    text('one'),
    { prompt: 'Rate us', type: 'rating', field_key: 'stars' },
    { prompt: 'Again?', type: 'yes_no', field_key: 'again', required: true },
  ])
  const { page } = await enter({ viewport: { width: 1280, height: 800 } })
  await open(page, url)
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  await press('Tab')
  await page.keyboard.type('typed')
  await press('Tab', 'Enter')
  await until(() => page.locator('.step').innerText()).toBe('Question 2 of 3')
  await press('Tab', 'ArrowRight', 'ArrowRight')
  await press('Enter')
  await until(() => page.locator('.step').innerText()).toBe('Question 3 of 3')
  await press('Tab', 'Space', 'Enter')
  await page.getByText('Thanks for your response!').waitFor()
  const [response] = await responsesOf(app, url)
  expect(response!.answers).toMatchObject({ one: { value: 'typed' }, again: { value: true } })
  expect([2, 3]).toContain(response!.answers.stars!.value)
}, 120_000)

test('on the smallest screen, twice as large, in Finnish, without motion', async () => {
  const url = await makeLink(app, [
    {
      prompt: 'Kuinka todennäköisesti suosittelet meitä?',
      type: 'rating',
      field_key: 'nps',
      required: true,
      configuration: { scale_type: 'nps' },
    },
    { prompt: 'Pitkäyhdyssanaepäjärjestelmällisyydelläänsäkäänköhän', type: 'voice', field_key: 'voice' },
  ])
  const { page } = await enter({ viewport: { width: 320, height: 480 }, locale: 'fi-FI', reducedMotion: 'reduce' })
  await open(page, url)
  // 320 points are a window of 640 at twice the zoom; at 640 it is the text that doubles.
  for (const [width, size] of [
    [320, '100%'],
    [640, '200%'],
    [320, '100%'],
  ] as const) {
    await page.setViewportSize({ width, height: 480 })
    await page.evaluate((fontSize) => {
      document.documentElement.style.fontSize = fontSize
    }, size)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  }
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
  expect(await page.locator('html').getAttribute('lang')).toBe('fi')
  expect(await page.locator('.step').innerText()).toBe('Kysymys 1/2')
  await button(page, 'Seuraava').click()
  await page.getByText('Vastaa tähän kysymykseen.').waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByRole('radio', { name: '7', exact: true }).check({ force: true })
  await button(page, 'Seuraava').click()
  await button(page, 'Äänitä vastauksesi').waitFor()
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
}, 120_000)

test('hostile words are words', async () => {
  const evil = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>{{1}}</template>`
  const url = await makeLink(
    app,
    [
      {
        prompt: evil,
        type: 'multiple_choice',
        field_key: `${evil.slice(0, 80)}`,
        configuration: { options: [evil, 'b'] },
      },
      text('two'),
    ],
    { description: evil, thankYouMessage: evil },
  )
  const { page } = await enter()
  await open(page, url)
  await page.getByLabel(evil).check()
  await next(page)
  await next(page, 'Send')
  await page.locator('.thanks').waitFor()
  expect(await page.locator('.thanks').innerText()).toBe(evil)
  expect(await page.title()).not.toContain('owned')
  expect(Object.values((await responsesOf(app, url))[0]!.answers)).toMatchObject([{ value: evil }])
}, 120_000)

test('in a frame of another site, where nothing may be kept on the device', async () => {
  const url = await makeLink(app, QUESTIONS)
  const host = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<iframe src="${url}" width=390 height=700></iframe>`)
  })
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void host.close())
  const { page } = await enter()
  // Another site than the address of the page, though the same machine.
  expect(new URL(url).hostname).toBe('127.0.0.1')
  await page.goto(`http://localhost:${(host.address() as AddressInfo).port}/`)
  const frame = page.frameLocator('iframe')
  await frame.getByLabel('Tell us one').fill('framed')
  await frame.getByRole('button', { name: 'Next' }).click()
  await frame.getByLabel('Tell us two').fill('more')
  await frame.getByRole('button', { name: 'Next' }).click()
  await until(async () => (await responsesOf(app, url))[0]?.answers).toMatchObject({ one: { value: 'framed' } })
  await frame.getByRole('button', { name: 'Send' }).click()
  await frame.getByText('Thanks for your response!').waitFor()
  expect((await responsesOf(app, url)).map(({ status }) => status)).toEqual(['COMPLETED'])
}, 120_000)

test('two people with addresses of their own share a device without mixing', async () => {
  const url = await makeLink(app, [text('one'), text('two')])
  const id = await linkId(app, url)
  const addressOf = async (name: string) => {
    const made = await app.graphql(
      'mutation ($name: String!) { createContact(input: { name: $name }) { ... on CreateContactPayload { contact { id } } } }',
      { name },
    )
    const invited = await app.graphql(
      `mutation ($linkId: ID!, $contactId: ID!) { inviteRespondent(input: { linkId: $linkId, contactId: $contactId }) {
        ... on InviteRespondentPayload { respondent { personalUrl } } } }`,
      { linkId: id, contactId: made.data!.createContact.contact.id },
    )
    const { pathname, search } = new URL(invited.data!.inviteRespondent.respondent.personalUrl)
    return new URL(pathname + search, app.localUrl).href
  }
  const [ada, ben] = [await addressOf('Ada'), await addressOf('Ben')]
  const { page } = await enter()
  await open(page, ada)
  await page.getByLabel('Tell us one').fill('I am Ada')
  await next(page)
  await open(page, ben)
  expect(await page.locator('.step').innerText()).toBe('Question 1 of 2')
  expect(await page.getByLabel('Tell us one').inputValue()).toBe('')
  await page.getByLabel('Tell us one').fill('I am Ben')
  await next(page)
  // Nobody comes back to this page to send it.
  await until(async () => (await responsesOf(app, url)).map(({ answers }) => answers.one?.value)).toContain('I am Ben')
  await open(page, ada)
  expect(await page.locator('.step').innerText()).toBe('Question 2 of 2')
  await button(page, 'Back').click()
  expect(await page.getByLabel('Tell us one').inputValue()).toBe('I am Ada')
  await next(page)
  await next(page, 'Send')
  await page.getByText('Thanks for your response!').waitFor()
  const responses = await responsesOf(app, url)
  expect(responses.map(({ answers }) => answers.one!.value).sort()).toEqual(['I am Ada', 'I am Ben'])
  expect(responses.filter(({ status }) => status === 'COMPLETED')).toMatchObject([
    { answers: { one: { value: 'I am Ada' } } },
  ])
}, 120_000)

/** How much is kept on the device. */
function shelved(page: Visit['page']): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const request = indexedDB.open('saygraph')
        request.onsuccess = () => {
          const stores = [...request.result.objectStoreNames]
          const tx = request.result.transaction(stores)
          const counts = stores.map((store) => tx.objectStore(store).count())
          tx.oncomplete = () => resolve(counts.reduce((sum, { result }) => sum + result, 0))
        }
      }),
  )
}
