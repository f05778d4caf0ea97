import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** What the generated code depends on; it is made again only when one of these changed, since that takes seconds. */
const SOURCES = ['schema.prisma', 'data-model-generator.ts', '../prisma.config.ts']
const GENERATED = [
  '../src/db/generated/prisma/client.ts',
  '../src/db/generated/data-model.ts',
  '../src/graphql/generated/pothos-prisma.ts',
]
const STAMP = new URL('../src/db/generated/stamp', import.meta.url)

const require = createRequire(import.meta.url)
const local = (path: string) => new URL(path, import.meta.url)
const hash = createHash('sha256').update((require('prisma/package.json') as { version: string }).version)
for (const source of SOURCES) hash.update(readFileSync(local(source)))
const wanted = hash.digest('hex')

const isFresh =
  GENERATED.every((path) => existsSync(local(path))) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted
if (!isFresh) {
  const cli = require.resolve('prisma/build/index.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'generate', '--no-hints'], { encoding: 'utf8' })
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}`)
    process.exit(status ?? 1)
  }
  writeFileSync(STAMP, wanted)
}
