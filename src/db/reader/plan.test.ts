import { describe, expect, it } from 'vitest'
import { decoderOf, readDate, rowSql } from './decode.ts'
import { delegate, testReader } from './test-reader.ts'

const bench = testReader()

describe('plans', () => {
  it('hold no value: one text for all values of a shape', async () => {
    const evil = `'; DROP TABLE link; -- " $1 {"?":1} %`
    const read = (text: string, take: number) =>
      bench.a.link.findMany({ where: { OR: [{ name: text }, { slug: { in: [text, text] } }] }, take, skip: take })
    expect(await read(evil, 1)).toEqual([])
    await read('?', 2)
    await read('"?[]"', 3)
    expect(new Set(bench.statements.map(({ text }) => text)).size).toBe(1)
    expect(bench.statements[0]!.text).not.toMatch(/DROP/)
    expect(bench.statements[0]!.values).toContain(evil)
  })

  it('take no names but those of the schema', async () => {
    const forged = { 'name":"?"},"take":"?","where":{"slug': 'x' }
    await expect(delegate(bench.a, 'Link').findMany({ where: forged })).rejects.toThrow()
    expect(bench.statements).toEqual([])
  })

  it('read rows wider than the arguments a function takes', async () => {
    const names = Array.from({ length: 250 }, (_, i) => `f${i}`)
    const row = await bench.db.query<{ j: unknown[] }>({
      text: `SELECT ${rowSql(names.map((_, i) => `${i}`))} j`,
      values: [],
    } as never)
    const decode = decoderOf(names.map((name) => ({ name, as: 'value' })))
    expect(decode(row[0]!.j)).toEqual(Object.fromEntries(names.map((name, i) => [name, i])))
  })

  it.each([
    '2026-01-02T03:04:05+00:00',
    '2026-01-02T03:04:05.1+00:00',
    '1969-12-31T23:59:59.999999+00:00',
    '2026-01-02T03:04:05.12+05:30',
    '0099-01-02T03:04:05.123+00:00',
  ])('read the date %s', (text) => expect(readDate(text)).toEqual(new Date(text)))

  it('are told apart by model, method and each argument', async () => {
    await bench.a.link.findMany({ where: { name: 'x' } })
    await bench.a.contact.findMany({ where: { name: 'x' } })
    await bench.a.link.findFirst({ where: { name: 'x' } })
    await bench.a.link.findMany({ where: { NOT: { name: 'x' } } })
    await bench.a.link.findMany({ where: { name: { equals: 'x', mode: 'insensitive' } } })
    expect(new Set(bench.statements.map(({ text }) => text)).size).toBe(5)
  })
})
