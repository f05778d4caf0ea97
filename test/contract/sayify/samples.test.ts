import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { byForm, sayifyServer, wipe } from './kit.ts'
import { CREATE_ANSWER, compact, DELETE_ANSWER } from './literals.ts'

/**
 * The documentation's own samples, kept as it prints them (samples/), run by the tools they are written for against a
 * real server. Nothing is changed but the host and the key; the one loop of the Python samples gets back the indentation
 * that the copy of the documentation lost.
 */
const run = promisify(execFile)
const server = await sayifyServer()
const folder = await mkdtemp(join(tmpdir(), 'saygraph-samples-'))
afterAll(() => rm(folder, { recursive: true }))

const TOOLS = {
  curl: { file: 'sample.sh', command: 'sh' },
  javascript: { file: 'sample.mjs', command: process.execPath },
  python: { file: 'sample.py', command: 'python3' },
} as const
type Tool = keyof typeof TOOLS

const missing: Partial<Record<Tool, string>> = {}
await run('curl', ['--version']).catch(() => {
  missing.curl = 'curl is missing'
})
await run('python3', ['-c', 'import requests']).catch(() => {
  missing.python = 'python3 with the package requests is missing'
})

/** What a sample prints, without the line break at its end. */
async function printed(name: string, tool: Tool): Promise<string> {
  const text = await readFile(new URL(`./samples/${name}.${tool}.txt`, import.meta.url), 'utf8')
  expect(text).toContain('https://sayify.pro/')
  expect(text.match(/sk_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789xyz/g)).toHaveLength(1)
  const own = text
    .replaceAll('https://sayify.pro/', server.app.localUrl.href)
    .replace('sk_live_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789xyz', server.acme.key)
    .replace(/^(for .*:\n)(?=\S)/m, '$1    ')
  const { file, command } = TOOLS[tool]
  const path = join(folder, file)
  await writeFile(path, own)
  const { stdout } = await run(command, [path], { env: { ...process.env, NO_PROXY: '*', PYTHONIOENCODING: 'utf-8' } })
  return stdout.replace(/\n$/, '')
}

const PUBLIC_URL = 'https://acme-corp.sayify.pro/i/product-feedback-survey'
const documented = (id: string) =>
  server.linkWithIds([id, server.world.newId()], {
    name: 'Product Feedback Survey',
    slug: 'product-feedback-survey',
    questions: [{ prompt: 'Tell us about your experience' }],
  })

const suites = (Object.keys(TOOLS) as Tool[]).map((tool) => ({
  tool,
  title: missing[tool] ? `${tool} (skipped: ${missing[tool]})` : tool,
}))

describe.each(suites)('the samples in $title', ({ tool }) => {
  const sample = it.skipIf(missing[tool] !== undefined)
  beforeEach(() => wipe(server.app.db))

  sample('create a link', async () => {
    const output = await printed('create-link', tool)
    const { json } = await server.call('GET', '/api/v1/links/')
    expect(json).toHaveLength(1)
    if (tool === 'curl') {
      expect(byForm(output)).toBe(byForm(compact(CREATE_ANSWER)).replace('(1–10)', '(1-10)'))
      expect(JSON.parse(output)).toEqual(json[0])
    } else expect(output).toBe(`${json[0].uuid} ${PUBLIC_URL}`)
  })

  sample('list the links', async () => {
    await documented('f87ff124-d1ca-4dd2-b440-b9e719931a2b')
    const output = await printed('list-links', tool)
    if (tool === 'curl') expect(output).toBe((await server.call('GET', '/api/v1/links/')).text)
    else expect(output).toBe(`Product Feedback Survey ${PUBLIC_URL}`)
  })

  sample('get a link', async () => {
    const id = 'f87ff124-d1ca-4dd2-b440-b9e719931a2b'
    await documented(id)
    const output = await printed('get-link', tool)
    if (tool === 'curl') expect(output).toBe((await server.call('GET', `/api/v1/links/${id}/`)).text)
    else expect(output).toBe('Product Feedback Survey — 1 questions, 0 responses')
  })

  sample('delete a link', async () => {
    const id = '0b4d51a8-0a69-48bf-8113-fc9940efa9c0'
    await documented(id)
    const output = await printed('delete-link', tool)
    expect(output).toBe(tool === 'curl' ? compact(DELETE_ANSWER) : 'Feedback link deleted successfully')
    expect((await server.call('GET', `/api/v1/links/${id}/`)).status).toBe(404)
  })
})
