import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pitchOf, recordedVoice, waveDuration } from './wave.ts'

test('a recording is as long as it says, and silent once the person has spoken', () => {
  const wave = Buffer.from(recordedVoice('+358401230440', 2_000, 500))
  const samples = new Int16Array(wave.buffer, wave.byteOffset + 44, (wave.length - 44) / 2)
  expect(samples).toHaveLength(16_000)
  const loudest = (from: number, to: number) => Math.max(...samples.slice(from, to))
  expect([loudest(0, 4_000) > 7_000, loudest(4_000, 16_000)]).toEqual([true, 0])
})

test('the voice has the pitch of its number', () => {
  for (const number of ['+358401230440', '+358401230100']) {
    const wave = Buffer.from(recordedVoice(number, 1_000, 1_000))
    let crossings = 0
    for (let at = 46; at + 1 < wave.length; at += 2) {
      if (wave.readInt16LE(at - 2) < 0 && wave.readInt16LE(at) >= 0) crossings++
    }
    expect(Math.abs(crossings - pitchOf(number))).toBeLessThanOrEqual(1)
  }
})

test('the duration of a file is that of its samples; what is no WAV has none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'saygraph-wave-'))
  try {
    const file = async (name: string, bytes: Uint8Array | string) => {
      await writeFile(join(folder, name), bytes)
      return waveDuration(join(folder, name))
    }
    expect(await file('a.wav', recordedVoice('+1', 1_234, 0))).toBe(1_234)
    expect(await file('b.wav', 'RIFF')).toBeUndefined()
    expect(await file('c.wav', 'x'.repeat(100))).toBeUndefined()
    expect(waveDuration(join(folder, 'none.wav'))).toBeUndefined()
  } finally {
    await rm(folder, { recursive: true })
  }
})
