import { z } from 'zod'
import type { Tx } from '../../db/database.ts'
import { violatedConstraint } from '../../db/sql.ts'
import { ExpectedError, type Issue, ValidationError } from '../../platform/errors.ts'
import { canonicalLanguage, languageTag, line, parse } from '../../platform/validation.ts'
import { requireScope, type Viewer } from '../auth/index.ts'
import { once } from '../idempotency.ts'
import { takeLegacyIds } from '../legacy-id.ts'
import { type PreparedWebhook, prepareWebhook, storeWebhook } from '../webhooks/index.ts'
import type { World } from '../world.ts'
import { parseQuestions, type QuestionInput } from './question-input.ts'
import { type LinkSettings, settingsSchema } from './settings.ts'
import { firstFree, MAX_SLUG, SLUG, slugify } from './slug.ts'
import { insertLink, insertQuestions, type LinkStatus, linkQuota, slugsLike } from './store.ts'

export const slugSchema = z
  .string()
  .max(MAX_SLUG, `must have at most ${MAX_SLUG} characters`)
  .regex(SLUG, 'must be letters, digits, inner hyphens and underscores')

export const linkSchema = z.object({
  name: line(300),
  slug: slugSchema.nullish(),
  status: z.enum(['active', 'paused'], 'must be active or paused').default('active'),
  settings: settingsSchema.nullish(),
  maxResponses: z.int().min(1, 'must be at least 1').max(2_000_000_000).nullish(),
  language: languageTag()
    .transform((tag) => canonicalLanguage(tag)!)
    .nullish(),
  questions: z.unknown().optional(),
})

const onFinishedSchema = z.object({ webhookUrl: z.string().nullish(), webhookSecret: z.string().nullish() })

/** A webhook that comes into being with a link, for its submitted responses only (contract/sayify.md 6.1). */
export interface OnFinishedInput {
  /** https only. */
  webhookUrl?: string | null
  /** What to sign with; absent: unsigned. */
  webhookSecret?: string | null
}

export interface CreateLinkInput {
  name: string
  /** Default: made from the name, with `-2`, `-3`, … when taken. */
  slug?: string | null
  status?: LinkStatus
  settings?: LinkSettings | null
  /** How many completed responses are accepted; null or absent: no limit. */
  maxResponses?: number | null
  /** BCP 47: what its questions are written in, and answers probably spoken in; null or absent: nobody says. */
  language?: string | null
  questions?: QuestionInput[]
  onFinished?: OnFinishedInput | null
  idempotencyKey?: string | null
}

/** An automatic slug can lose against a rename at the same moment; the next one is then tried. */
const SLUG_ATTEMPTS = 5

/**
 * Makes a link with all its questions and the webhook of `onFinished`, or nothing. Throws INSUFFICIENT_SCOPE (`links:write`), VALIDATION_FAILED,
 * FIELD_KEY_CONFLICT, SLUG_CONFLICT (a slug that was asked for), LINK_LIMIT_REACHED, IDEMPOTENCY_CONFLICT.
 */
export async function createLink(world: World, viewer: Viewer, input: CreateLinkInput): Promise<{ id: string }> {
  requireScope(viewer, 'links:write')
  const { idempotencyKey, ...asked } = input
  const fields = parse(linkSchema, asked)
  const questions = parseQuestions(fields.questions ?? [], ['questions'])
  const webhook = webhookOf(world, asked.onFinished)
  const { workspaceId } = viewer
  const now = world.clock.now()

  async function insert(tx: Tx): Promise<{ id: string }> {
    const id = world.newId()
    const legacyId = await takeLegacyIds(tx, workspaceId, 'link')
    const { quota, used } = await linkQuota(tx, workspaceId)
    if (quota !== null && used >= quota) {
      throw new ExpectedError('LINK_LIMIT_REACHED', 'Workspace has reached its plan link quota.', {
        details: { quota },
      })
    }
    const slug = fields.slug ?? (await freeSlug(tx, workspaceId, fields.name))
    await insertLink(tx, {
      id,
      workspaceId,
      legacyId,
      name: fields.name,
      slug,
      status: fields.status,
      settings: fields.settings ?? {},
      maxResponses: fields.maxResponses ?? null,
      language: fields.language ?? null,
      now,
    })
    const rows = questions.map((question) => ({ ...question, id: world.newId() }))
    await insertQuestions(tx, workspaceId, id, rows, now)
    return { id }
  }

  for (let attempt = 1; ; attempt++) {
    try {
      return await world.events.write(workspaceId, (tx, emit) =>
        once(
          tx,
          { workspaceId, key: idempotencyKey, operation: 'createLink', input: withoutSecret(asked), now },
          async () => {
            const created = await insert(tx)
            emit('link.created', { linkId: created.id })
            if (webhook) await storeWebhook(world, tx, emit, workspaceId, { ...webhook, linkId: created.id }, now)
            return created
          },
        ),
      )
    } catch (error) {
      if (violatedConstraint(error) !== 'link_slug_key') throw error
      if (fields.slug) throw slugConflict(fields.slug)
      if (attempt === SLUG_ATTEMPTS) throw error
    }
  }
}

/** What is remembered of the input, as a hash: a secret that somebody chose could be guessed from it. */
function withoutSecret({ onFinished, ...asked }: CreateLinkInput): object {
  return onFinished ? { ...asked, onFinished: { ...onFinished, webhookSecret: null } } : asked
}

function webhookOf(world: World, onFinished: unknown): PreparedWebhook | undefined {
  const at = ['onFinished']
  const { webhookUrl, webhookSecret } = parse(onFinishedSchema, onFinished ?? {}, at)
  if (!webhookUrl) {
    if (!webhookSecret) return undefined
    const message = 'must be given with a secret'
    throw new ValidationError([{ path: [...at, 'webhookUrl'], rule: 'required', message }])
  }
  try {
    const eventTypes = ['response.submitted'] as const
    return prepareWebhook(world, { url: webhookUrl, eventTypes, format: 'sayify', secret: webhookSecret || null })
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const issues = error.issues.map((issue) => ({
      ...issue,
      path: [...at, issue.path[0] === 'secret' ? 'webhookSecret' : 'webhookUrl'],
    }))
    throw new ValidationError(issues as unknown as [Issue, ...Issue[]])
  }
}

async function freeSlug(tx: Tx, workspaceId: string, name: string): Promise<string> {
  const wish = slugify(name)
  const taken = await slugsLike(tx, workspaceId, wish.slice(0, MAX_SLUG - 8))
  return firstFree(wish, (slug) => taken.has(slug), '-', MAX_SLUG)
}

export function slugConflict(slug: string): ExpectedError {
  return new ExpectedError('SLUG_CONFLICT', `Slug "${slug}" is already in use`, { path: ['slug'] })
}
