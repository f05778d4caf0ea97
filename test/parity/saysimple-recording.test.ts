import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../contract/saysimple/kit.ts'
import { testApp } from '../kit/app.ts'
import { readRecording } from './read-recording.ts'
import { replay } from './replay.ts'
import { describe } from './report.ts'

const NAME = 'saysimple.jsonl'

test('every operation of SaySimple is answered as its page says', async () => {
  const { localUrl, key } = await testApp()
  const recording = readRecording(await readFile(new URL(`recordings/${NAME}`, import.meta.url), 'utf8'), NAME)
  const outcomes = []
  const options = { server: new URL(localUrl), from: new Map(), key, keyOrder: true }
  for await (const outcome of replay(recording, options)) outcomes.push(outcome)
  expect(outcomes.filter(({ differences }) => differences.length > 0).map(describe)).toEqual([])
  const succeeded = outcomes.filter(({ status }) => status! < 300)
  const replayed = succeeded.map(({ method, url }) =>
    `${method} ${url.split('?')[0]}`.replace(' /v1/', ' /insights/v1/'),
  )
  expect(replayed).toEqual(expect.arrayContaining(OPERATIONS.map(([method, path]) => `${method} ${path}`)))
}, 120_000)
