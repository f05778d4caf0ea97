import { expect, test } from 'vitest'
import { eachWorkspace } from './each-workspace.ts'

const places = ['a', 'b', 'c', 'd'].map((workspaceId, n) => ({ workspaceId, n }))

test('each has its turn, also after one that fails; what failed is thrown at the end', async () => {
  const seen: string[] = []
  const attempt = eachWorkspace(places, async ({ workspaceId, n }) => {
    seen.push(workspaceId)
    if (n % 2 === 1) throw new Error(`no ${n}`)
    return n
  })
  await expect(attempt).rejects.toMatchObject({
    message: '2 failed, the first of workspace b: no 1',
    errors: [{ message: 'of workspace b: no 1' }, { message: 'of workspace d: no 3' }],
  })
  expect(seen).toEqual(['a', 'b', 'c', 'd'])
  const one = eachWorkspace(places.slice(0, 2), ({ n }) =>
    n === 1 ? Promise.reject(new Error('no')) : Promise.resolve(n),
  )
  await expect(one).rejects.toThrow('of workspace b: no')
})

test('what they return is added up', async () => {
  expect(await eachWorkspace(places, async ({ n }) => n)).toBe(6)
  expect(await eachWorkspace([], async () => 1)).toBe(0)
})
