import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { onPostgres } from '../../test/kit/database.ts'
import { openEmbedded } from './embedded.ts'
import { FolderInUseError, lockFolder } from './folder-lock.ts'
import { sql } from './sql.ts'

const root = await mkdtemp(join(tmpdir(), 'saygraph-lock-'))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rm(root, { recursive: true }))

const folder = () => mkdtemp(join(root, 'data-'))

/** Another process that runs `program`; resolves with what it says first. */
async function elsewhere(program: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [chunk] = await once(child.stdout!, 'data')
  return { child, said: String(chunk).trim() }
}

const locking = (path: string) => `
  import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)}
  try { lockFolder(${JSON.stringify(path)}); console.log('locked') } catch (error) { console.log(error.name + ': ' + error.message) }
  setInterval(() => {}, 1000)`

const refusal = (path: string, owner: number) =>
  `The data folder ${path} is in use by another Saygraph process (process ${owner}). ` +
  'Stop it, or give this one another DATA_DIR; several processes need DATABASE_URL.'

test('a second process is refused with a line that says who has the folder', async () => {
  const path = await folder()
  const unlock = lockFolder(path)
  expect((await elsewhere(locking(path))).said).toBe(`FolderInUseError: ${refusal(path, process.pid)}`)
  unlock()
  expect((await elsewhere(locking(path))).said).toBe('locked')
})

test('so is the same process, and the first lock holds on', async () => {
  const path = await folder()
  const unlock = lockFolder(path)
  expect(() => lockFolder(path)).toThrow(FolderInUseError)
  expect(() => lockFolder(path)).toThrow(refusal(path, process.pid))
  expect((await elsewhere(locking(path))).said).toMatch(/^FolderInUseError/)
  unlock()
  lockFolder(path)()
})

test('a killed owner leaves the folder free, whatever its number says', async () => {
  const path = await folder()
  const { child, said } = await elsewhere(locking(path))
  expect(said).toBe('locked')
  expect(() => lockFolder(path)).toThrow(refusal(path, child.pid!))
  child.kill('SIGKILL')
  await once(child, 'exit')
  const unlock = lockFolder(path)
  unlock()
})

test('a folder that cannot be written is not said to be in use', async () => {
  expect(() => lockFolder(join(root, 'not-there'))).not.toThrow(FolderInUseError)
  expect(() => lockFolder(join(root, 'not-there'))).toThrow('unable to open database file')
})

describe.skipIf(onPostgres)('the embedded database', () => {
  test('keeps its data, is refused to a second opener, and is free again after closing', async () => {
    const path = join(await folder(), 'made', 'when', 'needed')
    const db = await openEmbedded({ folder: path })
    await db.script('CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)')
    await expect(openEmbedded({ folder: path })).rejects.toThrow(refusal(path, process.pid))
    expect(await db.query(sql`SELECT id FROM kept`)).toEqual([{ id: 7 }])
    await db.close()
    const again = await openEmbedded({ folder: path })
    expect(await again.query(sql`SELECT id FROM kept`)).toEqual([{ id: 7 }])
    await again.close()
  })

  test('survives an owner that was killed', async () => {
    const path = await folder()
    const opening = `
      import { openEmbedded } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)}
      const db = await openEmbedded({ folder: ${JSON.stringify(path)} })
      await db.script('CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)')
      console.log('written')
      setInterval(() => {}, 1000)`
    const { child, said } = await elsewhere(opening)
    expect(said).toBe('written')
    await expect(openEmbedded({ folder: path })).rejects.toThrow(refusal(path, child.pid!))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const db = await openEmbedded({ folder: path })
    expect(await db.query(sql`SELECT id FROM kept`)).toEqual([{ id: 7 }])
    await db.close()
  })
})
