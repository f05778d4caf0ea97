import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { ExpectedError, NotFoundError } from '../../platform/errors.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { holdLink, type LinkRow } from '../links/index.ts'
import type { World } from '../world.ts'
import {
  findRespondent,
  findResponseBySession,
  insertRespondent,
  insertResponse,
  latestResponseOf,
  lockRespondent,
  lockResponse,
  type ResponseChannel,
  type ResponseRow,
} from './store.ts'
import type { TokenSigner } from './tokens.ts'
import { standingFor } from './trace-store.ts'

export interface OpenSessionInput {
  channel: ResponseChannel
  /** From a personal address; absent: an anonymous respondent comes into being. */
  respondentToken?: string
  /** Unguessable, since whoever repeats it gets the same session: a form that is sent twice begins one response. */
  idempotencyKey?: string
}

export interface OpenedSession {
  responseId: string
  sessionId: string
  /** Whoever holds it may read and fill in this response until it is submitted. */
  token: string
}

/**
 * Begins a response to a link, or continues the one a personal address began before. Throws LINK_DELETED, LINK_PAUSED,
 * LINK_FULL, SESSION_COMPLETED (a personal address answers once), NOT_FOUND (a token that is not this link's).
 */
export async function openSession(
  world: World,
  signer: TokenSigner,
  { workspace_id: workspaceId, id: linkId }: LinkRow,
  { channel, respondentToken, idempotencyKey }: OpenSessionInput,
): Promise<OpenedSession> {
  const invitedId = respondentToken === undefined ? undefined : signer.verify('respondent', respondentToken)
  if (respondentToken !== undefined && invitedId === undefined) throw new NotFoundError('respondent', ['respondent'])
  const now = world.clock.now()
  const key = {
    workspaceId,
    key: idempotencyKey,
    operation: 'openSession',
    input: { linkId, respondentId: invitedId },
    now,
  }

  async function open(tx: Tx, emit: Emit): Promise<{ id: string; session_id: string }> {
    // As it is now: the page that asks may have been loaded long ago.
    const link = await holdLink(tx, workspaceId, linkId)
    if (!link) throw linkDeleted()
    const invited = invitedId === undefined ? undefined : await lockRespondent(tx, workspaceId, invitedId)
    if (invitedId !== undefined && invited?.link_id !== linkId) throw new NotFoundError('respondent', ['respondent'])
    // A merge moves what they said to the participation that is kept: one person answers once, by either address.
    const respondentId = invitedId === undefined ? undefined : await standingFor(tx, workspaceId, invitedId)
    if (respondentId !== undefined && respondentId !== invitedId) await lockRespondent(tx, workspaceId, respondentId)
    const earlier = respondentId === undefined ? undefined : await latestResponseOf(tx, workspaceId, respondentId)
    if (earlier?.status === 'completed') throw sessionCompleted()
    if (link.deleted_at === null && earlier) return { id: earlier.id, session_id: earlier.session_id }
    checkOpen(link)

    const id = respondentId ?? world.newId()
    if (respondentId === undefined) {
      const legacyId = await takeLegacyIds(tx, workspaceId, 'respondent')
      await insertRespondent(tx, { id, workspaceId, legacyId, linkId, contactId: null, status: 'created', now })
      emit('respondent.created', { linkId, respondentId: id })
    }
    const response = { id: world.newId(), session_id: world.newId() }
    await insertResponse(tx, {
      id: response.id,
      workspaceId,
      linkId,
      respondentId: id,
      sessionId: response.session_id,
      channel,
      now,
    })
    emit('response.started', { linkId, responseId: response.id, respondentId: id, channel })
    return response
  }

  const opened = await world.events.write(workspaceId, (tx, emit) => once(tx, key, () => open(tx, emit)))
  return {
    responseId: opened.id,
    sessionId: opened.session_id,
    token: signer.sign('session', opened.session_id),
  }
}

/**
 * The token of the response that a personal address began before and has not finished; undefined when it has begun
 * none. Opens nothing. Throws SESSION_COMPLETED, NOT_FOUND (a token that is not this link's).
 */
export async function resumeSession(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  respondentToken: string,
): Promise<string | undefined> {
  const invitedId = signer.verify('respondent', respondentToken)
  const found = invitedId && (await findRespondent(world.db, link.workspace_id, invitedId))
  if (!found || found.link_id !== link.id) throw new NotFoundError('respondent', ['respondent'])
  const respondentId = await standingFor(world.db, link.workspace_id, invitedId)
  const earlier = await latestResponseOf(world.db, link.workspace_id, respondentId)
  if (earlier?.status === 'completed') throw sessionCompleted()
  return earlier && signer.sign('session', earlier.session_id)
}

/** Throws unless the link takes new sessions. */
export function checkOpen(link: LinkRow): void {
  if (link.deleted_at !== null) throw linkDeleted()
  if (link.status === 'paused') throw new ExpectedError('LINK_PAUSED', 'This link takes no responses at the moment.')
  if (link.max_responses !== null && link.response_count >= link.max_responses) throw linkFull()
}

/** The response that a session token stands for, if it is one of this link. Throws NOT_FOUND. */
export async function sessionResponse(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  token: string,
): Promise<ResponseRow> {
  const sessionId = signer.verify('session', token)
  const response = sessionId === undefined ? undefined : await findResponseBySession(world.db, sessionId)
  if (response?.workspace_id !== link.workspace_id || response.link_id !== link.id) throw sessionUnknown()
  return response
}

/** Locks an open session's response for a change to it. Throws LINK_DELETED, or NOT_FOUND when it was deleted meanwhile. */
export async function lockSession(tx: Tx, sessionId: string): Promise<ResponseRow> {
  const response = await lockResponse(tx, sessionId)
  if (response) return response
  throw (await findResponseBySession(tx, sessionId)) ? linkDeleted() : sessionUnknown()
}

export function sessionUnknown(): ExpectedError {
  return new ExpectedError('NOT_FOUND', 'This session does not exist. Open the link again to start a new one.', {
    path: ['session'],
  })
}

export function sessionCompleted(): ExpectedError {
  return new ExpectedError('SESSION_COMPLETED', 'This response was submitted already and cannot be changed.')
}

export function linkDeleted(): ExpectedError {
  return new ExpectedError('LINK_DELETED', 'This link was deleted by its owner.')
}

export function linkFull(): ExpectedError {
  return new ExpectedError('LINK_FULL', 'This link has all the responses it asked for.')
}
