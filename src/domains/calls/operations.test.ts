import { Readable } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'
import { readyVoiceFile, testEngine } from '../../../test/kit/engine.ts'
import { outreachKit, people, phones } from '../../../test/kit/outreach.ts'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import type { Storage } from '../../providers/storage/index.ts'
import { createCampaign } from '../campaigns/index.ts'
import { eraseContact } from '../people/index.ts'
import { fetchRecordings } from './index.ts'

let t: TestWorld
let voiceFileId: string
let kit: ReturnType<typeof outreachKit>

beforeAll(async () => {
  t = await testWorld()
  voiceFileId = await readyVoiceFile(t)
  kit = outreachKit(t, voiceFileId)
}, 60_000)

/** A storage that says what is in it. */
function shelf() {
  const objects = new Map<string, Buffer>()
  const storage: Storage = {
    async write(key, source) {
      objects.set(key, Buffer.concat(await Readable.from(source).toArray()))
    },
    async read(key) {
      const bytes = objects.get(key)
      return bytes && { size: bytes.length, stream: Readable.from([bytes]) }
    },
    async delete(key) {
      objects.delete(key)
    },
  }
  return { objects, storage }
}

describe('a voice broadcast', () => {
  test('gathers digits, records what is said, and goes where the answer leads', async () => {
    // Nothing to the greeting, which asks nothing.
    const twoReplies = [undefined, { digits: '42', afterMs: 500 }, { digits: '1', afterMs: 400 }]
    const engine = await testEngine(t, {
      people: people({ prompts: 2, scripts: [{ endsWith: '', calls: [{ replies: twoReplies, speaksMs: 2_000 }] }] }),
    })
    const { id } = await createCampaign(engine.deps, t.viewer, {
      kind: 'voice_broadcast',
      receivers: phones(1),
      content: {
        operations: [
          { do: 'play', voiceFileId },
          {
            do: 'gather',
            prompt: [{ do: 'play', voiceFileId }],
            digits: 2,
            replies: {
              42: {
                operations: [
                  { do: 'record', maxSeconds: 5, silenceSeconds: 1 },
                  { do: 'gather', prompt: [{ do: 'play', voiceFileId }], replies: { 1: 'accept' } },
                ],
              },
            },
          },
          { do: 'hangUp' },
        ],
      },
    })
    await engine.run()
    expect(await kit.outcomes(id)).toEqual(['accepted 1'])
    const [call] = await t.db.query<{ id: string; digits: string; contact_id: string }>(
      sql`SELECT id, digits, contact_id FROM call WHERE campaign_id = ${id}::uuid`,
    )
    expect(call!.digits).toBe('1')
    const { objects, storage } = shelf()
    const deps = { world: t.world, telephony: engine.fake, storage }
    expect(await fetchRecordings(deps)).toBe(1)
    const [recording] = await t.db.query<{ state: string; size: number; duration_ms: number }>(
      sql`SELECT state, size, duration_ms FROM recording WHERE call_id = ${call!.id}::uuid`,
    )
    const [bytes] = objects.values()
    expect(recording).toEqual({ state: 'ready', size: bytes!.length, duration_ms: 2_000 })
    expect(bytes!.toString('latin1', 8, 12)).toBe('WAVE')
    expect(await engine.fake.recording(call!.id, 'step-2')).toBeUndefined()

    await eraseContact(t.world, t.viewer, call!.contact_id)
    expect(await fetchRecordings(deps)).toBe(1)
    expect(objects.size).toBe(0)
    const [erased] = await t.db.query(sql`SELECT phone, digits FROM call WHERE id = ${call!.id}::uuid`)
    expect(erased).toEqual({ phone: null, digits: null })
    await engine.board.stop()
  })

  test('whose operations are not of our vocabulary keeps them, calls nobody and says why', async () => {
    const engine = await testEngine(t)
    const operationsText = '{"dance": ["twist"],  "tempo":120}'
    const { id } = await createCampaign(engine.deps, t.viewer, {
      ...{ kind: 'voice_broadcast', receivers: phones(3), content: { operationsText } },
    })
    await engine.run()
    expect(engine.fake.calls()).toEqual([])
    expect(await kit.campaignOf(id)).toMatchObject({ state: 'completed', settled_receivers: 3 })
    expect((await kit.receiversOf(id)).map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual([
      ...['not_called CONTENT_UNSUPPORTED', 'not_called CONTENT_UNSUPPORTED', 'not_called CONTENT_UNSUPPORTED'],
    ])
    const [row] = await t.db.query<{ content: { operationsText: string }; content_fault: string }>(
      sql`SELECT content, content_fault FROM campaign WHERE id = ${id}::uuid`,
    )
    expect(row!.content.operationsText).toBe(operationsText)
    expect(row!.content_fault).toContain('operations')
    await engine.board.stop()
  })
})
