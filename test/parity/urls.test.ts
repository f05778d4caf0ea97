import { describe, expect, test } from 'vitest'
import { Bindings } from './bindings.ts'
import { found } from './test-context.ts'
import { isRecordedUrl, pathFault, urlFault } from './urls.ts'

const A = '4041f961-328f-4c6d-a5d3-2125a80f1ec5'
const X = '019abcde-0000-7000-8000-000000000001'
const hosts = ['sayify.pro', '*.sayify.pro']
const fault = (recorded: string, actual: string, server = 'http://localhost:4000', listed: string[] = []) =>
  urlFault(recorded, actual, { bindings: new Bindings(listed), hosts, server: new URL(server) })

test('hosts, and those of one label below them', () => {
  expect(isRecordedUrl('https://sayify.pro/x', ['sayify.pro'])).toBe(true)
  expect(isRecordedUrl('https://acme.sayify.pro/x', hosts)).toBe(true)
  expect(isRecordedUrl('https://a.b.sayify.pro/x', hosts)).toBe(false)
  expect(isRecordedUrl('https://notsayify.pro/x', hosts)).toBe(false)
  expect(isRecordedUrl('https://example.com/webhook', hosts)).toBe(false)
  expect(isRecordedUrl('sayify.pro', hosts)).toBe(false)
})

describe('an address of the recorded server', () => {
  test('is answered by one of this server, or of a host below it', () => {
    const recorded = 'https://acme-corp.sayify.pro/i/survey'
    expect(fault(recorded, 'http://default.localhost:4000/i/survey')).toBeUndefined()
    expect(fault(recorded, 'http://127.0.0.1:4000/i/survey')).toBeUndefined()
    expect(fault(recorded, 'https://w.say.example.com/i/survey', 'https://say.example.com')).toBeUndefined()
    expect(fault(recorded, 'http://localhost:4001/i/survey')).toMatch(/not an address of/)
    expect(fault(recorded, 'https://evil.com/i/survey')).toMatch(/not an address of/)
    expect(fault(recorded, 'https://evilsay.example.com/i/survey', 'https://say.example.com')).toMatch(/not an address/)
    expect(fault(recorded, '/i/survey')).toBe('not an absolute URL')
  })

  test('has the same path and query, ids bound', () => {
    const recorded = `https://sayify.pro/api/v1/links/${A}/responses/?page=2`
    expect(fault(recorded, `http://localhost:4000/api/v1/links/${X}/responses/?page=2`)).toBeUndefined()
    expect(fault(recorded, `http://localhost:4000/sayify/api/v1/links/${X}/responses/?page=2`)).toBe('another path')
    expect(fault(recorded, `http://h/sayify/api/v1/links/${X}/responses/?page=2`, 'http://h/sayify')).toBeUndefined()
    expect(fault(recorded, `http://localhost:4000/api/v1/links/${X}/responses?page=2`)).toBe('another path')
    expect(fault(recorded, `http://localhost:4000/api/v1/links/7/responses/?page=2`)).toMatch(/segment 4: 7 is no UUID/)
    expect(fault(recorded, `http://localhost:4000/api/v1/links/${X}/responses/?page=3`)).toMatch(/page: 2 became 3/)
    expect(fault(recorded, `http://localhost:4000/api/v1/links/${X}/responses/`)).toMatch(/page is missing/)
    expect(fault(recorded, `http://localhost:4000/api/v1/links/${X}/responses/?page=2&x=1`)).toMatch(/x is extra/)
  })

  test('may hold a placeholder that counts as an id', () => {
    const recorded = 'https://sayify.pro/api/v1/links/{link_uuid}/responses/?page=2'
    const actual = `http://localhost:4000/api/v1/links/${X}/responses/?page=2`
    expect(fault(recorded, actual, undefined, ['{link_uuid}'])).toBeUndefined()
    expect(fault(recorded, actual)).toMatch(/segment 4/)
  })

  test('is signed by other means', () => {
    const recorded = `https://sayify.pro/media/${A}?expires=1&signature=abc`
    expect(fault(recorded, `http://localhost:4000/media/${X}?expires=9&signature=xyz`)).toBeUndefined()
    expect(fault(recorded, `http://localhost:4000/media/${X}?expires=9`)).toMatch(/signature is missing/)
  })

  test('within a body is compared so, and others by value', () => {
    const recorded = { url: 'https://sayify.pro/a', webhook: 'https://example.com/webhook' }
    expect(
      found(recorded, { url: 'http://localhost:4000/a', webhook: 'https://example.com/webhook' }, { hosts }),
    ).toEqual([])
    expect(
      found(recorded, { url: 'http://localhost:4000/b', webhook: 'http://localhost:4000/webhook' }, { hosts }),
    ).toEqual(['$.url form', '$.webhook value'])
  })
})

test('numbers in paths are ids of what stands before them; parameters given twice are compared in their order', () => {
  const bindings = new Bindings()
  const context = { bindings, hosts, server: new URL('http://localhost:4000') }
  expect(pathFault('/v1/accounts/12/groups/12', '/v1/accounts/3/groups/4', context)).toBeUndefined()
  expect(pathFault('/v1/account/12', '/v1/account/5', context)).toMatch(/12 stood for 3 before/)
  expect(pathFault('/m?agent=a&agent=b', '/m?agent=a&agent=c', context)).toMatch(/agent: b became c/)
  expect(pathFault('/m?agent=a&agent=b', '/m?agent=a', context)).toMatch(/not as often/)
})

test('kinds are one whatever their spelling, and the second number below groups is an account', () => {
  const bindings = new Bindings([], { memberId: 'click_to_call' })
  const context = { bindings, hosts, server: new URL('http://localhost:4000') }
  for (const key of ['clickToCallId', 'click_to_call_id', 'memberId'])
    expect(bindings.kindOf(key, '')).toBe('clicktocall')
  expect(bindings.bind('7', '1', bindings.kindOf('smsId', ''))).toBeUndefined()
  expect(pathFault('/v1/smses/7/receivers', '/v1/smses/2/receivers', context)).toMatch(/7 stood for 1 before/)
  expect(bindings.bind('808', '3', bindings.kindOf('accountId', ''))).toBeUndefined()
  expect(pathFault('/v1/groups/12/808', '/v1/groups/1/3', context)).toBeUndefined()
  expect(pathFault('/v1/groups/12/808', '/v1/groups/1/4', context)).toMatch(/808 stood for 3 before/)
})
