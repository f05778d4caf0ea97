import { describe, expect, test } from 'vitest'
import { lineOf, linesOfElements } from './line-of.ts'
import { readRecording } from './read-recording.ts'

const lines = (...values: unknown[]) =>
  readRecording(
    values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join('\n'),
    'x.jsonl',
  )

const har = (...entries: unknown[]) =>
  readRecording(JSON.stringify({ log: { version: '1.2', entries } }, null, 2), 'x.har')

const harEntry = (request: object, response: object) => ({
  startedDateTime: '2026-02-22T17:15:55.000Z',
  request: { method: 'GET', url: 'https://api.example.com/v1/a', headers: [], ...request },
  response: { status: 200, headers: [], content: { size: 0, mimeType: '' }, ...response },
})

describe('lines of JSON', () => {
  test('hold settings and requests; comments and empty lines are for people', () => {
    const settings = {
      recording: 'Mine',
      hosts: ['a.com'],
      ids: ['i-1'],
      dates: 'sayify',
      headers: { Authorization: 'Bearer k' },
    }
    const recording = lines(
      settings,
      '',
      '// the first',
      {
        method: 'POST',
        path: '/a?b=1',
        headers: { 'X-A': '1' },
        body: { c: 1 },
        expect: { status: 201, body: { d: 1 } },
      },
      '# the second',
      { method: 'GET', path: '/a', headers: { authorization: null }, capture: { x: '$.d' } },
    )
    expect(recording).toMatchObject({ name: 'Mine', hosts: ['a.com'], ids: ['i-1'], dates: 'sayify' })
    expect(recording.entries).toMatchObject([
      {
        line: 4,
        method: 'POST',
        url: '/a?b=1',
        headers: { authorization: 'Bearer k', 'x-a': '1' },
        body: { kind: 'json', value: { c: 1 } },
        expect: { status: 201, headers: {}, body: { kind: 'json', value: { d: 1 } } },
      },
      { line: 6, headers: {}, body: { kind: 'none' }, capture: { x: { path: '$.d' } } },
    ])
    expect(recording.entries[1]!.expect).toBeUndefined()
  })

  test('need no settings', () => {
    expect(lines({ method: 'GET', path: '/' })).toMatchObject({
      name: 'x.jsonl',
      dates: 'same',
      entries: [{ line: 1 }],
    })
  })

  test('send texts as they are, objects as JSON or as a form, and bytes', () => {
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const bodies = lines(
      { method: 'POST', path: '/', body: '<x/>' },
      { method: 'POST', path: '/', body: { a: 1 }, headers: form },
      { method: 'POST', path: '/', body: 'a=1&a=2', headers: form },
      { method: 'POST', path: '/', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } },
      { method: 'POST', path: '/', body: '{"a":', headers: { 'Content-Type': 'application/json' } },
      { method: 'POST', path: '/', bodyBase64: 'AAE=' },
      { method: 'POST', path: '/', body: null },
    ).entries.map(({ body }) => body)
    expect(bodies).toEqual([
      { kind: 'text', text: '<x/>' },
      { kind: 'form', fields: [['a', '1']] },
      {
        kind: 'form',
        fields: [
          ['a', '1'],
          ['a', '2'],
        ],
      },
      { kind: 'json', value: { a: 1 } },
      { kind: 'text', text: '{"a":' },
      { kind: 'bytes', bytes: Buffer.from([0, 1]) },
      { kind: 'json', value: null },
    ])
  })

  test('expect a text as it is, unless they say that it is JSON', () => {
    const bodies = lines(
      { method: 'GET', path: '/', expect: { status: 200, body: '' } },
      { method: 'GET', path: '/', expect: { status: 201, headers: { 'Content-Type': 'application/json' }, body: '' } },
      { method: 'GET', path: '/', expect: { status: 200, text: '""' } },
      { method: 'GET', path: '/', expect: { status: 200 } },
    ).entries.map((entry) => entry.expect!.body)
    expect(bodies).toEqual([
      { kind: 'text', text: '' },
      { kind: 'json', value: '' },
      { kind: 'text', text: '""' },
      { kind: 'any' },
    ])
  })

  test('may repeat requests', () => {
    const repeated = {
      repeat: 2,
      entries: [
        { method: 'GET', path: '/a' },
        { method: 'GET', path: '/b' },
      ],
    }
    expect(lines(repeated).entries.map(({ url, line }) => [url, line])).toEqual([
      ['/a', 1],
      ['/b', 1],
      ['/a', 1],
      ['/b', 1],
    ])
  })

  test.each([
    [['{"method":"GET"'], /^line 1: is no JSON: /],
    [[{ recording: 'x' }, '', '[]'], /^line 3: must be an object$/],
    [
      [
        { recording: 'x', dates: 'american' },
        { method: 'GET', path: '/' },
      ],
      /^line 1: dates: /,
    ],
    [[{ recording: 'x' }, { method: 'get', path: '/' }], /^line 2: method: must be in capitals$/],
    [[{ method: 'GET', path: 'a' }], /^line 1: path: must begin with \//],
    [[{ method: 'GET', path: '/', expected: {} }], /^line 1: .*expected/],
    [[{ method: 'GET', path: '/', expect: { status: 20 } }], /^line 1: expect.status: /],
    [
      [{ method: 'GET', path: '/', expect: { status: 200, body: 1, text: '' } }],
      /^line 1: expect: has both body and text$/,
    ],
    [[{ method: 'GET', path: '/', match: { '$.a': 'integr' } }], /^line 1: match.\$.a: must be one of any, /],
    [[{ method: 'GET', path: '/', match: { a: 'integer' } }], /^line 1: match.a: .*does not begin with \$/],
    [[{ method: 'GET', path: '/', match: { '$.a[': 'integer' } }], /^line 1: .*not understood from character 4 on/],
    [[{ method: 'GET', path: '/', capture: { a: { path: '$.a', pattern: 'b' } } }], /^line 1: capture.a/],
    [[{ repeat: 0, entries: [] }], /^line 1: repeat: /],
    [[{ recording: 'empty' }], /^line 1: it holds no request$/],
    [[''], /^line 1: it holds no request$/],
  ])('%j is refused with its line and the rule', (values, message) => {
    expect(() => lines(...values)).toThrow(message)
  })
})

describe('a HAR', () => {
  test('holds requests and their answers', () => {
    const recording = har(
      harEntry(
        {
          method: 'POST',
          url: 'https://api.example.com/v1/accounts?access_token=s',
          headers: [
            { name: ':authority', value: 'api.example.com' },
            { name: 'Accept', value: 'application/json' },
            { name: 'Cookie', value: 'a=b' },
            { name: 'Content-Length', value: '7' },
          ],
          postData: { mimeType: 'application/json;charset=utf-8', text: '{"a":1}' },
        },
        {
          status: 201,
          headers: [
            { name: 'Content-Type', value: 'application/json; charset=utf-8' },
            { name: 'Location', value: 'https://api.example.com/v1/accounts/12' },
            { name: 'Date', value: 'today' },
          ],
          content: {
            size: 9,
            mimeType: 'application/json',
            encoding: 'base64',
            text: Buffer.from('{"id":"12"}').toString('base64'),
          },
        },
      ),
    )
    expect(recording).toMatchObject({ name: 'x.har', hosts: ['api.example.com'] })
    expect(recording.entries).toMatchObject([
      {
        line: 5,
        method: 'POST',
        url: 'https://api.example.com/v1/accounts?access_token=s',
        headers: { accept: 'application/json' },
        body: { kind: 'json', value: { a: 1 } },
        expect: {
          status: 201,
          headers: { 'content-type': 'application/json', location: 'https://api.example.com/v1/accounts/12' },
          body: { kind: 'json', value: { id: '12' } },
        },
      },
    ])
  })

  test('holds forms as a text or as parameters, and parts', () => {
    const mimeType = 'application/x-www-form-urlencoded'
    const post = (postData: object) => harEntry({ method: 'POST', postData }, {})
    const bodies = har(
      post({ mimeType, text: 'a=1%202&a=3' }),
      post({ mimeType, params: [{ name: 'a', value: '1%202' }] }),
      post({ mimeType: 'multipart/form-data; boundary=x', params: [{ name: 'a', value: '1', fileName: 'a.txt' }] }),
    ).entries.map(({ body }) => body)
    const form = (fields: [string, string][]) => ({ kind: 'form', fields })
    expect(bodies).toEqual([
      form([
        ['a', '1 2'],
        ['a', '3'],
      ]),
      form([['a', '1 2']]),
      { kind: 'multipart', parts: [{ name: 'a', value: '1', fileName: 'a.txt' }] },
    ])
  })

  test('knows an empty answer from one that was left out, and leaves out what was never answered', () => {
    const answers = har(
      harEntry({}, { status: 204, content: { size: 0, mimeType: '' } }),
      harEntry({}, { status: 200, content: { size: 12, mimeType: 'application/json' } }),
      harEntry({}, { status: 0 }),
      harEntry({}, { status: 200, content: { size: 2, mimeType: 'image/png', encoding: 'base64', text: 'AAE=' } }),
      harEntry({}, { status: 200, content: { size: 2, mimeType: 'text/plain', text: 'ok' } }),
    ).entries.map((entry) => entry.expect!.body)
    expect(answers).toEqual([
      { kind: 'text', text: '' },
      { kind: 'any' },
      { kind: 'bytes', bytes: Buffer.from([0, 1]) },
      { kind: 'text', text: 'ok' },
    ])
  })

  test('is refused with the line and the rule', () => {
    const text = JSON.stringify({ log: { entries: [harEntry({}, {}), harEntry({ url: 'nowhere' }, {})] } }, null, 2)
    const line = text.split('\n').findIndex((content) => content.includes('nowhere')) + 1
    expect(() => readRecording(text, 'x')).toThrow(`line ${line}: log.entries.1.request.url: must be an absolute URL`)
    expect(() => readRecording('{"log": {\n"entries": [\n}}', 'x')).toThrow(/^line 3: is no JSON/)
    expect(() => readRecording('{"log": {}}', 'x')).toThrow(/^line 1: log.entries: /)
    expect(() => readRecording('{"log": {"entries": []}}', 'x')).toThrow('line 1: it holds no request')
  })
})

test('lines of values in JSON, strings that hold its marks included', () => {
  const text = '{\n "a\\"]": "}\\\\",\n "log": [\n  {},\n  [1,\n   {"x": null}],\n  "{"\n ]\n}'
  expect(lineOf(text, ['a"]'])).toBe(2)
  expect(lineOf(text, ['log'])).toBe(3)
  expect(lineOf(text, ['log', 1, 1, 'x'])).toBe(6)
  expect(lineOf(text, ['log', 2])).toBe(7)
  expect(lineOf(text, ['log', 0, 'absent'])).toBe(4)
  expect(linesOfElements(text, ['log'])).toEqual([4, 5, 7])
})
