import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { type Emit, EVENT_TYPES, type EventType } from '../../events/index.ts'
import { type Issue, NotFoundError, ValidationError } from '../../platform/errors.ts'
import { isUuid } from '../../platform/ids.ts'
import { line, parse, webAddress } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import type { World } from '../world.ts'
import { CREATABLE_FORMATS, FORMAT_RULES, type WebhookFormatName } from './format.ts'
import { generateSecret, secretSchema } from './secret.ts'
import { holdLivingLink, insertWebhook } from './store.ts'

export const HTTPS_REQUIRED = 'Webhook URL must use HTTPS.'

export const webhookSchema = z.object({
  name: line(200).nullish(),
  url: webAddress(),
  eventTypes: z.array(z.enum(EVENT_TYPES, 'must be a type of event')).min(1, 'must name at least one type of event'),
  format: z.enum(CREATABLE_FORMATS, `must be one of ${CREATABLE_FORMATS.join(', ')}`).default('standard'),
  linkId: z.string().nullish(),
  enabled: z.boolean().default(true),
  secret: z.unknown().optional(),
})

export interface CreateWebhookInput {
  /** What it is for, 1 to 200 characters. */
  name?: string | null
  /** Absolute, http or https, without credentials; https only for the format `sayify`. */
  url: string
  /** At least one. For the format `sayify` `response.started` and `response.submitted` only. */
  eventTypes: readonly EventType[]
  /** Default `standard`. */
  format?: (typeof CREATABLE_FORMATS)[number]
  /** Only events of this link; absent: of the whole workspace. */
  linkId?: string | null
  /** Default true. */
  enabled?: boolean
  /** Chosen by the receiver; absent: a random one for `standard`, none for `sayify`. */
  secret?: string | null
  idempotencyKey?: string | null
}

/**
 * Subscribes an address to the log, from now on. Throws INSUFFICIENT_SCOPE (`webhooks:write`, which alone suffices
 * for all types of events), VALIDATION_FAILED, NOT_FOUND (the link), IDEMPOTENCY_CONFLICT. The secret is in the result
 * and cannot be read again; null: requests are not signed.
 */
export async function createWebhook(
  world: World,
  viewer: Viewer,
  input: CreateWebhookInput,
): Promise<{ id: string; secret: string | null }> {
  requireScope(viewer, 'webhooks:write')
  const { idempotencyKey, ...asked } = input
  const webhook = prepareWebhook(world, asked)
  const { workspaceId } = viewer
  const now = world.clock.now()
  const { linkId } = webhook
  // A hash of it would be kept, and a secret that somebody chose can be guessed from its hash.
  const remembered = { ...asked, secret: asked.secret == null ? null : 'given' }
  const { id, sealed } = await world.events.write(workspaceId, (tx, emit) =>
    once(tx, { workspaceId, key: idempotencyKey, operation: 'createWebhook', input: remembered, now }, async () => {
      if (linkId !== null && !(await holdLivingLink(tx, workspaceId, linkId)))
        throw new NotFoundError('link', ['linkId'])
      return storeWebhook(world, tx, emit, workspaceId, webhook, now)
    }),
  )
  // Of a repetition the secret is that of the first time, which is remembered encrypted.
  return { id, secret: sealed === null ? null : world.sealer.open(sealed, id) }
}

export type PreparedWebhook = ReturnType<typeof prepareWebhook>

/** Judges what was asked for, with all faults at once. */
export function prepareWebhook(
  world: Pick<World, 'newId'>,
  input: Omit<CreateWebhookInput, 'idempotencyKey'>,
  at: readonly (string | number)[] = [],
) {
  const fields = parse(webhookSchema, input, at)
  const { url, eventTypes, format } = fields
  const rules = FORMAT_RULES[format]
  const issues = [
    ...addressIssues(url, format, [...at, 'url']),
    ...typeIssues(eventTypes, format, [...at, 'eventTypes']),
  ]
  if (issues.length > 0) throw new ValidationError(issues as [Issue, ...Issue[]])
  const given = fields.secret == null ? null : parse(secretSchema(format), fields.secret, [...at, 'secret'])
  const linkId = fields.linkId ?? null
  if (linkId !== null && !isUuid(linkId)) throw new NotFoundError('link', [...at, 'linkId'])
  return {
    id: world.newId(),
    name: fields.name ?? null,
    url,
    eventTypes: [...new Set(eventTypes)],
    format,
    linkId,
    enabled: fields.enabled,
    secret: given ?? (rules.alwaysSigned ? generateSecret() : null),
  }
}

/** Stores a prepared webhook within a transaction of the caller's, for what makes one along with something else. */
export async function storeWebhook(
  world: World,
  tx: Tx,
  emit: Emit,
  workspaceId: string,
  { secret, ...webhook }: PreparedWebhook,
  now: Date,
): Promise<{ id: string; sealed: string | null }> {
  const { id } = webhook
  const sealed = secret === null ? null : world.sealer.seal(secret, id)
  const made = { ...webhook, workspaceId, campaignId: null }
  await insertWebhook(tx, { ...made, watches: watchesOf(made), sealed, now })
  emit('webhook.created', { webhookId: id })
  return { id, sealed }
}

/** What concerns a webhook: what it delivers, and what changes the fate of its deliveries. */
export function watchesOf({
  format,
  eventTypes,
  linkId,
  campaignId,
}: {
  format: WebhookFormatName
  eventTypes: readonly EventType[]
  linkId: string | null
  campaignId: string | null
}): EventType[] {
  const watches = new Set(eventTypes)
  if (FORMAT_RULES[format].waitsForAnalysis && watches.has('response.submitted')) {
    watches.add('response.analyzed').add('response.analysisIncomplete')
  }
  if (linkId !== null) watches.add('link.deleted')
  if (campaignId !== null) watches.add('campaign.deleted')
  return [...watches]
}

export function addressIssues(url: string, format: WebhookFormatName, path: Issue['path']): Issue[] {
  if (!FORMAT_RULES[format].httpsOnly || new URL(url).protocol === 'https:') return []
  return [{ path, rule: 'https_required', message: HTTPS_REQUIRED }]
}

export function typeIssues(types: readonly EventType[], format: WebhookFormatName, path: Issue['path']): Issue[] {
  const allowed = FORMAT_RULES[format].eventTypes
  if (allowed === null) return []
  const message = `must be ${allowed.join(' or ')} for the format ${format}`
  return types.flatMap((type, index) =>
    allowed.includes(type) ? [] : [{ path: [...path, index], rule: 'unknown_option', message }],
  )
}
