import type { FastifyRequest } from 'fastify'
import { ExpectedError } from '../platform/errors.ts'
import { sessionCookie } from './cookies.ts'

/** The session's token, where one was given: the header first, so that an app can hold several sessions in one browser. */
export function givenToken(request: FastifyRequest): string | undefined {
  const header = /^Session +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  return header ?? sessionCookie(request.headers.cookie)
}

/** The session's token. Throws UNAUTHENTICATED. */
export function tokenOf(request: FastifyRequest): string {
  const token = givenToken(request)
  if (token !== undefined) return token
  throw new ExpectedError('UNAUTHENTICATED', 'Give the session as "Authorization: Session <token>".')
}
