import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const MAIN = new URL('./main.ts', import.meta.url).pathname

let folder: string
let origin: string
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path: request.url }))
})

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saygraph-parity-test-'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true, force: true })
})

async function recorded(...values: unknown[]): Promise<string> {
  const file = join(folder, `${Math.random()}.jsonl`)
  await writeFile(file, values.map((value) => JSON.stringify(value)).join('\n'))
  return file
}

async function parity(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, TMPDIR: folder } })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (data) => {
    output.stdout += data
  })
  child.stderr.on('data', (data) => {
    output.stderr += data
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...output }
}

const right = { method: 'GET', path: '/a', expect: { status: 200, body: { path: '/a' } } }
const wrong = { method: 'GET', path: '/b', note: 'another', expect: { status: 200, body: { path: '/c' } } }

test('0 when all match', async () => {
  const { code, stdout, stderr } = await parity(await recorded(right), '--server', origin, '--key', 'sk_live_x')
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'ok      1  GET /a 200\n1 requests, 1 matched, 0 differ\n',
    stderr: '',
  })
})

test('1 when something differs', async () => {
  const { code, stdout } = await parity(await recorded(right, wrong), '--server', origin, '--key', 'sk_live_x')
  expect(code).toBe(1)
  expect(stdout.split('\n')).toEqual([
    'ok      1  GET /a 200',
    'DIFF    2  GET /b 200  (another)',
    '       $.path  value: expected "/c", got "/b"',
    '2 requests, 1 matched, 1 differ',
    '',
  ])
})

test('the report as JSON', async () => {
  const { code, stdout } = await parity(
    await recorded(right, wrong),
    '--server',
    origin,
    '--key',
    'sk_live_x',
    '--json',
  )
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    requests: 2,
    matched: 1,
    differ: 1,
    outcomes: [
      { line: 1, differences: [] },
      { line: 2, status: 200, differences: [{ path: '$.path', why: 'value', expected: '/c', actual: '/b' }] },
    ],
  })
})

test('2 for a recording or a command line that cannot be understood', async () => {
  const broken = await parity(await recorded(right, { method: 'GET' }), '--server', origin, '--key', 'sk_live_x')
  expect(broken).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^line 2: path: /) })
  const absent = await parity(join(folder, 'absent'))
  expect(absent).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be read') })
  expect((await parity()).stderr).toMatch(/^name one recording\n\nnpm run parity -- FILE/)
  expect((await parity('x', '--server', origin)).stderr).toMatch(/^--server needs --key\n/)
  expect((await parity('x', '--server', 'nowhere', '--key', 'k')).stderr).toMatch(/^--server: nowhere is no http/)
  expect((await parity('x', '--nonsense')).code).toBe(2)
})

test('a server of its own, gone afterwards', async () => {
  const query = { query: '{ viewer { workspace { id slug } } }' }
  const file = await recorded(
    { method: 'GET', path: '/health/ready', expect: { status: 200 } },
    {
      method: 'POST',
      path: '/graphql',
      headers: { Authorization: 'Bearer recorded' },
      body: query,
      expect: {
        status: 200,
        body: { data: { viewer: { workspace: { id: '{{Workspace workspace}}', slug: 'default' } } } },
      },
    },
  )
  const before = await readdir(folder)
  const { code, stdout } = await parity(file)
  expect(stdout).toContain('2 requests, 2 matched, 0 differ')
  expect(code).toBe(0)
  expect(await readdir(folder)).toEqual(before)
}, 120_000)
