import { Readable } from 'node:stream'
import { beforeEach, expect, test } from 'vitest'
import { headOf, loadLink, testWorld } from '../../test/kit/world.ts'
import { sql } from '../db/sql.ts'
import { forgetIdempotencyKeys, IDEMPOTENCY_DAYS, once } from '../domains/idempotency.ts'
import { createLink } from '../domains/links/index.ts'
import { addMessage, createMessageWriter, listMessages, updateMessageSettings } from '../domains/messaging/index.ts'
import { openSession } from '../domains/responses/index.ts'
import { createSpeech, getVoiceFile } from '../domains/voice-files/index.ts'
import { createDispatcher, standardRequest } from '../domains/webhooks/index.ts'
import { createLogger } from '../platform/logger.ts'
import { fakeAudio } from '../providers/audio/fake.ts'
import { createOutbound } from '../providers/outbound/index.ts'
import { fakeSpeech, SpeechError } from '../providers/speech/index.ts'
import { memoryStorage } from '../providers/storage/memory.ts'
import { fakeTranscription } from '../providers/transcription/index.ts'
import { createDueLoop } from '../queue/index.ts'
import { dueChecks, implementations } from './index.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const EVENT_RETENTION_DAYS = 30

const kit = await testWorld()
const { world, db, clock, workspaceId } = kit
const queue = { send: async () => {}, hurry: () => {}, abandoned: async () => [] }
const deps = {
  ...{ world, queue, storage: memoryStorage(), speech: fakeSpeech(), audio: fakeAudio() },
  ...{ transcription: fakeTranscription(), insight: null, fallback: null },
}
beforeEach(() => db.script('TRUNCATE idempotency'))

/** Runs one job, as the queue does. */
async function run(name: string, signal = new AbortController().signal): Promise<void> {
  const implementation = implementations(deps).find(({ task }) => task.name === name)
  await implementation!.run({}, { signal, attempt: 1 })
}

const use = (key: string, effect: () => string) =>
  db.transaction((tx) =>
    once(tx, { workspaceId, key, operation: 'test', input: {}, now: clock.now() }, async () => effect()),
  )

test('every task has a name of its own, and its time where it has one', () => {
  const tasks = implementations(deps).map(({ task }) => task)
  expect(tasks.map(({ name, cron }) => [name, cron])).toEqual([
    ['prepare-voice-file', undefined],
    ['process-answer', undefined],
    ['analyze-response', undefined],
    ['retranscribe-link', undefined],
    ['reanalyze-link', undefined],
    ['settle-abandoned', '*/5 * * * *'],
    ['prune-deliveries', '3 * * * *'],
    ['prune-events', '7 * * * *'],
    ['reduce-messages', '37 * * * *'],
    ['settle-metrics', '*/10 * * * *'],
    ['forget-idempotency-keys', '23 3 * * *'],
  ])
})

test('events go when their workspace has kept them long enough, and not before', async () => {
  const before = await headOf(world, workspaceId)
  await createLink(world, kit.viewer, { name: 'old' })
  const old = await headOf(world, workspaceId)
  expect(old).toBeGreaterThan(before)
  clock.advance(DAY_MS)
  await createLink(world, kit.viewer, { name: 'young' })
  clock.advance((EVENT_RETENTION_DAYS - 1) * DAY_MS)
  await run('prune-events')
  expect((await world.events.head(workspaceId)).pruned).toBe(0)
  clock.advance(1)
  await run('prune-events')
  expect((await world.events.head(workspaceId)).pruned).toBe(old)
  expect((await world.events.head(kit.otherViewer.workspaceId)).pruned).toBeLessThanOrEqual(old)
})

test('idempotency keys go after their days, and not before', async () => {
  expect(await use('old', () => 'first')).toBe('first')
  clock.advance(HOUR_MS)
  await use('young', () => 'first')
  clock.advance(IDEMPOTENCY_DAYS * DAY_MS - HOUR_MS)
  await run('forget-idempotency-keys')
  expect(await use('old', () => 'second')).toBe('first')
  clock.advance(1)
  await run('forget-idempotency-keys')
  expect(await use('old', () => 'second')).toBe('second')
  expect(await use('young', () => 'second')).toBe('first')
})

test('messages go when their workspace has kept them long enough, and not before', async () => {
  const messaging = { world, writer: createMessageWriter(world) }
  await updateMessageSettings(world, kit.viewer, { retentionDays: 2 })
  const at = clock.now()
  await addMessage(messaging, kit.viewer, {
    ...{ direction: 'in', channel: 'SMS', provider: 'TWILIO', tenantChannelIdentifier: 'us' },
    ...{ customerChannelIdentifier: 'them', time: at },
  })
  const left = () => listMessages(world, kit.viewer, { limit: 10 })
  await run('reduce-messages')
  expect(await left()).toHaveLength(1)
  clock.advance(3 * DAY_MS)
  await run('reduce-messages', AbortSignal.abort())
  expect(await left()).toHaveLength(1)
  await run('reduce-messages')
  expect(await left()).toEqual([])
})

test('many keys go in batches; a job whose time is up leaves the rest to the next', async () => {
  await db.query(
    sql`INSERT INTO idempotency (workspace_id, key, operation, input_hash, result, created_at)
        SELECT ${workspaceId}::uuid, 'key ' || n, 'test', '', 'null', ${clock.now()}::timestamptz
        FROM generate_series(1, 5001) n`,
  )
  clock.advance(IDEMPOTENCY_DAYS * DAY_MS + 1)
  await run('forget-idempotency-keys', AbortSignal.abort())
  expect(await forgetIdempotencyKeys(world)).toBe(5_000)
  await run('forget-idempotency-keys')
  expect(await db.query(sql`SELECT key FROM idempotency`)).toEqual([])
})

test('a voice file that cannot be prepared fails at the last attempt, and no earlier', async () => {
  const queued: object[] = []
  const queue = { send: async (_: unknown, payload: object) => void queued.push(payload) }
  const making = { world, queue: queue as never, speech: deps.speech }
  const { id } = await createSpeech(making, kit.viewer, { name: 'x', text: 'Hello', voice: 'en' })
  const { task, run: attempt } = implementations(deps).find((each) => each.task.name === 'prepare-voice-file')!
  const { signal } = new AbortController()
  for (let n = 1; n <= task.retryLimit + 1; n++) {
    deps.speech.failNext(new SpeechError('failed', 'the server is away', { retryable: true }))
    const done = attempt(queued[0], { signal, attempt: n })
    if (n <= task.retryLimit) await expect(done).rejects.toThrow('the server is away')
    else await done
    const { status } = await getVoiceFile(world, kit.viewer, id)
    expect(status).toBe(n <= task.retryLimit ? 'pending' : 'failed')
  }
})

test('the due loop sweeps what is left of uploads', async () => {
  const storage = memoryStorage()
  const { id: linkId } = await createLink(world, kit.viewer, { name: 'Survey' })
  const link = await loadLink(world, workspaceId, linkId)
  const { responseId } = await openSession(world, kit.signer, link, { channel: 'web' })
  await storage.write('left-over', Readable.from([Buffer.from('bytes')]))
  await db.query(
    sql`INSERT INTO upload (id, workspace_id, response_id, state, storage_key, due_at, created_at)
        VALUES (${world.newId()}::uuid, ${workspaceId}::uuid, ${responseId}::uuid, 'discarded', 'left-over',
                ${new Date(clock.now().getTime() + HOUR_MS)}::timestamptz, ${clock.now()}::timestamptz)`,
  )
  const loop = createDueLoop({ clock, logger: createLogger('silent'), everyMs: 1_000 })
  const outbound = createOutbound({ allow: [], timeoutMs: 1_000 })
  const builders = { standard: standardRequest, sayify: standardRequest, multisender: standardRequest }
  const logger = createLogger('silent')
  const dispatcher = createDispatcher({ world, outbound, builders, logger, timeoutMs: 1_000 })
  const checks = dueChecks(world, {
    ...{
      logger,
      storage,
      dispatcher,
      queue,
      analysisWaitMs: 0,
      analysesElsewhere: false,
      understands: true,
      onFed: () => {},
    },
    messaging: { world, writer: createMessageWriter(world) },
    ownAddresses: { sms: 'Saygraph', email: 'noreply@localhost', call: 'SAYGRAPH' },
  })
  for (const [name, check] of Object.entries(checks)) loop.add(name, check)
  await loop.tick()
  expect(storage.objects.size).toBe(1)
  clock.advance(HOUR_MS)
  await loop.tick()
  expect(storage.objects.size).toBe(0)
  expect(await db.query(sql`SELECT id FROM upload`)).toEqual([])
  await loop.stop()
  await outbound.close()
})
