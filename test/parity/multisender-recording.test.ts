import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { OPERATIONS } from '../contract/multisender/operations.ts'
import { testApp } from '../kit/app.ts'
import { readRecording } from './read-recording.ts'
import { replay } from './replay.ts'
import { describe } from './report.ts'

const NAME = 'multisender.jsonl'

test('every operation of Multisender is answered as it was recorded', async () => {
  const { localUrl, key } = await testApp()
  const recording = readRecording(await readFile(new URL(`recordings/${NAME}`, import.meta.url), 'utf8'), NAME)
  const outcomes = []
  const options = { server: new URL(localUrl), from: new Map(), key, keyOrder: true }
  for await (const outcome of replay(recording, options)) outcomes.push(outcome)
  expect(outcomes.filter(({ differences }) => differences.length > 0).map(describe)).toEqual([])
  const succeeded = outcomes.filter(({ status }) => status! < 300)
  const missing = OPERATIONS.filter(([, method, path]) => {
    const form = new RegExp(`^${path.replace(/\{\w+\}/g, '\\d+')}$`)
    const isOne = (url: string) => form.test(url.split('?')[0]!.replace(/^\/vi/, '/v1'))
    return !succeeded.some((outcome) => outcome.method === method && isOne(outcome.url))
  })
  expect(missing.map(([n]) => n)).toEqual([])
}, 60_000)
