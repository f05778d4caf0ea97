import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'
import { ExpectedError } from '../platform/errors.ts'
import type { Logger } from '../platform/logger.ts'
import { presentError } from './errors.ts'

function present(error: unknown) {
  const logged: unknown[] = []
  const logger = { error: (facts: object) => logged.push(facts) } as unknown as Logger
  return { presented: presentError(error, logger, 'request-1').toJSON(), logged }
}

describe('presentError', () => {
  it('masks what nobody expected and logs its cause with the request, however deep it is wrapped', () => {
    const cause = new Error('password authentication failed for user "root"')
    const wrapped = new GraphQLError('outer', {
      path: ['links'],
      originalError: new GraphQLError('inner', { originalError: cause }),
    })
    for (const error of [cause, wrapped]) {
      const { presented, logged } = present(error)
      expect(logged).toEqual([{ err: cause, requestId: 'request-1' }])
      expect(JSON.stringify(presented)).not.toMatch(/password|outer|inner/)
      expect(presented.message).toContain('request-1')
      expect(presented.extensions).toEqual({
        code: 'INTERNAL_SERVER_ERROR',
        retryable: true,
        requestId: 'request-1',
      })
    }
    expect(present(wrapped).presented.path).toEqual(['links'])
  })

  it('gives expected failures with their code and does not log them', () => {
    const failure = new ExpectedError('INVALID_CURSOR', 'No.', { path: ['after'], details: { more: 1 } })
    const { presented, logged } = present(new GraphQLError('No.', { path: ['links'], originalError: failure }))
    expect(logged).toEqual([])
    expect(presented).toMatchObject({
      message: 'No.',
      path: ['links'],
      extensions: { code: 'INVALID_CURSOR', inputPath: ['after'], retryable: false, more: 1 },
    })
  })

  it('leaves errors of GraphQL itself as they are', () => {
    const error = new GraphQLError('Cannot query field "x".')
    expect(present(error)).toEqual({ presented: error.toJSON(), logged: [] })
  })
})
