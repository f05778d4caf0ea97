import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { sql } from '../../src/db/sql.ts'
import { type TestApp, testApp } from '../kit/app.ts'
import { readRecording } from './read-recording.ts'
import { replay } from './replay.ts'
import { describe } from './report.ts'

/** As `npm run parity` starts its own server. */
const ENV = { LINK_ADDRESSES: 'subdomain', SAYIFY_RATE_LIMIT: '0' }

async function replayed({ localUrl, key }: TestApp, name: string): Promise<{ requests: number; differing: string[] }> {
  const text = await readFile(new URL(`recordings/${name}`, import.meta.url), 'utf8')
  const outcomes = []
  const options = { server: new URL(localUrl), from: new Map(), key, keyOrder: true }
  for await (const outcome of replay(readRecording(text, name), options)) outcomes.push(outcome)
  const differing = outcomes.filter(({ differences }) => differences.length > 0).map(describe)
  return { requests: outcomes.length, differing }
}

test('every example of Sayify’s page is answered as it says', async () => {
  const { requests, differing } = await replayed(await testApp(ENV), 'sayify.jsonl')
  expect(differing).toEqual([])
  expect(requests).toBeGreaterThan(150)
}, 60_000)

test('a workspace without room for another link says so', async () => {
  const app = await testApp(ENV)
  await app.db.query(sql`UPDATE workspace SET link_quota = 1`)
  expect(await replayed(app, 'sayify-link-limit.jsonl')).toEqual({ requests: 2, differing: [] })
})
