import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAllow } from '../../platform/address-rules.ts'
import { objectionTo } from './judge.ts'

test.each([
  ['1.1.1.1'],
  ['8.8.8.8'],
  ['93.184.216.34'],
  ['9.255.255.255'],
  ['11.0.0.0'],
  ['100.63.255.255'],
  ['100.128.0.0'],
  ['126.255.255.255'],
  ['128.0.0.0'],
  ['169.253.255.255'],
  ['169.255.0.0'],
  ['172.15.255.255'],
  ['172.32.0.0'],
  ['192.167.255.255'],
  ['192.169.0.0'],
  ['198.17.255.255'],
  ['198.20.0.0'],
  ['223.255.255.255'],
  ['2606:4700:4700::1111'],
  ['2a00:1450:4001:800::200e'],
  ['::ffff:8.8.8.8'],
  ['64:ff9b::8.8.8.8'],
])('%s is public', (address) => {
  expect(objectionTo(address, [])).toBeUndefined()
})

test.each([
  ['0.0.0.0', 'an unspecified'],
  ['0.1.2.3', 'an unspecified'],
  ['10.0.0.1', 'a private'],
  ['10.255.255.255', 'a private'],
  ['100.64.0.1', 'a carrier-grade NAT'],
  ['100.100.100.200', 'a carrier-grade NAT'],
  ['127.0.0.1', 'a loopback'],
  ['127.255.255.254', 'a loopback'],
  ['168.63.129.16', 'a reserved'],
  ['169.254.169.254', 'a link-local'],
  ['172.16.0.1', 'a private'],
  ['172.31.255.255', 'a private'],
  ['192.0.0.192', 'a reserved'],
  ['192.0.2.1', 'a reserved'],
  ['192.88.99.1', 'a reserved'],
  ['192.168.0.1', 'a private'],
  ['198.18.0.1', 'a reserved'],
  ['198.19.255.255', 'a reserved'],
  ['198.51.100.1', 'a reserved'],
  ['203.0.113.1', 'a reserved'],
  ['224.0.0.1', 'a multicast'],
  ['239.255.255.255', 'a multicast'],
  ['240.0.0.1', 'a reserved'],
  ['255.255.255.255', 'a broadcast'],
  ['::', 'an unspecified'],
  ['::1', 'a loopback'],
  ['0:0:0:0:0:0:0:1', 'a loopback'],
  ['::127.0.0.1', 'a reserved'],
  ['::8.8.8.8', 'a reserved'],
  ['::ffff:127.0.0.1', 'a loopback'],
  ['::ffff:7f00:1', 'a loopback'],
  ['0:0:0:0:0:ffff:a9fe:a9fe', 'a link-local'],
  ['::ffff:0:127.0.0.1', 'a special-purpose'],
  ['64:ff9b::127.0.0.1', 'a loopback'],
  ['64:ff9b::a9fe:a9fe', 'a link-local'],
  ['64:ff9b:1::808:808', 'a special-purpose'],
  ['100::1', 'a special-purpose'],
  ['2001::1', 'a special-purpose'],
  ['2001:0:808:808::f7f7:f7f7', 'a special-purpose'],
  ['2001:db8::1', 'a reserved'],
  ['2002:7f00:1::', 'a special-purpose'],
  ['2002:808:808::', 'a special-purpose'],
  ['3fff::1', 'a reserved'],
  ['4000::1', 'a reserved'],
  ['5f00::1', 'a special-purpose'],
  ['fc00::1', 'a private'],
  ['fd00:ec2::254', 'a private'],
  ['fe80::1', 'a link-local'],
  ['fe80::1%eth0', 'a link-local'],
  ['fec0::1', 'a special-purpose'],
  ['ff02::1', 'a multicast'],
  ['0177.0.0.1', 'not an'],
  ['127.1', 'not an'],
  ['2130706433', 'not an'],
  ['localhost', 'not an'],
  ['', 'not an'],
])('%s is %s address', (address, kind) => {
  expect(objectionTo(address, [])).toBe(kind)
})

test.each([
  ['127.0.0.1', '127.0.0.1', undefined],
  ['127.0.0.1', '::ffff:127.0.0.1', undefined],
  ['127.0.0.1', '64:ff9b::127.0.0.1', undefined],
  ['127.0.0.1', '127.0.0.2', 'a loopback'],
  ['::ffff:127.0.0.0/104', '127.1.2.3', undefined],
  ['::/0', '127.0.0.1', 'a loopback'],
  ['::/0', '::ffff:127.0.0.1', 'a loopback'],
  ['64:ff9b::/96', '64:ff9b::127.0.0.1', 'a loopback'],
  ['2002::/16', '2002:808:808::', undefined],
  ['2002::/16', '2002:7f00:1::', 'a loopback'],
  ['2002::/16,127.0.0.0/8', '2002:7f00:1::', undefined],
  ['127.0.0.0/8', '2002:7f00:1::', 'a special-purpose'],
  ['2001::/32', '2001:0:808:808::80ff:fffe', 'a loopback'],
  ['fd00::/8', 'fd12::1', undefined],
  ['localhost', '127.0.0.1', 'a loopback'],
  ['0.0.0.0/0', '0177.0.0.1', 'not an'],
])('%j allowed: the objection to %s is %s', (allow, address, objection) => {
  expect(objectionTo(address, parseAllow(allow).rules)).toBe(objection)
})

/** Written down anew from the RFCs, as the first and last address of each, so that it is not the code's own list. */
const CLOSED: [string, string][] = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '255.255.255.255'],
]
const numberOf = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
const bytesOf = (n: number) => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255)
const dotted = (n: number) => bytesOf(n).join('.')
const hex = (n: number) => `${(n >>> 16).toString(16)}:${(n & 0xffff).toString(16)}`

const closed = fc
  .constantFrom(...CLOSED)
  .chain(([first, last]) => fc.integer({ min: numberOf(first), max: numberOf(last) }))

/** Every way to write an IPv4 address, or to carry it inside of an IPv6 one. */
const SPELLINGS: ((n: number) => string)[] = [
  dotted,
  (n) => `::ffff:${dotted(n)}`,
  (n) => `::FFFF:${hex(n)}`,
  (n) => `0:0:0:0:0:ffff:${hex(n)}`,
  (n) => `::${dotted(n)}`,
  (n) => `::ffff:0:${dotted(n)}`,
  (n) => `64:ff9b::${hex(n)}`,
  (n) => `64:ff9b:1::${hex(n)}`,
  (n) => `2002:${hex(n)}::1`,
  (n) => `2001:0:808:808:0:0:${hex(~n >>> 0)}`,
]

describe('properties', () => {
  test('nothing of the closed ranges passes without a rule, however it is written', () => {
    fc.assert(
      fc.property(closed, fc.constantFrom(...SPELLINGS), (n, spell) => {
        expect([spell(n), objectionTo(spell(n), [])]).toEqual([spell(n), expect.any(String)])
      }),
      { numRuns: 5_000 },
    )
  })

  test('a rule for other addresses changes nothing', () => {
    const { rules } = parseAllow('8.8.8.0/24,2606:4700::/32,hooks.internal,*.example')
    fc.assert(
      fc.property(closed, fc.constantFrom(...SPELLINGS), (n, spell) => {
        expect(objectionTo(spell(n), rules)).toEqual(expect.any(String))
      }),
    )
  })

  test('private and local addresses of version 6 never pass', () => {
    const head = fc.constantFrom('fc', 'fd', 'fe8', 'fe9', 'fea', 'feb', 'fec', 'ff', '01', '00', '1', '4', '8', 'e')
    fc.assert(
      fc.property(head, fc.bigInt({ min: 0n, max: 2n ** 112n }), (first, rest) => {
        const digits = (first.padEnd(4, '0') + rest.toString(16).padStart(28, '0')).slice(0, 32)
        const address = digits.match(/.{4}/g)!.join(':')
        expect([address, objectionTo(address, [])]).toEqual([address, expect.any(String)])
      }),
      { numRuns: 2_000 },
    )
  })

  test('an ordinary public address passes', () => {
    // First bytes that IANA has given to registries as a whole, none of them home to an exception.
    const first = fc.constantFrom(1, 8, 9, 11, 23, 52, 93, 126, 128, 151, 193, 208, 223)
    fc.assert(
      fc.property(first, fc.integer({ min: 0, max: 2 ** 24 - 1 }), (byte, rest) => {
        expect(objectionTo(dotted(byte * 2 ** 24 + rest), [])).toBeUndefined()
      }),
    )
  })
})
