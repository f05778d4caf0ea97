import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Behaviour, behaviour, type Population, population } from './population.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => `+35840${1_000_000 + n}`)
const plain = (changes: Partial<Population> = {}) => population({ scripts: [], ...changes })

test('the same call has the same behaviour, whatever is asked before, and in another process', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 9_999_999 }), fc.nat(9), (seed, subscriber, nth) => {
      const number = `+358${subscriber}`
      const first = behaviour(plain({ seed }), number, nth)
      behaviour(plain({ seed: `${seed}x` }), number, nth + 1)
      expect(behaviour(plain({ seed }), number, nth)).toEqual(first)
    }),
  )
  const code = `import { behaviour, population } from ${JSON.stringify(new URL('population.ts', import.meta.url).href)}
    const all = ${JSON.stringify(numbers(50))}.map((number, nth) => behaviour(population({ seed: 'x' }), number, nth))
    console.log(JSON.stringify(all))`
  const there = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  const here = numbers(50).map((number, nth) => behaviour(population({ seed: 'x' }), number, nth))
  expect(JSON.parse(there)).toEqual(JSON.parse(JSON.stringify(here)))
})

test('seed, number and count of calls each change what happens', () => {
  const of = (seed: string, nth: number, prefix = '') =>
    numbers(100).map((number) => JSON.stringify(behaviour(plain({ seed }), prefix + number, nth)))
  for (const other of [of('b', 0), of('a', 1), of('a', 0, '+1')]) expect(other).not.toEqual(of('a', 0))
})

/** Five standard deviations, so that a right draw never fails (and the seeds are fixed anyway). */
const near = (share: number, count: number) => 5 * Math.sqrt((share * (1 - share)) / count) + 1e-9

test('shares are as configured', () => {
  const share = (max: number) => fc.double({ min: 0, max, noNaN: true })
  const rates = fc.record({
    seed: fc.string(),
    unknownNumbers: share(0.5),
    busy: share(0.2),
    ringsOut: share(0.2),
    declines: share(0.2),
    unreachable: share(0.2),
    fault: share(0.2),
    hangsUp: share(0.5),
    drops: share(0.5),
  })
  const count = 3_000
  fc.assert(
    fc.property(rates, (given) => {
      const all = numbers(count).map((number, n) => behaviour(plain(given), number, n % 4))
      const existing = all.filter(({ outcome }) => outcome !== 'unknown_number')
      const close = (part: Behaviour[], of: Behaviour[], expected: number) =>
        expect(Math.abs(part.length / of.length - expected)).toBeLessThan(near(expected, of.length))
      const having = (outcome: Behaviour['outcome']) => existing.filter((one) => one.outcome === outcome)
      close(
        all.filter(({ outcome }) => outcome === 'unknown_number'),
        all,
        given.unknownNumbers,
      )
      close(having('busy'), existing, given.busy)
      close(having('rings_out'), existing, given.ringsOut)
      close(having('declines'), existing, given.declines)
      close(having('unreachable'), existing, given.unreachable)
      close(having('fault'), existing, given.fault)
      close(
        all.filter(({ hangsUp }) => hangsUp),
        all,
        given.hangsUp,
      )
      close(
        all.filter(({ dropsAfterMs }) => dropsAfterMs !== undefined),
        all,
        given.drops,
      )
    }),
    { numRuns: 15, seed: 7 },
  )
})

test('keys are pressed as often as configured, the same by one person in every call and at every prompt', () => {
  const people = plain({ keys: { '5': 0.6, '9': 0.3 }, prompts: 3 })
  const pressed = numbers(5_000).map((number) => {
    const [first, ...others] = [0, 1, 2].map((nth) => behaviour(people, number, nth).replies.map((one) => one?.digits))
    for (const other of others) expect(other).toEqual(first)
    return first!.join('')
  })
  const of = (keys: string) => pressed.filter((one) => one === keys).length / pressed.length
  expect(Math.abs(of('555') - 0.6)).toBeLessThan(near(0.6, 5_000))
  expect(Math.abs(of('999') - 0.3)).toBeLessThan(near(0.3, 5_000))
  expect(of('555') + of('999') + of('')).toBe(1)
})

test('durations stay within what is configured, and a number that does not exist never comes to exist', () => {
  const people = plain({ unknownNumbers: 0.3 })
  for (const number of numbers(500)) {
    const calls = [0, 1, 2, 3].map((nth) => behaviour(people, number, nth))
    expect(new Set(calls.map(({ outcome }) => outcome === 'unknown_number')).size).toBe(1)
    for (const { setUpMs, ringMs, replies, speaksMs } of calls) {
      expect(setUpMs).toBeGreaterThanOrEqual(people.setUp.minMs)
      expect(setUpMs).toBeLessThanOrEqual(people.setUp.maxMs)
      expect(ringMs).toBeLessThanOrEqual(people.ring.maxMs)
      expect(speaksMs).toBeGreaterThanOrEqual(people.talk.minMs)
      for (const reply of replies) expect(reply!.afterMs).toBeGreaterThanOrEqual(people.reaction.minMs)
    }
  }
})

test('the end of a number says what happens, call by call', () => {
  const people = population({ hangsUp: 0, drops: 1, keys: {} })
  const outcome = (number: string, nth = 0) => behaviour(people, number, nth).outcome
  expect([outcome('+35850486'), outcome('+35850404'), outcome('+35850480')]).toEqual([
    'busy',
    'unknown_number',
    'rings_out',
  ])
  expect(behaviour(people, '+35850205', 0)).toMatchObject({
    outcome: 'answers',
    replies: [{ digits: '5' }],
    dropsAfterMs: undefined,
  })
  expect([0, 1, 2].map((nth) => outcome('+35850212', nth))).toEqual(['busy', 'answers', 'answers'])
})

test.each([
  { busy: 0.6, ringsOut: 0.5 },
  { drops: -0.1 },
  { keys: { '1': 0.9, '2': 0.2 } },
  { unknownNumbers: Number.NaN },
])('refuses shares that are none: %j', (changes) => {
  expect(() => population(changes)).toThrow('shares of a population')
})
