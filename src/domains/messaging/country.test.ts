import { expect, test } from 'vitest'
import { countryOfCustomer } from './country.ts'

test.each([
  ['+31687654321', 'NL'],
  ['+31 6 8765-4321', 'NL'],
  ['0031687654321', 'NL'],
  ['31687654321', 'NL'],
  [' +358401234567 ', 'FI'],
  // Those who share a calling code.
  ['+12125550100', 'US'],
  ['+14165550123', 'CA'],
  ['14165550123', 'CA'],
  ['+18765551234', 'JM'],
  ['+447400123456', 'GB'],
  ['+447781123456', 'GG'],
  ['+79123456789', 'RU'],
  ['+77012345678', 'KZ'],
  ['+390612345678', 'IT'],
  ['+390669812345', 'VA'],
  // Of a country by its prefix, though the plan does not have it.
  ['+310000000000', 'NL'],
  // Digits that are no number of the plan may be anything.
  ['310000000000', null],
  ['12345678', null],
  // Of no country, or of two.
  ['+870773111632', null],
  ['+80012345678', null],
  ['+262639123456', null],
  ['0612345678', null],
  ['06 12345678', null],
  ['1234567', null],
  ['1234567890123456', null],
  ['+', null],
  ['00', null],
  ['', null],
  ['+0031687654321', null],
  ['teddy@teddies.com', null],
  ['@teddy', null],
  ['+31687654321@c.us', null],
])('%j is of %s', (identifier, country) => {
  expect(countryOfCustomer(identifier)).toBe(country)
})
