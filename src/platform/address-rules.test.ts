import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { allowsAddress, allowsHost, parseAllow } from './address-rules.ts'

describe('reading a list', () => {
  test.each([
    ['', []],
    [' , ,', []],
    ['127.0.0.1', [{ kind: 'range', network: '127.0.0.1', prefix: 32 }]],
    ['10.0.0.0/8', [{ kind: 'range', network: '10.0.0.0', prefix: 8 }]],
    ['0.0.0.0/0', [{ kind: 'range', network: '0.0.0.0', prefix: 0 }]],
    ['FD00::0/8', [{ kind: 'range', network: 'fd00::', prefix: 8 }]],
    ['::1', [{ kind: 'range', network: '::1', prefix: 128 }]],
    ['::/0', [{ kind: 'range', network: '::', prefix: 0 }]],
    ['::ffff:10.0.0.0/104', [{ kind: 'range', network: '10.0.0.0', prefix: 8 }]],
    ['::7f00:1', [{ kind: 'range', network: '::7f00:1', prefix: 128 }]],
    ['::127.0.0.1', [{ kind: 'range', network: '::7f00:1', prefix: 128 }]],
    ['localhost', [{ kind: 'host', name: 'localhost' }]],
    ['Hooks_1.Internal.', [{ kind: 'host', name: 'hooks_1.internal' }]],
    ['bücher.example', [{ kind: 'host', name: 'xn--bcher-kva.example' }]],
    ['*.internal.example', [{ kind: 'subdomains', of: 'internal.example' }]],
    [
      ' a.example,192.168.1.1 ,*.b',
      [
        { kind: 'host', name: 'a.example' },
        { kind: 'range', network: '192.168.1.1', prefix: 32 },
        { kind: 'subdomains', of: 'b' },
      ],
    ],
  ])('%j', (text, rules) => {
    expect(parseAllow(text)).toEqual({ rules, faults: [] })
  })

  test.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/8x',
    '10.0.0/8',
    '10.0.0.256',
    '010.0.0.1',
    '0x7f.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    'fe80::1%eth0',
    '[::1]',
    ':::1',
    '*',
    '*.',
    '**.example',
    'a.*.example',
    '*example',
    '.example',
    'a..example',
    '-a.example',
    'a b.example',
    'hooks.internal:8080',
    'http://hooks.internal',
    'user@hooks.internal',
    'hooks.internal/path',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(130)}example`,
  ])('%j is a fault that names it', (entry) => {
    const { rules, faults } = parseAllow(`ok.example,${entry}`)
    expect(rules).toEqual([{ kind: 'host', name: 'ok.example' }])
    expect(faults).toEqual([
      `has ${JSON.stringify(entry)}, which is not an IP address, a range such as 10.0.0.0/8, or a host name such as hooks.internal or *.internal`,
    ])
  })

  test('a range must begin where it begins', () => {
    expect(parseAllow('10.1.2.3/8,fd12::1/8,::ffff:10.1.2.3/104').faults).toEqual([
      'has "10.1.2.3/8", which is not the start of its range; write 10.0.0.0/8 or 10.1.2.3',
      'has "fd12::1/8", which is not the start of its range; write fd00::/8 or fd12::1',
      'has "::ffff:10.1.2.3/104", which is not the start of its range; write 10.0.0.0/8 or 10.1.2.3',
    ])
  })
})

test.each([
  ['hooks.internal', 'hooks.internal', true],
  ['hooks.internal', 'hooks.internal.', true],
  ['hooks.internal', 'a.hooks.internal', false],
  ['hooks.internal', 'xhooks.internal', false],
  ['*.internal', 'a.internal', true],
  ['*.internal', 'b.a.internal', true],
  ['*.internal', 'internal', false],
  ['*.internal', 'ainternal', false],
  ['*.internal', 'a.internal.example', false],
  ['10.0.0.0/8', '10.0.0.1', false],
])('%j lets the host %j through: %j', (text, host, expected) => {
  expect(allowsHost(parseAllow(text).rules, host)).toBe(expected)
})

test.each([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['172.16.0.0/12', '172.31.255.255', true],
  ['172.16.0.0/12', '172.32.0.0', false],
  ['127.0.0.1', '127.0.0.2', false],
  ['0.0.0.0/0', '127.0.0.1', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '::1', true],
  ['::/0', '127.0.0.1', false],
  ['fd00::/8', 'fdff::1', true],
  ['fd00::/8', 'fc00::1', false],
  ['a.example,::1', '::1', true],
  ['a.example', '::1', false],
])('%j lets the address %j through: %j', (text, address, expected) => {
  expect(allowsAddress(parseAllow(text).rules, ipaddr.parse(address))).toBe(expected)
})
