import fc from 'fast-check'
import { expect, test } from 'vitest'
import { refusal } from '../../test/kit/world.ts'
import { decodeEventCursor, encodeEventCursor } from './cursor.ts'

const mine = '0193a1f0-1234-7abc-89de-0123456789ab'
const theirs = '0193a1f0-1234-7abc-89de-0123456789ac'
const INVALID = {
  code: 'INVALID_CURSOR',
  message: 'This is not a cursor of your event log.',
  path: ['after'],
  details: {},
}

test('a cursor comes back as its position', () => {
  fc.assert(
    fc.property(
      fc.nat(Number.MAX_SAFE_INTEGER).map((n) => n % 1e15),
      (position) => {
        expect(decodeEventCursor(mine, encodeEventCursor(mine, position))).toBe(position)
      },
    ),
  )
})

const cursor = encodeEventCursor(mine, 7)
const written = (text: string) => Buffer.from(text).toString('base64url')
test.each([
  ['of another workspace', encodeEventCursor(theirs, 12)],
  ['empty', ''],
  ['garbage', 'not a cursor'],
  ['cut', cursor.slice(0, -2)],
  ['longer', `${cursor}AAAA`],
  ['padded', `${cursor}==`],
  ['with a line break', `${cursor}\n`],
  ['with a stray character', `${cursor.slice(0, 5)}!${cursor.slice(5)}`],
  ['of another version', written(`e2:${mine}:12`)],
  ['with a sign', written(`e1:${mine}:-1`)],
  ['with leading zeros', written(`e1:${mine}:012`)],
  ['beyond exact numbers', written(`e1:${mine}:${'9'.repeat(16)}`)],
  ['with a fraction', written(`e1:${mine}:1.5`)],
  ['without a position', written(`e1:${mine}:`)],
])('one %s is refused in the same words', async (_, text) => {
  expect(await refusal(() => decodeEventCursor(mine, text))).toEqual(INVALID)
})
