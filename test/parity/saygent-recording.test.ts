import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../contract/saygent/kit.ts'
import { testApp } from '../kit/app.ts'
import { readRecording } from './read-recording.ts'
import { replay } from './replay.ts'
import { describe } from './report.ts'

const NAME = 'saygent.jsonl'

test('every operation of Saygent is answered as its page says', async () => {
  const { localUrl, key } = await testApp()
  const recording = readRecording(await readFile(new URL(`recordings/${NAME}`, import.meta.url), 'utf8'), NAME)
  const outcomes = []
  const options = { server: new URL(localUrl), from: new Map(), key, keyOrder: true }
  for await (const outcome of replay(recording, options)) outcomes.push(outcome)
  expect(outcomes.filter(({ differences }) => differences.length > 0).map(describe)).toEqual([])
  const replayed = outcomes.map(({ method, url }) => `${method} ${url.split('?')[0]}`)
  expect(replayed).toEqual(expect.arrayContaining(OPERATIONS.map(([method, path]) => `${method} ${path}`)))
}, 120_000)
