import { z } from 'zod'
import { login } from '../../domains/auth/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { bodyAnswers } from './common-answers.ts'
import type { MultisenderDeps } from './deps.ts'
import { objectField } from './fields.ts'
import { failure } from './schemas.ts'

const loginBody = objectField({
  email: z.string('must be a string').meta({ description: 'Registered e-mail address.' }),
  password: z.string('must be a string'),
}).meta({ id: 'LoginInput' })

const loggedIn = z.object({ authToken: z.string() }).meta({ id: 'Login' })

const WRONG = 'The e-mail address is unknown or the password is wrong.'

export function loginOperations({ world, limiter }: MultisenderDeps): AnyOperation[] {
  return [
    operation({
      id: 'login',
      method: 'POST',
      path: '/v1/login',
      // The documentation lost the path; these are what else it may have been (contract/multisender.md 4).
      aliases: ['/v1/auth', '/v1/authenticate', '/v1/tokens'],
      tag: 'Login',
      summary: 'Log in',
      description: 'The access token of a user: the same at every login, without an end.',
      scope: null,
      anonymous: true,
      body: loginBody,
      example: { email: 'user@example.com', password: 'correct horse battery staple' },
      answers: [
        {
          status: 201,
          description: 'The token.',
          schema: loggedIn,
          example: { authToken: 'lt_3f786850e387550fdab836ed7e6dc881de23001b' },
        },
        {
          status: 401,
          description: 'The e-mail address or the password is wrong.',
          schema: failure,
          example: { status: 401, message: WRONG },
        },
        {
          status: 429,
          description: 'Too many failed logins from this address or for this account.',
          schema: failure,
          example: { status: 429, message: 'Too many requests. Try again in 900 s.' },
          headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
        },
        ...bodyAnswers({ password: ['password is required'] }),
      ],
      async handle({ body: { email, password }, request }) {
        const { authToken } = await login({ world, limiter }, { email, password, address: request.ip })
        return { status: 201, body: { authToken } }
      },
    }),
  ]
}
