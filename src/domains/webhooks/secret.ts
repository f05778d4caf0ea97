import { randomBytes } from 'node:crypto'
import type { z } from 'zod'
import { line } from '../../platform/validation.ts'
import type { WebhookFormatName } from './format.ts'

/** What a secret of Standard Webhooks begins with; the rest is base64. */
const STANDARD_PREFIX = 'whsec_'
const RANDOM_BYTES = 32
const MIN_BYTES = 24
const MAX_BYTES = 64

export function generateSecret(): string {
  return STANDARD_PREFIX + randomBytes(RANDOM_BYTES).toString('base64')
}

/** The bytes that a secret of Standard Webhooks signs with; undefined when it is none. */
export function standardKey(secret: string): Buffer | undefined {
  if (!secret.startsWith(STANDARD_PREFIX)) return undefined
  const encoded = secret.slice(STANDARD_PREFIX.length)
  const key = Buffer.from(encoded, 'base64')
  if (key.toString('base64') !== encoded || key.length < MIN_BYTES || key.length > MAX_BYTES) return undefined
  return key
}

/** A secret that the receiver chose, as its format wants it. */
export function secretSchema(format: WebhookFormatName) {
  const secret = line(500)
  if (format !== 'standard') return secret
  return secret.refine((value) => standardKey(value) !== undefined, {
    params: { rule: 'secret_form' },
    message: `must be ${STANDARD_PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`,
  })
}

export type SecretSchema = z.ZodType<string>
