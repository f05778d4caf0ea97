import { expect, test } from 'vitest'
import type { World } from '../world.ts'
import { settleAbandoned } from './settle-abandoned.ts'
import { analyzeResponseTask, processAnswerTask } from './tasks.ts'

test('whatever was given up is looked at, also behind what stays listed though it was settled', async () => {
  const listed = [analyzeResponseTask, processAnswerTask].flatMap(({ name }) =>
    Array.from({ length: 5 }, (_, index) => ({ name, workspaceId: `${name} ${index}` })),
  )
  const queue = {
    // Two at a time.
    abandoned: async ({ name }: { name: string }, { skip = 0 }: { skip?: number } = {}) =>
      listed.filter((each) => each.name === name).slice(skip, skip + 2) as any[],
  }
  const seen: string[] = []
  const events = { write: async (workspaceId: string) => Math.sign(seen.push(workspaceId)) }
  const world = { events } as unknown as World
  expect(await settleAbandoned({ world, queue }, new AbortController().signal)).toBe(10)
  expect(seen).toEqual(listed.map(({ workspaceId }) => workspaceId))
})
