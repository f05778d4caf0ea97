import { beforeEach, expect, test } from 'vitest'
import { tablesWith } from '../../../test/kit/tables-with.ts'
import { testWorld } from '../../../test/kit/world.ts'
import { sql } from '../../db/sql.ts'
import {
  addMessage,
  addMessages,
  type ContentPolicy,
  createMessageWriter,
  findMessages,
  listMessages,
  type MessageInput,
  updateMessageSettings,
} from './index.ts'

const kit = await testWorld()
const deps = { world: kit.world, writer: createMessageWriter(kit.world) }
const WORDS = 'Rumpelstiltskin is my name'

beforeEach(() => kit.db.script('TRUNCATE message, idempotency'))

const keepAs = (contentPolicy: ContentPolicy) => updateMessageSettings(kit.world, kit.viewer, { contentPolicy })
const message = (textContent = WORDS): MessageInput => ({
  ...{ direction: 'in', channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' },
  ...{ customerChannelIdentifier: '+31687654321', conversation: '1', agent: 'ann' },
  content: { textContent, media: [{ type: 'IMAGE', url: `https://example.com/${encodeURIComponent(textContent)}` }] },
})
/** What is shown of messages by id, in the order of the ids. */
async function contents(ids: readonly string[]): Promise<unknown[]> {
  const found = await findMessages(kit.world, kit.workspaceId, ids)
  return ids.map((id) => found.find((one) => one.id === id)!.content)
}

test('what is encrypted stands nowhere in plain text, and is shown as it was', async () => {
  await keepAs('encrypt')
  const one = await addMessage(deps, kit.viewer, message(), { idempotencyKey: 'one' })
  const [two, empty] = await addMessages(deps, kit.viewer, [message(), { ...message(), content: null }])
  for (const part of [WORDS, 'Rumpel', 'textContent', 'example.com']) expect(await tablesWith(kit.db, part)).toEqual([])
  const { content } = message()
  expect(await contents([one.id, two!.ok!.id, empty!.ok!.id])).toEqual([content, content, null])
  expect((await listMessages(kit.world, kit.viewer, { limit: 10 })).map((each) => each.content)).toContainEqual(content)
  // Equal words do not look equal.
  const sealed = await kit.db.query<{ sealed: string }>(
    sql`SELECT sealed_content AS sealed FROM message WHERE sealed_content IS NOT NULL`,
  )
  expect(new Set(sealed.map((row) => row.sealed)).size).toBe(2)
})

test('sealed words belong to their message', async () => {
  await keepAs('encrypt')
  const [one, two] = await addMessages(deps, kit.viewer, [message('one'), message('two')])
  await kit.db.query(
    sql`UPDATE message SET sealed_content = (SELECT sealed_content FROM message WHERE id = ${one!.ok!.id}::uuid)
        WHERE id = ${two!.ok!.id}::uuid`,
  )
  await expect(contents([two!.ok!.id])).rejects.toThrow()
  expect(await contents([one!.ok!.id])).toEqual([message('one').content])
})

test('what is dropped is not stored at all', async () => {
  await keepAs('drop')
  const { id } = await addMessage(deps, kit.viewer, message(), { idempotencyKey: 'dropped' })
  expect(await tablesWith(kit.db, 'Rumpel')).toEqual([])
  expect(await contents([id])).toEqual([null])
})

test('a setting is for what comes from then on; what is there stays as it is, and is read', async () => {
  const ids: string[] = []
  for (const policy of ['keep', 'encrypt', 'drop', 'encrypt', 'keep'] as const) {
    await keepAs(policy)
    ids.push((await addMessage(deps, kit.viewer, message(policy))).id)
  }
  expect(await contents(ids)).toEqual([
    ...[message('keep').content, message('encrypt').content, null],
    ...[message('encrypt').content, message('keep').content],
  ])
  const rows = await kit.db.query<{ kept: boolean; sealed: boolean }>(
    sql`SELECT content IS NOT NULL AS kept, sealed_content IS NOT NULL AS sealed FROM message ORDER BY seq`,
  )
  expect(rows.map(({ kept, sealed }) => (kept ? 'keep' : sealed ? 'encrypt' : 'drop'))).toEqual([
    ...['keep', 'encrypt', 'drop', 'encrypt', 'keep'],
  ])
})
