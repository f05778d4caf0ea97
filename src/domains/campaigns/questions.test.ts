import { expect, test } from 'vitest'
import type { Queryable } from '../../db/database.ts'
import { askedInFull } from './questions.ts'

test('answers of many respondents are read some at a time', async () => {
  const ids = Array.from({ length: 1_201 }, (_, index) => `respondent ${index}`)
  const pages: string[][] = []
  const db = {
    async query({ values }: { values: readonly unknown[] }) {
      const page = values.find((value) => Array.isArray(value)) as string[]
      pages.push(page)
      return page.map((id) => ({ respondent_id: id, answers: id.endsWith('7') ? { stars: 5 } : {} }))
    },
  } as unknown as Queryable
  const stars = { fieldKey: 'stars', condition: {} }
  const script = { asks: [stars], conditions: [stars] } as unknown as Parameters<typeof askedInFull>[2]
  expect([...(await askedInFull(db, 'workspace', script, ids))]).toEqual(ids.filter((id) => id.endsWith('7')))
  expect(pages.flat()).toEqual(ids)
  expect(pages.map(({ length }) => length)).toEqual([500, 500, 201])
})
