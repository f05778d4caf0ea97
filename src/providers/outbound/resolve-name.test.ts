import { expect, test } from 'vitest'
import { resolveNames } from './resolve-name.ts'
import { dnsServer, type Zone } from './test-servers.ts'

/** A resolver on a real name server, and what the operating system was asked. */
async function bench(zone: Zone) {
  const asked: string[] = []
  const { server, queries } = await dnsServer(zone)
  const system = async (host: string) => {
    asked.push(host)
    return [{ address: '198.51.100.7', family: 4 }]
  }
  return { resolve: resolveNames({ servers: [server], system }), asked, queries }
}

test('a name has all its addresses, of both families', async () => {
  const { resolve, asked } = await bench((_, type) => (type === 'A' ? ['192.0.2.1', '192.0.2.2'] : ['2001:db8::1']))
  expect(await resolve('both.example')).toEqual([
    { address: '192.0.2.1', family: 4 },
    { address: '192.0.2.2', family: 4 },
    { address: '2001:db8::1', family: 6 },
  ])
  expect(asked).toEqual([])
})

test('one family is enough, whatever becomes of the other', async () => {
  const { resolve } = await bench((_, type) => (type === 'A' ? ['192.0.2.1'] : 'no such name'))
  expect(await resolve('four.example')).toEqual([{ address: '192.0.2.1', family: 4 }])
})

test.each<[string, Zone]>([
  ['a name that nobody knows', () => 'no such name'],
  ['a name without addresses', () => []],
])('%s is left to the system', async (_, zone) => {
  const { resolve, asked } = await bench(zone)
  expect(await resolve('hosts-file.example')).toEqual([{ address: '198.51.100.7', family: 4 }])
  expect(asked).toEqual(['hosts-file.example'])
})

test('a name without a dot is one for the system alone', async () => {
  const { resolve, asked, queries } = await bench(() => ['192.0.2.1'])
  expect(await resolve('receiver')).toEqual([{ address: '198.51.100.7', family: 4 }])
  expect([asked, queries]).toEqual([['receiver'], []])
})

test('many names whose servers are silent hold up no other, and are not asked of the system', async () => {
  const { resolve, asked } = await bench((name, type) =>
    name.startsWith('dead') ? 'silence' : type === 'A' ? ['192.0.2.1'] : [],
  )
  let over = 0
  const dead = Array.from({ length: 50 }, async (_, n) => {
    const error = await resolve(`dead-${n}.example`).catch((reason) => reason)
    over++
    return error.code
  })
  expect(await resolve('alive.example')).toEqual([{ address: '192.0.2.1', family: 4 }])
  expect(over).toBe(0)
  expect(new Set(await Promise.all(dead))).toEqual(new Set(['ETIMEOUT']))
  expect(asked).toEqual([])
})
