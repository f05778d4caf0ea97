import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import type { Emit } from '../../events/index.ts'
import { type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { issuesOf, jsonValue, line } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { type Country, contactsOfPeople, defaultCountry, type Person, parsePhone } from '../contacts/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { holdLink, type LinkRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { insertRespondents } from './store.ts'

/** A person who is to be asked, as a caller describes them: each is judged by itself. */
export interface NewRespondent {
  /** As people write it, with at least seven digits. */
  phone?: unknown
  firstName?: unknown
  lastName?: unknown
  email?: unknown
  /** What a legacy API shows again in its own form; up to 16,000 bytes of JSON. */
  legacyForm?: unknown
  /** Whether this one is called as well, where not all are. */
  callNow?: boolean
}

export interface AddRespondentsInput {
  linkId: string
  respondents: readonly NewRespondent[]
  /** Of numbers without a country code, where the workspace has no default country. */
  fallbackCountry?: Country
  /** Whether they are called as well, by `calling`: a key stands for the one or the other. */
  callNow?: boolean
  idempotencyKey?: string | null
}

/** What is done about those who are to be called in the transaction that adds them, by a domain above. */
export interface Calling {
  /** Before respondents are numbered: who numbers them may hold a campaign, which therefore comes first. */
  prepare(tx: Tx, emit: Emit, link: LinkRow): Promise<void>
  call(tx: Tx, emit: Emit, respondentIds: readonly string[]): Promise<void>
}

export type AddedRespondent =
  | { outcome: 'added'; id: string; legacyId: number }
  /** Paths begin with the field. */
  | { outcome: 'refused'; issues: Issue[] }

const MAX_LEGACY_FORM = 16_000
/** In one call. */
const MAX_RESPONDENTS = 100_000
/** What is shorter cannot be a number of anybody (contract/saygent.md A7); whether a longer one is, calling it tells. */
const FEWEST_DIGITS = 7

const person = z.object({
  phone: line(100).refine((given) => given.replace(/\D/g, '').length >= FEWEST_DIGITS, {
    params: { rule: 'phone_number' },
    message: `must be a telephone number of at least ${FEWEST_DIGITS} digits`,
  }),
  firstName: line(150).nullish(),
  lastName: line(150).nullish(),
  email: line(320).pipe(z.email('must be an e-mail address')).nullish(),
  legacyForm: jsonValue(MAX_LEGACY_FORM).nullish(),
})

/**
 * Adds people to those whom a link asks, each judged by itself: who is refused keeps nobody else out. The same person
 * may be added more than once, with a number of its own each time (contract/saygent.md A8). Returns what came of each,
 * in their order. Throws INSUFFICIENT_SCOPE (`responses:write`), NOT_FOUND (the link), IDEMPOTENCY_CONFLICT.
 */
export async function addRespondents(
  world: World,
  viewer: Viewer,
  { idempotencyKey, ...input }: AddRespondentsInput,
  calling?: Calling,
): Promise<AddedRespondent[]> {
  requireScope(viewer, 'responses:write')
  const { workspaceId } = viewer
  const { linkId } = input
  if (!isUuid(linkId)) throw new NotFoundError('link', ['linkId'])
  if (input.respondents.length > MAX_RESPONDENTS) {
    const message = `must be at most ${MAX_RESPONDENTS}`
    throw new ValidationError([{ path: ['respondents'], rule: 'too_long', message }])
  }
  const judged = input.respondents.map((each) => person.safeParse(each))
  const country = (await defaultCountry(world.db, workspaceId)) ?? input.fallbackCountry ?? null
  const now = world.clock.now()
  const key = { workspaceId, key: idempotencyKey, operation: 'addRespondents', input, now }
  return world.events.write(workspaceId, (tx, emit) =>
    once(tx, key, async () => {
      const link = await holdLink(tx, workspaceId, linkId)
      if (!link || link.deleted_at !== null) throw new NotFoundError('link', ['linkId'])
      const isCalled = (n: number) => (input.callNow ?? input.respondents[n]!.callNow) === true
      const accepted = judged.flatMap((each, n) => (each.success ? [{ ...each.data, isCalled: isCalled(n) }] : []))
      const contacts = await contactsOfPeople(
        world,
        tx,
        emit,
        workspaceId,
        accepted.map((each) => personOf(each, country)),
      )
      if (accepted.some((each) => each.isCalled)) await calling?.prepare(tx, emit, link)
      const first = accepted.length === 0 ? 0 : await takeLegacyIds(tx, workspaceId, 'respondent', accepted.length)
      const rows = accepted.map(({ legacyForm }, n) => ({
        ...{ id: world.newId(), legacyId: first + n, contactId: contacts[n]!, legacyForm: legacyForm ?? null },
      }))
      await insertRespondents(tx, workspaceId, linkId, rows, now)
      for (const { id } of rows) emit('respondent.created', { linkId, respondentId: id })
      const ids = rows.flatMap(({ id }, n) => (accepted[n]!.isCalled ? [id] : []))
      if (ids.length > 0) await calling?.call(tx, emit, ids)
      let next = 0
      return judged.map((each): AddedRespondent => {
        if (!each.success) return { outcome: 'refused', issues: issuesOf(each.error) }
        const { id, legacyId } = rows[next++]!
        return { outcome: 'added', id, legacyId }
      })
    }),
  )
}

/** Makes contacts respondents of a link, within a change of the caller's. Returns their ids, in the order given. */
export async function addParticipants(
  world: World,
  tx: Tx,
  emit: Emit,
  { workspaceId, linkId }: { workspaceId: string; linkId: string },
  contactIds: readonly string[],
): Promise<string[]> {
  if (contactIds.length === 0) return []
  const first = await takeLegacyIds(tx, workspaceId, 'respondent', contactIds.length)
  const rows = contactIds.map((contactId, n) => ({
    ...{ id: world.newId(), legacyId: first + n, contactId, legacyForm: null },
  }))
  await insertRespondents(tx, workspaceId, linkId, rows, world.clock.now())
  for (const { id } of rows) emit('respondent.created', { linkId, respondentId: id })
  return rows.map(({ id }) => id)
}

function personOf({ phone, ...rest }: z.output<typeof person>, country: Country | null): Person {
  const { firstName = null, lastName = null, email = null } = rest
  return { phone: parsePhone(phone, country) ?? null, phoneInput: phone, firstName, lastName, email }
}
