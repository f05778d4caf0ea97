import { expect, test } from 'vitest'
import { onPostgres } from '../../../test/kit/database.ts'
import { codeOf, eventsAfter, headOf, refusal, testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import { fakeSpeech } from '../../providers/speech/index.ts'
import { createSpeech, deleteVoiceFile } from '../voice-files/index.ts'
import { type CampaignDeps, createCampaign, deleteCampaign, NO_LIMITS, NO_PRICES, updateCampaign } from './index.ts'

const { world, db, viewer, otherViewer, workspaceId } = await testWorld({ poolSize: 8 })

const voiceFiles = { world, queue: { send: async () => {} } as never, speech: fakeSpeech() }
const deps: CampaignDeps = {
  world,
  voiceFiles,
  prices: NO_PRICES,
  policy: NO_LIMITS,
  redialAfterSeconds: 900,
  ringTimeoutMs: 45_000,
  onDue() {},
}

/** As if it had been prepared. */
async function readyFile(): Promise<string> {
  const { id } = await createSpeech(voiceFiles, viewer, { name: 'Greeting', text: 'Hello there', voice: 'en' })
  await db.query(
    sql`UPDATE voice_file SET status = 'ready', due_at = NULL, duration_seconds = 2, media_type = 'audio/wav', size = 9,
               sha256 = repeat('0', 64), mp3_size = 9, wav_size = 9 WHERE id = ${id}::uuid`,
  )
  return id
}

let people = 0
const campaign = (voiceFileId: string) =>
  createCampaign(deps, viewer, {
    kind: 'rsvp',
    receivers: [{ phone: `+35840123${String(1_000 + people++)}` }],
    acceptsWanted: 1,
    content: {
      voiceFiles: [{ type: 'start', voiceFileId }],
      actionButtons: [{ button: '1', action: 'accept' }],
    },
  })
const exists = async (id: string) =>
  (await db.query(sql`SELECT 1 FROM voice_file WHERE id = ${id}::uuid AND deleted_at IS NULL`)).length === 1

test('a voice file stays while a campaign that is not completed plays it', async () => {
  const file = await readyFile()
  const { id: first } = await campaign(file)
  const { id: second } = await campaign(file)
  const head = await headOf(world, workspaceId)
  expect(await refusal(() => deleteVoiceFile(world, viewer, file))).toMatchObject({
    code: 'VOICE_FILE_IN_USE',
    path: ['id'],
    details: { campaignIds: [first, second] },
  })
  expect(await exists(file)).toBe(true)
  expect(await eventsAfter(world, workspaceId, head)).toEqual([])
  expect(await codeOf(() => deleteVoiceFile(world, otherViewer, file))).toBe('NOT_FOUND')

  await deleteCampaign(deps, viewer, first)
  expect((await refusal(() => deleteVoiceFile(world, viewer, file))).details).toEqual({ campaignIds: [second] })
  await db.query(
    sql`UPDATE campaign SET state = 'completed', due_at = NULL, completed_at = now() WHERE id = ${second}::uuid`,
  )
  await deleteVoiceFile(world, viewer, file)
  expect(await exists(file)).toBe(false)
})

test('one that a campaign no longer plays can be deleted', async () => {
  const [old, other] = [await readyFile(), await readyFile()]
  const { id } = await campaign(old)
  await updateCampaign(deps, viewer, {
    id,
    content: {
      voiceFiles: [{ type: 'start', voiceFileId: other }],
      actionButtons: [{ button: '1', action: 'accept' }],
    },
  })
  await deleteVoiceFile(world, viewer, old)
  expect(await codeOf(() => deleteVoiceFile(world, viewer, other))).toBe('VOICE_FILE_IN_USE')
})

test.runIf(onPostgres)('whoever comes first, no campaign is left with a file that is gone', async () => {
  const seen = { created: 0, deleted: 0 }
  // Until both have come first, which takes longer on a busy machine.
  for (let round = 0; round < 40 || (Math.min(seen.created, seen.deleted) === 0 && round < 400); round++) {
    const file = await readyFile()
    // One begins a little later than the other, now this one and now that one.
    const wait = () => new Promise((resolve) => setTimeout(resolve, Math.floor(round / 4)))
    const [created, deleted] = await Promise.allSettled([
      round % 2 === 0 ? campaign(file) : wait().then(() => campaign(file)),
      round % 2 === 0 ? wait().then(() => deleteVoiceFile(world, viewer, file)) : deleteVoiceFile(world, viewer, file),
    ])
    const codes = [created, deleted].map((one) => (one.status === 'rejected' ? one.reason.code : 'done'))
    expect([
      ['VALIDATION_FAILED', 'done'],
      ['done', 'VOICE_FILE_IN_USE'],
    ]).toContainEqual(codes)
    expect(await exists(file)).toBe(created.status === 'fulfilled')
    seen[created.status === 'fulfilled' ? 'created' : 'deleted']++
  }
  expect(Math.min(seen.created, seen.deleted)).toBeGreaterThan(0)
})
