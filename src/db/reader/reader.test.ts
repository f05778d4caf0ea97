import { describe, expect, it } from 'vitest'
import type { ReadMethod } from './plan.ts'
import { A, id } from './test-population.ts'
import { bound, delegate, testReader } from './test-reader.ts'

const bench = testReader()

const byId = { orderBy: { id: 'asc' } }
const tables: [name: string, model: string, method: ReadMethod, args: Record<string, unknown>][] = [
  ['nothing', 'Link', 'findMany', byId],
  ['every column of every type', 'Question', 'findMany', byId],
  ['lists', 'ApiKey', 'findMany', byId],
  ['JSON null and SQL null', 'Answer', 'findMany', byId],
  ['scalar equality', 'Link', 'findMany', { ...byId, where: { name: 'A Secret', responseCount: 1 } }],
  ['undefined', 'Link', 'findMany', { ...byId, where: { name: undefined, slug: { not: undefined } }, take: undefined }],
  ['null', 'Link', 'findMany', { ...byId, where: { maxResponses: null } }],
  ['not null', 'Link', 'findMany', { ...byId, where: { maxResponses: { not: null } } }],
  ['in', 'Link', 'findMany', { ...byId, where: { id: { in: [id(1, 2, 0), id(1, 2, 3), id(2, 2, 4)] } } }],
  ['in nothing', 'Link', 'findMany', { ...byId, where: { id: { in: [] } } }],
  ['notIn', 'Link', 'findMany', { ...byId, where: { status: { notIn: ['paused'] } } }],
  [
    'comparisons',
    'Link',
    'findMany',
    { ...byId, where: { createdAt: { gt: new Date('2026-01-02'), lte: new Date('2026-01-05') } } },
  ],
  [
    'pieces of text',
    'Link',
    'findMany',
    { ...byId, where: { name: { contains: 'e', startsWith: 'A', endsWith: 't' } } },
  ],
  ['regardless of case', 'Link', 'findMany', { ...byId, where: { name: { contains: 'SECRET', mode: 'insensitive' } } }],
  [
    'equal regardless of case',
    'Link',
    'findMany',
    { ...byId, where: { name: { equals: 'a sECRET', mode: 'insensitive' } } },
  ],
  ['has', 'ApiKey', 'findMany', { ...byId, where: { scopes: { has: 'write' } } }],
  [
    'AND, OR, NOT',
    'Link',
    'findMany',
    { ...byId, where: { AND: { legacyId: { lt: 5 } }, OR: [{ slug: 'l1' }, { slug: 'l2' }], NOT: [{ legacyId: 1 }] } },
  ],
  ['OR of nothing', 'Link', 'findMany', { ...byId, where: { OR: [] } }],
  ['not of several', 'Link', 'findMany', { ...byId, where: { maxResponses: { not: { gt: 1, lt: 5 } } } }],
  ['some', 'Link', 'findMany', { ...byId, where: { questions: { some: { prompt: 'Prompt 1' } } } }],
  ['none', 'Link', 'findMany', { ...byId, where: { questions: { none: { prompt: 'Prompt 1' } } } }],
  ['every', 'Link', 'findMany', { ...byId, where: { questions: { every: { order: { lt: 2 } } } } }],
  ['is', 'Respondent', 'findMany', { ...byId, where: { contact: { is: { name: 'Person 1' } } } }],
  ['not is', 'Respondent', 'findMany', { ...byId, where: { NOT: { contact: { is: { name: 'Person 1' } } } } }],
  ['isNot', 'Respondent', 'findMany', { ...byId, where: { contact: { isNot: { name: 'Person 1' } } } }],
  ['is for short', 'Respondent', 'findMany', { ...byId, where: { contact: { name: 'Person 1' } } }],
  [
    'order with nulls',
    'Link',
    'findMany',
    { orderBy: [{ maxResponses: { sort: 'desc', nulls: 'last' } }, { id: 'asc' }] },
  ],
  ['take and skip', 'Link', 'findMany', { ...byId, take: 2, skip: 1 }],
  ['take without order', 'Link', 'findMany', { take: 2 }],
  ['take nothing', 'Link', 'findMany', { take: 0 }],
  ['take from the end', 'Link', 'findMany', { orderBy: [{ maxResponses: 'desc' }, { id: 'asc' }], take: -2, skip: 1 }],
  [
    'cursor',
    'Link',
    'findMany',
    { orderBy: [{ name: 'desc' }, { id: 'asc' }], cursor: { id: id(1, 2, 3) }, skip: 1, take: 2 },
  ],
  [
    'cursor backwards',
    'Link',
    'findMany',
    { cursor: { workspaceId_id: { workspaceId: A, id: id(1, 2, 3) } }, take: -2 },
  ],
  ['cursor that is not there', 'Link', 'findMany', { cursor: { id: id(1, 2, 99) }, take: 2 }],
  ['select', 'Link', 'findMany', { ...byId, select: { id: true, name: false, createdAt: true } }],
  ['include', 'Link', 'findMany', { ...byId, include: { questions: { ...byId, take: -2 }, workspace: true } }],
  ['one that may not be there', 'Respondent', 'findMany', { ...byId, include: { contact: true } }],
  ['one on the other side', 'Upload', 'findMany', { ...byId, select: { answer: { include: { question: true } } } }],
  ['one with where', 'Respondent', 'findMany', { ...byId, select: { contact: { where: { name: 'Person 1' } } } }],
  ['counts', 'Link', 'findMany', { ...byId, include: { _count: true } }],
  [
    'some counts',
    'Link',
    'findMany',
    { ...byId, select: { _count: { select: { responses: { where: { channel: 'web' } }, questions: true } } } },
  ],
  ['findFirst', 'Link', 'findFirst', { orderBy: { name: 'desc' }, select: { name: true } }],
  ['findFirst from the end', 'Link', 'findFirst', { ...byId, take: -1 }],
  ['findFirst of nothing', 'Link', 'findFirst', { where: { name: 'nobody' } }],
  ['findFirstOrThrow', 'Link', 'findFirstOrThrow', byId],
  ['findUnique', 'Link', 'findUnique', { where: { id: id(1, 2, 1), status: 'active' } }],
  ['findUnique by several', 'Link', 'findUnique', { where: { workspaceId_legacyId: { workspaceId: A, legacyId: 2 } } }],
  ['findUniqueOrThrow', 'ApiKey', 'findUniqueOrThrow', { where: { hash: 'A1' } }],
  ['count', 'Link', 'count', { where: { status: 'active' } }],
]

describe('arguments that are read in one statement', () => {
  it.each(tables)('%s: %s.%s', async (_name, model, method, args) => {
    const actual = await delegate(bench.a, model)[method](args)
    expect(actual).toStrictEqual(await delegate(bench.db.prisma, model)[method](bound(model, args)))
    expect(bench.fallbacks).toEqual([])
    expect(bench.statements).toHaveLength(1)
  })

  it('takes wildcards in a text to look for as they are', async () => {
    await bench.db.prisma.contact.update({ where: { id: id(1, 4, 0) }, data: { name: '100%_\\' } })
    for (const piece of ['100%', '%_', '_\\', '\\']) {
      expect(await bench.a.contact.count({ where: { name: { contains: piece } } })).toBe(1)
    }
    expect(await bench.a.contact.count({ where: { name: { contains: 'P%1' } } })).toBe(0)
    expect(await bench.a.contact.count({ where: { name: { equals: 'PERSON__', mode: 'insensitive' } } })).toBe(0)
    await bench.db.prisma.contact.update({ where: { id: id(1, 4, 0) }, data: { name: null } })
    expect(bench.fallbacks).toEqual([])
  })

  it('knows a relation that is not there', async () => {
    const without = [0, 3, 6].map((n) => ({ id: id(1, 5, n) }))
    const select = { id: true }
    const orderBy = { id: 'asc' } as const
    expect(await bench.a.respondent.findMany({ select, orderBy, where: { contact: null } })).toEqual(without)
    expect(await bench.a.respondent.findMany({ select, orderBy, where: { contact: { is: null } } })).toEqual(without)
    expect(await bench.a.respondent.count({ where: { contact: { isNot: null } } })).toBe(5)
  })

  it('throws what Prisma throws when nothing is found', async () => {
    const theirs = await bench.db.prisma.link.findUniqueOrThrow({ where: { id: A } }).catch((error) => error)
    const ours = await bench.a.link.findUniqueOrThrow({ where: { id: id(2, 2, 1) } }).catch((error) => error)
    expect(ours.constructor).toBe(theirs.constructor)
    expect({ ...ours }).toEqual({ ...theirs })
  })
})

describe('arguments that are left to Prisma', () => {
  const left: [string, string, ReadMethod, Record<string, unknown>][] = [
    ['distinct', 'Link', 'findMany', { ...byId, distinct: ['status'] }],
    ['a filter on JSON', 'Link', 'findMany', { ...byId, where: { settings: { path: ['a'], equals: 1 } } }],
    ['an order by a relation', 'Question', 'findMany', { orderBy: [{ link: { name: 'asc' } }, { id: 'asc' }] }],
    ['omit', 'Link', 'findMany', { ...byId, omit: { settings: true } }],
    ['hasSome', 'ApiKey', 'findMany', { ...byId, where: { scopes: { hasSome: ['write'] } } }],
    ['a date as text', 'Link', 'findMany', { ...byId, where: { createdAt: { gt: '2026-01-04T00:00:00Z' } } }],
    ['a count of a page', 'Link', 'count', { take: 2 }],
    [
      'a nested cursor',
      'Link',
      'findMany',
      { ...byId, select: { questions: { ...byId, cursor: { id: id(1, 3, 4) } } } },
    ],
  ]
  it.each(left)('%s: %s.%s', async (_name, model, method, args) => {
    const actual = await delegate(bench.a, model)[method](args)
    expect(actual).toStrictEqual(await delegate(bench.db.prisma, model)[method](bound(model, args)))
    expect(bench.fallbacks).toHaveLength(1)
    expect(bench.statements).toHaveLength(0)
  })

  const refused: [string, ReadMethod, unknown][] = [
    ['an unknown field', 'findMany', { where: { nope: 1 } }],
    ['an unknown argument', 'findMany', { nope: 1 }],
    ['null where it cannot be', 'findMany', { where: { name: null } }],
    ['where: null', 'findMany', { where: null }],
    ['a number for a text', 'findMany', { where: { name: 1 } }],
    ['no UUID', 'findMany', { where: { id: "' OR true --" } }],
    ['no value of the enum', 'findMany', { where: { status: { in: ['active', 'nope'] } } }],
    ['an empty select', 'findMany', { select: {} }],
    ['select and include', 'findMany', { select: { id: true }, include: { questions: true } }],
    ['a negative skip', 'findMany', { skip: -1 }],
    ['no key', 'findUnique', { where: { name: 'link 2' } }],
    ['several rows of a findFirst', 'findFirst', { take: 2 }],
    ['a key of several fields in findMany', 'findMany', { where: { workspaceId_id: { workspaceId: A, id: A } } }],
  ]
  it.each(refused)('refuses %s', async (_name, method, args) => {
    await expect(delegate(bench.a, 'Link')[method](args)).rejects.toThrow()
    expect(bench.fallbacks).toHaveLength(1)
    expect(bench.statements).toHaveLength(0)
  })

  it('brings its own differences along', async () => {
    const distinct = ['id' as const]
    expect(await bench.a.respondent.findMany({ where: { contact: null }, distinct })).toHaveLength(3)
    expect(await bench.a.respondent.findMany({ where: { NOT: { contact: { isNot: null } } }, distinct })).toHaveLength(
      3,
    )
    expect(await bench.a.contact.findMany({ where: { name: { contains: 'P%1' } }, distinct })).toHaveLength(0)
  })
})
