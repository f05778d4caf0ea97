import fc from 'fast-check'
import { expect, it } from 'vitest'
import { findManyArguments } from './test-arguments.ts'
import { bound, delegate, forget, models, testReader } from './test-reader.ts'

const bench = testReader()

it('reads what Prisma reads, whatever is asked', { timeout: 60_000 }, async () => {
  const seed = Number(process.env.FC_SEED) || undefined
  await fc.assert(
    fc.asyncProperty(findManyArguments(models, bench.values), fc.nat(3), async ([model, args], n) => {
      forget(bench)
      const actual = await delegate(bench.a, model).findMany(args)
      expect(actual).toStrictEqual(await delegate(bench.db.prisma, model).findMany(bound(model, args)))
      expect(bench.fallbacks).toEqual([])
      expect(bench.statements).toHaveLength(1)
      // The id is unique, so `distinct` changes nothing but the way the read takes.
      if (n === 0) expect(await delegate(bench.a, model).findMany({ ...args, distinct: ['id'] })).toStrictEqual(actual)
    }),
    { numRuns: Number(process.env.FC_RUNS) || 400, ...(seed === undefined ? {} : { seed }) },
  )
})
