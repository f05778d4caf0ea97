import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filters, findManyArguments } from './test-arguments.ts'
import { A, B, id } from './test-population.ts'
import { delegate, forget, mine, models, testReader } from './test-reader.ts'

const bench = testReader()

describe('isolation', () => {
  it('never returns anything of another workspace', async () => {
    await fc.assert(
      fc.asyncProperty(findManyArguments(models, bench.values), fc.boolean(), async ([model, args], viaPrisma) => {
        const given = viaPrisma ? { ...args, distinct: ['id'] } : args
        const rows = await delegate(bench.a, model).findMany(given)
        const text = JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value))
        expect(text).not.toContain('01900002-')
        expect(text).not.toMatch(/B (house|Secret|key)|"Bf\d/)
      }),
      { numRuns: 150 },
    )
  })

  it('binds every table of every statement', async () => {
    await fc.assert(
      fc.asyncProperty(findManyArguments(models, bench.values), async ([model, args]) => {
        forget(bench)
        await delegate(bench.a, model).findMany(args)
        const { text } = bench.statements[0]!
        for (const [, table, alias] of text.matchAll(/FROM ("\w+") (t\d+)/g)) {
          expect(text).toContain(`${alias}.${table === '"workspace"' ? '"id"' : '"workspace_id"'} = $1::uuid`)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('counts the same whether or not another workspace exists', async () => {
    await fc.assert(
      fc.asyncProperty(filters(models, bench.values), async ([model, filter]) => {
        const both = await delegate(bench.db.prisma, model).count({
          where: mine(model, filter),
        })
        expect(await delegate(bench.a, model).count({ where: filter })).toBe(both)
      }),
      { numRuns: 100 },
    )
  })

  it.each([[{}], [{ distinct: ['id'] }]])(
    'answers for rows of another workspace as for unknown ones (%o)',
    async (more) => {
      const none: [string, object][] = [
        ['link', { where: { workspaceId: B } }],
        ['link', { where: { OR: [{ workspaceId: B }, { name: 'B Secret' }] } }],
        ['link', { where: { id: id(2, 2, 1) } }],
        ['question', { where: { link: { is: { name: 'B Secret' } } } }],
        ['question', { where: { workspace: { is: { name: 'B house' } } } }],
        ['workspace', { where: { links: { some: { name: 'B Secret' } } } }],
        ['workspace', { where: { id: B } }],
        ['link', { cursor: { id: id(2, 2, 0) } }],
        ['link', { cursor: { workspaceId_id: { workspaceId: B, id: id(2, 2, 0) } } }],
      ]
      for (const [model, args] of none)
        expect(await delegate(bench.a, model).findMany({ ...args, ...more })).toEqual([])
      expect(await bench.a.link.findUnique({ where: { id: id(2, 2, 1) } })).toBeNull()
      expect(
        await bench.a.link.findUnique({ where: { workspaceId_id: { workspaceId: B, id: id(2, 2, 1) } } }),
      ).toBeNull()
      expect(await bench.a.workspace.findUnique({ where: { slug: 'w2' } })).toBeNull()
    },
  )

  it('binds arguments of a kind it does not know', async () => {
    class Filter {
      workspaceId = B
    }
    const [found] = await Promise.allSettled([delegate(bench.a, 'Link').findMany({ where: new Filter() })])
    expect(found).not.toMatchObject({ value: [{}] })
    expect(found.status === 'rejected' || found.value).toEqual(found.status === 'rejected' ? true : [])
  })

  it('takes no workspace but a UUID', () => {
    for (const wrong of [undefined, '', `${A}' OR true`, null]) {
      expect(() => bench.reader.forWorkspace(wrong as string)).toThrow(TypeError)
    }
  })

  it('offers reads only', () => {
    expect(Object.keys(bench.a.link).sort()).toEqual([
      'count',
      'findFirst',
      'findFirstOrThrow',
      'findMany',
      'findUnique',
      'findUniqueOrThrow',
    ])
    expect('$queryRaw' in bench.a).toBe(false)
  })
})
