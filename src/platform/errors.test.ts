import { expect, test } from 'vitest'
import { ERROR_CODES, type ErrorCode, ExpectedError, NotFoundError, ValidationError } from './errors.ts'

test('every code is upper case and explained in a sentence', () => {
  for (const [code, { text }] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(text).toMatch(/^[A-Z].*\.$/s)
  }
})

test.each<[ErrorCode, boolean]>([
  ['RATE_LIMITED', true],
  ['LINK_PAUSED', true],
  ['SLOW_CONSUMER', true],
  ['LINK_FULL', false],
  ['CURSOR_EXPIRED', false],
])('%s is retryable: %s', (code, verdict) => {
  expect(new ExpectedError(code, 'x').retryable).toBe(verdict)
})

test('what is not there and what is not yours have the same words', () => {
  const { code, message, path, details } = new NotFoundError('link', ['id'])
  expect({ code, message, path, details }).toEqual({
    code: 'NOT_FOUND',
    message: 'No link with this id exists in your workspace.',
    path: ['id'],
    details: {},
  })
})

test('a validation error points at its first issue and tells all', () => {
  const error = new ValidationError([
    { path: ['a', 0], rule: 'type', message: 'must be text' },
    { path: [], rule: 'required', message: 'must be there' },
  ])
  expect(error.message).toBe('a.0: must be text; input: must be there')
  expect([error.code, error.path, error.details]).toEqual(['VALIDATION_FAILED', ['a', 0], { rule: 'type' }])
})
