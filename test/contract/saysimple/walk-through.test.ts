import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { testApp } from '../../kit/app.ts'
import { OPENSSL } from './literals.ts'

/** docs/saysimple.md as an operator follows it, with the tools that it names. */
const run = promisify(execFile)
const app = await testApp()
const folder = await mkdtemp(join(tmpdir(), 'saygraph-saysimple-'))
afterAll(() => rm(folder, { recursive: true }))
const text = await readFile(new URL('../../../docs/saysimple.md', import.meta.url), 'utf8')
const missing = await run('curl', ['--version']).then(
  () =>
    run('openssl', ['version']).then(
      () => false,
      () => 'openssl is missing',
    ),
  () => 'curl is missing',
)

/** The blocks in a language, without the indentation of the list that they stand in. */
function blocks(language: string): string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\n([\\s\\S]*?)^\\1\`\`\``, 'gm'))].map(
    ([, indent, code]) => code!.replace(new RegExp(`^${indent}`, 'gm'), ''),
  )
}

it.skipIf(missing)(
  'moves a client over, from a pair of keys to a metric',
  async () => {
    const [pair, apiKey, publicKey, client, ...more] = blocks('sh')
    expect(more).toEqual([])
    for (const line of OPENSSL) expect(pair).toContain(line)
    const env = { PATH: process.env.PATH, SERVER: app.localUrl.origin, ADMIN_KEY: app.key, NO_PROXY: '*' }
    const script = [pair, apiKey, publicKey, 'echo', client, 'echo', 'echo "$API_KEY"'].join('\n')
    await writeFile(join(folder, 'walk.sh'), `set -eu\n${script}`)
    const { stdout } = await run('sh', ['walk.sh'], { cwd: folder, env })
    const [added, answers, key] = stdout.trim().split('\n') as [string, string, string]
    expect(JSON.parse(added).data.addSigningKey.signingKey.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    expect(answers).toMatch(/^""\{"aggregatedBy":"DAY",/)
    expect(JSON.parse(answers.slice(2))).toMatchObject({ aggregatedValue: 1, previousAggregatedValue: 0 })

    const [sample, ...others] = blocks('js')
    expect(others).toEqual([])
    await writeFile(join(folder, 'client.mjs'), sample!)
    const printed = await run(process.execPath, ['client.mjs'], { cwd: folder, env: { ...env, API_KEY: key } })
    expect(JSON.parse(printed.stdout)).toMatchObject({ aggregatedBy: 'DAY', aggregatedValue: 1 })
  },
  60_000,
)
