import { z } from 'zod'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { jsonObject, line, parse, text } from '../../platform/validation.ts'
import { businessHours, storedHours } from './business-hours.ts'
import type { NewMessage, NewResolution } from './entry.ts'
import type { MessageInput, ResolveInput } from './input.ts'
import type { StoredHours } from './item.ts'
import { readTags } from './tags.ts'

const MAX_IDENTIFIER = 100
const MAX_CONTENT_BYTES = 262_144
const MAX_TAGS = 100
/** Whoever sends earlier or later ones has mistaken seconds for milliseconds or the like. */
const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(9999, 0, 1)
/**
 * How far ahead a time may be, since clocks differ and zones are mistaken. One message from far ahead would make every
 * later one of its thread a late one, for which the whole thread is counted anew, and no retention would ever reach it.
 */
const MOST_AHEAD_MS = 24 * 3_600_000

const capitals = (longest: number) =>
  z
    .string('must be a string')
    .regex(new RegExp(`^[A-Z_]{2,${longest}}$`), `must have 2 to ${longest} of the capital letters A to Z and _`)

const time = z
  .date('must be a moment')
  .refine((date) => date.getTime() >= EARLIEST && date.getTime() < LATEST, {
    params: { rule: 'out_of_range' },
    message: 'must be between 1970 and 9998',
  })
  .nullish()

const tags = z.array(line(MAX_IDENTIFIER)).max(MAX_TAGS, `must be at most ${MAX_TAGS}`).nullish()

const place = {
  channel: capitals(30),
  tenantChannelIdentifier: line(MAX_IDENTIFIER),
  provider: capitals(100),
  agent: line(MAX_IDENTIFIER).nullish(),
  tags,
  time,
}

const message = z.object({
  ...place,
  // Not trimmed: it is compared, not stored.
  tenant: text(MAX_IDENTIFIER).nullish(),
  direction: z.enum(['in', 'out'], 'must be in or out'),
  customerChannelIdentifier: line(MAX_IDENTIFIER),
  content: jsonObject(MAX_CONTENT_BYTES).nullish(),
  conversation: line(MAX_IDENTIFIER).nullish(),
  businessHours: z.unknown().optional(),
  timeZone: z.unknown().optional(),
  actor: text(1_000).nullish(),
})

const resolution = z.object({ ...place, conversation: line(MAX_IDENTIFIER) })

/** Checks a message. Throws VALIDATION_FAILED with paths as in MessageInput, below `at`. */
export function parseMessage(input: MessageInput, now: Date, at: readonly (string | number)[] = []): NewMessage {
  const given = parse(message, input, at)
  refuseAhead(given.time, now, at)
  const hours =
    given.businessHours === undefined || given.businessHours === null
      ? null
      : parse(businessHours, { businessHours: given.businessHours, timeZone: given.timeZone ?? 'UTC' }, at)
  const { tags: own, automatic, paid } = readTags(given.tags ?? [])
  return {
    type: 'message',
    tenant: given.tenant ?? null,
    sent: given.direction === 'out',
    at: (given.time ?? now).getTime(),
    channel: given.channel,
    tenantIdentifier: given.tenantChannelIdentifier,
    customerIdentifier: given.customerChannelIdentifier,
    provider: given.provider,
    agent: given.agent ?? null,
    ...{ tags: own, automatic, paid },
    conversation: given.conversation ?? null,
    hours: hours && storedHours(hours.businessHours as StoredHours['hours'], hours.timeZone),
    content: given.content ?? null,
    extra: extraOf(given.actor, given.tags, own),
    own: null,
  }
}

function refuseAhead(time: Date | null | undefined, now: Date, at: readonly (string | number)[]): void {
  if (!time || time.getTime() <= now.getTime() + MOST_AHEAD_MS) return
  throw new ValidationError([
    { path: [...at, 'time'], rule: 'in_the_future', message: 'must be at most a day in the future' },
  ])
}

function extraOf(actor: string | null | undefined, sent: readonly string[] | null | undefined, own: readonly string[]) {
  const isChanged = sent?.some((tag) => !own.includes(tag))
  const extra = { ...(actor && { actor }), ...(isChanged && { tags: sent }) }
  return Object.keys(extra).length === 0 ? null : extra
}

/** Checks a resolution. Throws VALIDATION_FAILED with paths as in ResolveInput. */
export function parseResolution(input: ResolveInput, now: Date): NewResolution {
  const given = parse(resolution, input)
  refuseAhead(given.time, now, [])
  return {
    type: 'resolution',
    at: (given.time ?? now).getTime(),
    channel: given.channel,
    tenantIdentifier: given.tenantChannelIdentifier,
    provider: given.provider,
    conversation: given.conversation,
    agent: given.agent ?? null,
    tags: readTags(given.tags ?? []).tags,
  }
}

/** What `parse` throws where a row is refused; anything else is a defect and thrown on. */
export function refusalOf(error: unknown): ExpectedError {
  if (error instanceof ExpectedError) return error
  throw error
}
