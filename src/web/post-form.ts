import type { FastifyRequest } from 'fastify'
import { type LinkRow, listQuestions, probingOf, type QuestionRow } from '../domains/links/index.ts'
import { openSession, type SessionState, sessionState, submitResponse } from '../domains/responses/index.ts'
import { ExpectedError, ValidationError } from '../platform/errors.ts'
import { webUrl } from '../platform/html.ts'
import { isUuid } from '../platform/ids.ts'
import { sessionCookie } from './cookies.ts'
import { take, type Web } from './deps.ts'
import { FIELD, type FormFields, readForm } from './form.ts'
import { takesFile } from './form-values.ts'
import { type Faults, saveFields, saveFile, shownQuestions } from './save-form.ts'

/** What became of a form that was sent. */
export type Outcome =
  | { kind: 'submitted'; token: string; redirectUrl: string | undefined }
  /** Saved, but there are questions that were not on the page. */
  | { kind: 'more'; token: string; state: SessionState; next: QuestionRow }
  | { kind: 'faulty'; token: string; state: SessionState; faults: Faults }

/**
 * Files that are too large are read to their end, up to this many times what is allowed, so that the page can say
 * which one it was; what is larger still is cut off.
 */
const OVERSIZE = 2

/**
 * Saves the answers of a page, and submits the response unless something is wrong, missing or new. The first post of a
 * page begins the session. Throws what the domain throws for the session or the link as a whole.
 */
export async function postForm(web: Web, link: LinkRow, request: FastifyRequest): Promise<Outcome> {
  const { world, signer, maxUploadBytes } = web
  const questions = await listQuestions(world.db, link.workspace_id, link.id)
  const uploads = questions.filter(takesFile)
  // Each with as many follow-ups as it may have.
  const mostFiles = uploads.reduce((sum, question) => sum + 1 + (probingOf(question)?.maxFollowUps ?? 0), 1)
  const refusedFiles: Faults = new Map()
  let session: Promise<{ token: string; state: SessionState }> | undefined

  const fields = await readForm(request, {
    maxFiles: mostFiles,
    maxBytes: mostFiles * maxUploadBytes * OVERSIZE,
    async onFile(questionId, file, before) {
      if (uploads.length === 0) return
      session ??= beginOrContinue(web, link, request, before)
      const { token, state } = await session
      const question = state.questions.filter(takesFile).find((each) => each.id === questionId)
      if (!question || state.status === 'completed') return
      await take(web, 'uploads', request.ip)
      const fault = await saveFile(web, link, token, question, file)
      if (fault) refusedFiles.set(question.id, { fault, entered: [] })
    },
  })

  session ??= beginOrContinue(web, link, request, fields)
  const { token, state: before } = await session
  const redirectUrl = webUrl(link.settings.redirectUrl)
  if (before.status === 'completed') return { kind: 'submitted', token, redirectUrl }

  const faults = new Map([...refusedFiles, ...(await saveFields(web, link, token, before, fields))])
  const state = await sessionState(world, signer, link, token)
  const isVisible = (question: QuestionRow) => state.visible.has(question.field_key)
  // What is wrong with a question that is no longer asked does not matter.
  const visibleFaults = new Map([...faults].filter(([id]) => state.questions.some((q) => q.id === id && isVisible(q))))
  if (visibleFaults.size > 0) return { kind: 'faulty', token, state, faults: visibleFaults }

  const shown = new Set(shownQuestions(state.questions, fields))
  const isNew = (question: QuestionRow) => !shown.has(question) && !state.answers.has(question.field_key)
  const next = state.questions.find((question) => isVisible(question) && isNew(question))
  if (next) return { kind: 'more', token, state, next }

  await take(web, 'submits', request.ip)
  try {
    await submitResponse(world, signer, link, { token })
    return { kind: 'submitted', token, redirectUrl }
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    return { kind: 'faulty', token, state, faults: missing(state, error) }
  }
}

/** The session that the form names; else the cookie's, for a form that names none; else a new one. */
async function beginOrContinue(web: Web, link: LinkRow, request: FastifyRequest, fields: FormFields) {
  const { world, signer } = web
  const page = fields.one(FIELD.page)
  const known = fields.one(FIELD.session) ?? (page === undefined ? sessionCookie(request.headers.cookie) : undefined)
  if (known !== undefined) {
    try {
      return { token: known, state: await sessionState(world, signer, link, known) }
    } catch (error) {
      if (!(error instanceof ExpectedError) || error.code !== 'NOT_FOUND') throw error
    }
  }
  await take(web, 'sessions', request.ip)
  const { token } = await openSession(world, signer, link, {
    channel: 'web',
    respondentToken: fields.one(FIELD.respondent),
    idempotencyKey: page !== undefined && isUuid(page) ? `page:${page}` : undefined,
  })
  return { token, state: await sessionState(world, signer, link, token) }
}

function missing({ questions }: SessionState, error: ValidationError): Faults {
  const faults: Faults = new Map()
  for (const { path } of error.issues) {
    const question = questions.find((each) => each.field_key === path[0])
    if (question) faults.set(question.id, { fault: 'required', entered: [] })
  }
  return faults
}
