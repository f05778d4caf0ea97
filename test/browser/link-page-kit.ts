import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { makeWav } from '../../src/providers/audio/test-wav.ts'
import { canHear } from '../../src/providers/transcription/test-speech.ts'
import type { TestApp } from '../kit/app.ts'
import { browserContext } from './chromium.ts'

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What the person at the fake microphone says, again and again. */
export const SPOKEN = 'the staff were kind and helpful but the waiting room was cold'

const folder = await mkdtemp(join(tmpdir(), 'saygraph-speech-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Why nobody speaks into the microphone here. */
export const NO_VOICE = spawnSync('flite', ['-help'], { stdio: 'ignore' }).error
  ? 'there is no voice to record: apt-get install flite'
  : undefined
/** Why nobody understands what is said. */
export const NO_EAR = canHear
  ? undefined
  : 'nobody understands what is said: apt-get install flite pocketsphinx pocketsphinx-en-us'

/** Real speech, made by flite. */
export async function speechFile(text = SPOKEN): Promise<string> {
  const path = join(folder, `${text.replaceAll(' ', '-')}.wav`)
  await promisify(execFile)('flite', ['-voice', 'slt', '-t', text, '-o', path])
  return path
}

/** A microphone that is switched off. */
export async function silenceFile(): Promise<string> {
  const path = join(folder, 'silence.wav')
  await writeFile(path, makeWav(new Float32Array(16_000 * 4), { rate: 16_000 }))
  return path
}

export interface Visit {
  context: BrowserContext
  page: Page
  /** What must not happen on a page of ours: faults of the script, breaches of the policy. */
  troubles: string[]
}

/** A browser whose microphone plays `sound`; without one, or with `refuse`, nobody may use it. */
export async function visit(
  options: BrowserContextOptions & { sound?: string; refuse?: boolean } = {},
): Promise<Visit> {
  const { sound, refuse, ...rest } = options
  const context = await browserContext({ viewport: { width: 390, height: 844 }, ...rest }, [
    '--use-fake-device-for-media-stream',
    ...(refuse ? ['--deny-permission-prompts'] : ['--use-fake-ui-for-media-stream']),
    ...(sound === undefined ? [] : [`--use-file-for-fake-audio-capture=${sound}`]),
    '--autoplay-policy=no-user-gesture-required',
  ])
  const page = context.pages()[0] ?? (await context.newPage())
  return { context, page, troubles: watch(page) }
}

/** Collects what must not happen on a page. */
export function watch(page: Page): string[] {
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(`script: ${error.stack ?? error.message}`))
  page.on('console', (message) => {
    const text = message.text()
    if (/Content Security Policy|Permissions policy|Refused to/i.test(text)) troubles.push(`policy: ${text}`)
  })
  return troubles
}

/** What breaks WCAG 2.2 A or AA on the page as it stands, by axe. */
export async function violations(page: Page): Promise<string[]> {
  // By the protocol, past the page's policy: nothing is added to the page.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { violations, passes } = await (globalThis as any).axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    })
    if (passes.length < 5) return ['axe has looked at nothing']
    return violations.map((each: any) => `${each.id}: ${each.nodes.map((node: any) => node.html).join(' | ')}`)
  })
}

/** A link made as a legacy client makes it; the address of its page. */
export async function makeLink(
  app: TestApp,
  questions: object[],
  settings: object = {},
  onFinished?: object,
): Promise<string> {
  const response = await fetch(new URL('/sayify/api/v1/links/', app.localUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${app.key}` },
    body: JSON.stringify({
      name: 'Your visit',
      settings,
      questions: questions.map((question, order) => ({ order, ...question })),
      on_finished: onFinished,
    }),
  })
  const link = (await response.json()) as { public_url: string }
  expect(response.status, JSON.stringify(link)).toBe(201)
  return new URL(new URL(link.public_url).pathname, app.localUrl).href
}

export interface Told {
  status: string
  answers: Record<string, { value: unknown; upload: { mediaType: string; durationSeconds: number | null } | null }>
}

/** The global id of the link at an address. */
export async function linkId(app: TestApp, url: string): Promise<string> {
  const { pathname } = new URL(url)
  const { data } = await app.graphql('{ links(first: 50) { nodes { id publicUrl } } }')
  return data!.links.nodes.find(({ publicUrl }: any) => new URL(publicUrl).pathname === pathname).id
}

/** What the server has of the responses to the link at an address. */
export async function responsesOf(app: TestApp, url: string): Promise<Told[]> {
  const id = await linkId(app, url)
  const { data, errors } = await app.graphql(
    `query ($id: ID!) { link(id: $id) { responses(first: 5) { nodes {
      status answers { fieldKey value upload { mediaType durationSeconds } } } } } }`,
    { id },
  )
  expect(errors).toBeUndefined()
  return data!.link.responses.nodes.map((response: any) => ({
    status: response.status,
    answers: Object.fromEntries(response.answers.map(({ fieldKey, ...answer }: any) => [fieldKey, answer])),
  }))
}

/** The page when its script leads, and knows what was answered before. */
export async function open(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.waitForSelector('html.live:not(:has(.panel.waiting))')
}

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
/** Goes on, and waits until another question or the end is there. */
export async function next(page: Page, name: 'Next' | 'Skip' | 'Send' = 'Next'): Promise<void> {
  const before = await page.title()
  await button(page, name).click()
  await page.waitForFunction((title) => document.title !== title, before)
}

/** Resolves once a recording is so many seconds long, by what the page says: less than 10 of them. */
export const recorded = (page: Page, seconds: number) =>
  page.locator('.time:visible', { hasText: new RegExp(`^0:(0[${seconds}-9]|[1-5]\\d)`) }).waitFor()

/** The field keys of which something is kept on the device. */
export function kept(page: Page): Promise<string[]> {
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

/** Asks again until it is so, for as long as a busy machine may take. */
export const until = <T>(ask: () => T, timeout = 30_000) => expect.poll(ask, { timeout, interval: 100 })
