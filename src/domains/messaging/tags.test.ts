import { describe, expect, test } from 'vitest'
import { readTags, tagFilter } from './tags.ts'

test.each([
  ['VIP', 'user:VIP'],
  [' VIP ', 'user:VIP'],
  ['user:VIP', 'user:VIP'],
  ['user: VIP', 'user:VIP'],
  ['team:Sales', 'team:Sales'],
  ['system:paid_template', 'system:paid_template'],
  // Another prefix is none, and so is one in capitals.
  ['area:north', 'user:area:north'],
  ['Team:Sales', 'user:Team:Sales'],
  ['user:user:VIP', 'user:user:VIP'],
  [' ', ''],
  ['team: ', ''],
])('%j means %j', (text, tag) => {
  expect(tagFilter(text)).toBe(tag)
})

describe('the tags of a message', () => {
  test('are each there once, without blank ones', () => {
    expect(readTags(['VIP', 'user:VIP', '', 'vip', 'team: ', 'Finance', ' VIP'])).toEqual({
      tags: ['user:VIP', 'user:vip', 'user:Finance'],
      automatic: false,
      paid: false,
      team: null,
    })
  })

  test('name one team, the first', () => {
    expect(readTags(['VIP', 'team:Sales', 'team:Support', 'team:Sales'])).toEqual({
      tags: ['user:VIP', 'team:Sales'],
      automatic: false,
      paid: false,
      team: 'Sales',
    })
  })

  test('say what it is', () => {
    expect(readTags(['system:automatic_reply'])).toMatchObject({ automatic: true, paid: false })
    expect(readTags(['system:paid_template'])).toMatchObject({ automatic: false, paid: true })
    expect(readTags(['system:free_template', 'paid_template', 'user:system:paid_template'])).toMatchObject({
      automatic: false,
      paid: false,
    })
  })

  test('may be none', () => {
    expect(readTags([])).toEqual({ tags: [], automatic: false, paid: false, team: null })
  })
})
