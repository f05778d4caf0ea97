import { beforeAll, expect, test } from 'vitest'
import { type TestWorld, testWorld } from '../../../test/kit/world.ts'
import type { Viewer } from '../../domains/auth/index.ts'
import { addMessage, createMessageWriter } from '../../domains/messaging/index.ts'
import type { World } from '../../domains/world.ts'
import type { Context } from '../context.ts'
import { messageLoads } from './message-loads.ts'

let t: TestWorld
let world: World
const statements: string[] = []

beforeAll(async () => {
  t = await testWorld()
  const query: World['db']['query'] = (statement) => {
    statements.push(statement.text)
    return t.db.query(statement)
  }
  world = { ...t.world, db: { ...t.db, query } }
})

/** What each operation has of its own. */
const operation = (viewer: Viewer) => messageLoads({ world, viewer } as Context)

let minute = 0
async function add(viewer: Viewer): Promise<string> {
  const { id } = await addMessage({ world: t.world, writer: createMessageWriter(t.world) }, viewer, {
    ...{ direction: 'in', channel: 'SMS', provider: 'TWILIO', time: new Date(Date.UTC(2026, 2, 2, 9, ++minute)) },
    ...{ tenantChannelIdentifier: '+31201234567', customerChannelIdentifier: '+31687654321' },
  })
  return id
}

test('what operations of one workspace load by id in one moment is one statement, and each is given its own', async () => {
  const ids = [await add(t.viewer), await add(t.viewer), await add(t.viewer)]
  statements.length = 0
  const found = await Promise.all([...ids, ids[0]!, t.world.newId()].map((id) => operation(t.viewer).message(id)))
  expect(found.map((message) => message?.id ?? null)).toEqual([...ids, ids[0], null])
  expect(statements).toHaveLength(1)
})

test('what another workspace loads in the same moment is a statement of its own, and nothing of this one', async () => {
  const [ours, theirs] = [await add(t.viewer), await add(t.otherViewer)]
  statements.length = 0
  const found = await Promise.all([
    ...[operation(t.viewer).message(ours), operation(t.viewer).message(theirs)],
    ...[operation(t.otherViewer).message(ours), operation(t.otherViewer).message(theirs)],
  ])
  expect(found.map((message) => message?.id ?? null)).toEqual([ours, null, null, theirs])
  expect(statements).toHaveLength(2)
})

test('nothing is kept: what is loaded later is read again', async () => {
  const id = await add(t.viewer)
  statements.length = 0
  const { message } = operation(t.viewer)
  await message(id)
  await message(id)
  expect(statements).toHaveLength(2)
})

test('a failure is told to all who waited for it, and the next are served', async () => {
  const id = await add(t.viewer)
  const { query } = world.db
  world.db.query = () => Promise.reject(new Error('the connection was lost'))
  const lost = await Promise.allSettled([operation(t.viewer).message(id), operation(t.viewer).message(id)])
  world.db.query = query
  expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect((await operation(t.viewer).message(id))?.id).toBe(id)
})
