import { expect, test } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../../test/kit/database.ts'
import { sql } from '../db/sql.ts'
import { createLogger } from '../platform/logger.ts'
import { createQueue, defineTask, implementTask } from './index.ts'

const task = defineTask({ name: 'convert', payload: z.object({ n: z.int() }) })

test('what failed for good is named page by page, the oldest first, and can be asked for alone', async () => {
  const db = await testDatabase()
  const queue = createQueue({ db, logger: createLogger('silent') })
  await queue.start([implementTask(task, () => {})], { work: false })
  // The later it is written down, the older it is.
  await db.query(
    sql`INSERT INTO pgboss.job (name, data, state, created_on)
        SELECT 'convert', jsonb_build_object('n', i), 'failed', now() - i * interval '1 second'
        FROM generate_series(1, 1200) i`,
  )
  const page = async (skip: number) => (await queue.abandoned(task, { skip })).map(({ n }) => n)
  expect(await page(0)).toEqual(Array.from({ length: 1_000 }, (_, index) => 1_200 - index))
  expect(await page(1_000)).toEqual(Array.from({ length: 200 }, (_, index) => 200 - index))
  expect(await page(1_200)).toEqual([])
  expect(await queue.abandoned(task, { payload: { n: 3 } })).toEqual([{ n: 3 }])
  expect(await queue.abandoned(task, { payload: { n: 0 } })).toEqual([])
  await queue.stop(1_000)
})
