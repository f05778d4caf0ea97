import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../config/read-config.ts'
import { FakeClock } from '../../platform/clock.ts'
import { oncePerId } from '../sending/index.ts'
import { smsConformance } from './conformance.ts'
import { createSms } from './index.ts'
import { memorySms } from './memory.ts'
import { outboxSms } from './outbox.ts'
import type { SmsEvent, SmsResult } from './sms.ts'

const root = await mkdtemp(join(tmpdir(), 'saygraph-sms-'))
afterAll(() => rm(root, { recursive: true }))
const clock = new FakeClock('2026-11-22T10:00:00Z')
const MESSAGE = { id: 'm-1', from: 'Saygraph', to: '+358405556666', text: 'Hello' }

const filesOf = async (folder: string) => {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => name !== '.partial')
}
const written = async (folder: string) =>
  Promise.all(
    (await filesOf(folder)).map(async (name) => {
      const { from, to, text } = JSON.parse(await readFile(join(folder, name), 'utf8'))
      return { from, to, text }
    }),
  )

smsConformance('memory', async () => {
  const sms = memorySms()
  return { sms, sent: async () => sms.history.map(({ from, to, text }) => ({ from, to, text })) }
})
smsConformance('outbox', async () => {
  const folder = join(await mkdtemp(join(root, 'outbox-')), 'not', 'yet', 'made')
  return { sms: outboxSms(folder, clock), sent: () => written(folder) }
})

test('outbox: a file says everything, and a second process leaves it as it is', async () => {
  const folder = await mkdtemp(join(root, 'outbox-'))
  await outboxSms(folder, clock).send({ ...MESSAGE, text: '€uro' })
  await outboxSms(folder, clock).send({ ...MESSAGE, text: 'another' })
  expect(await filesOf(folder)).toEqual(['m-1.json'])
  expect(JSON.parse(await readFile(join(folder, 'm-1.json'), 'utf8'))).toEqual({
    id: 'm-1',
    from: 'Saygraph',
    to: '+358405556666',
    text: '€uro',
    encoding: 'gsm7',
    characters: 5,
    segments: 1,
    at: '2026-11-22T10:00:00.000Z',
  })
  expect(await readdir(join(folder, '.partial'))).toEqual([])
})

test('outbox: forgets the messages it is told to, and no others', async () => {
  const folder = await mkdtemp(join(root, 'outbox-'))
  const sms = outboxSms(folder, clock)
  await sms.send(MESSAGE)
  await sms.send({ ...MESSAGE, id: 'm-2' })
  await sms.forget!(['m-1', 'never-sent'])
  expect(await filesOf(folder)).toEqual(['m-2.json'])
  await outboxSms(join(folder, 'none'), clock).forget!(['m-1'])
})

test('outbox: a folder that cannot be written to is a defect, not a refusal', async () => {
  await expect(outboxSms('/dev/null/sms', clock).send(MESSAGE)).rejects.toThrow('ENOTDIR')
})

test('memory: remembers in order, answers as told, and lets things happen', async () => {
  const sms = memorySms()
  const refusal: SmsResult = { outcome: 'refused', reason: 'throttled', retryable: true, message: 'slowly' }
  const unknown: SmsResult = { outcome: 'unknown', providerIds: [], message: 'gone' }
  sms.answers.push(refusal, unknown)
  expect(await sms.send(MESSAGE)).toEqual(refusal)
  expect(await sms.send(MESSAGE)).toEqual(unknown)
  expect(await sms.send(MESSAGE)).toEqual(unknown)
  await sms.send({ ...MESSAGE, id: 'm-2' })
  expect(sms.history.map(({ id }) => id)).toEqual(['m-1', 'm-2'])

  const event: SmsEvent = { type: 'delivered', providerId: 'm-2', at: clock.now() }
  await expect(sms.emit(event)).rejects.toThrow('nobody listens')
  const seen: SmsEvent[] = []
  const end = sms.onEvent((heard) => void seen.push(heard))
  await sms.emit(event)
  await sms.emit(event)
  sms.onEvent(async () => {
    throw new Error('not kept')
  })
  await expect(sms.emit(event)).rejects.toThrow('not kept')
  end()
  expect(seen).toEqual([event, event, event])
})

test('ids are remembered up to a number, the ones under way always', async () => {
  const once = oncePerId<SmsResult>(2)
  const calls: string[] = []
  const accepted = (id: string) => async (): Promise<SmsResult> => {
    calls.push(id)
    return { outcome: 'accepted', providerIds: [id] }
  }
  let finish = () => {}
  const slow = once('slow', async () => {
    calls.push('slow')
    await new Promise<void>((done) => {
      finish = done
    })
    return { outcome: 'accepted', providerIds: ['slow'] }
  })
  for (const id of ['a', 'b', 'c', 'b', 'a']) await once(id, accepted(id))
  const again = once('slow', accepted('slow'))
  expect(calls).toEqual(['slow', 'a', 'b', 'c', 'a'])
  finish()
  expect(await again).toBe(await slow)
  await expect(once('defect', async () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full')
  expect(await once('defect', accepted('defect'))).toMatchObject({ outcome: 'accepted' })
})

test('every configuration makes its sender', async () => {
  const settings = {
    DATA_DIR: await mkdtemp(join(root, 'data-')),
    SMPP_URL: 'smpp://127.0.0.1:1',
    SMPP_SYSTEM_ID: 'us',
    SMPP_PASSWORD: 'secret',
    SMS_HTTP_URL: 'http://127.0.0.1:1/',
    SMS_HTTP_BODY: 'to={to}&text={text}',
  }
  const outcomes: unknown[] = []
  for (const SMS of ['outbox', 'smpp', 'http']) {
    const sms = createSms(readConfig({ ...settings, SMS }).sms, { clock })
    const sending = sms.send(MESSAGE)
    await sms.close()
    outcomes.push((await sending).outcome)
  }
  expect(outcomes).toEqual(['accepted', 'refused', 'refused'])
  expect(await filesOf(join(settings.DATA_DIR, 'sms'))).toEqual(['m-1.json'])
  const template = { format: 'json', template: '{' } as const
  expect(() => createSms({ adapter: 'http', url: 'http://x', body: template }, { clock })).toThrow('is not JSON')
})
