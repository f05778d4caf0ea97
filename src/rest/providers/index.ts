import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { type Reception, recordBounce, recordInbound, recordReceipt } from '../../domains/messages/index.ts'
import type { World } from '../../domains/world.ts'
import { bearer } from '../../platform/bearer.ts'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { secretCheck } from '../../platform/secret.ts'
import {
  parseHttpInbound,
  parseHttpReceipt,
  type SmsWebhookMapping,
  webhookPayload,
} from '../../providers/sms/index.ts'
import { answerFailures, type EntranceDeps } from '../entrance.ts'

export interface ProvidersDeps extends Pick<EntranceDeps, 'logger'> {
  world: World
  /** What providers must show. */
  secret: string
  /** Where a gateway's webhooks say what. */
  mapping: SmsWebhookMapping
}

/** The largest report of a bounce, which may bring back what was sent. */
const MAX_BOUNCE_BYTES = 5_000_000
/** Seconds after which a provider should say again what came too early. */
const COME_AGAIN_SECONDS = 5

/**
 * What providers call when something became of a message: `POST /providers/sms/receipt`, `/providers/sms/inbound` (JSON or
 * a form, as SMS_HTTP_WEBHOOK says) and `/providers/email/bounce` (the message as it came to the return path). The secret
 * comes as `Authorization: Bearer`, or as `?secret=` for those that can send no header. Answers 204, or 503 when it should
 * come again. docs/messages.md describes it.
 */
export function providersPlugin(deps: ProvidersDeps): FastifyPluginAsync {
  const { world, mapping, logger } = deps
  const isSecret = secretCheck(deps.secret)

  return async (app) => {
    answerFailures(app, { logger }, 'what a provider told could not be recorded')
    app.removeAllContentTypeParsers()
    // What it is, each address decides.
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.addHook('onRequest', async (request) => {
      const { secret } = request.query as { secret?: unknown }
      const shown = bearer(request.headers.authorization) ?? (typeof secret === 'string' ? secret : '')
      if (isSecret(shown)) return
      throw new ExpectedError('UNAUTHENTICATED', 'Show the secret of PROVIDER_SECRET as `Authorization: Bearer`.')
    })

    app.post('/providers/sms/receipt', async (request, reply) => {
      const receipt = parseHttpReceipt(mapping, payloadOf(request), world.clock.now())
      if (receipt === undefined) throw malformed('is no receipt: an id or a status is missing')
      if (receipt === 'pending' || receipt.type === 'inbound') return reply.code(204).send()
      return answer(reply, await recordReceipt(world, receipt))
    })

    app.post('/providers/sms/inbound', async (request, reply) => {
      const event = parseHttpInbound(mapping, payloadOf(request), world.clock.now())
      if (event?.type !== 'inbound') throw malformed('is no message: its sender, recipient or text is missing')
      await recordInbound(world, event)
      return reply.code(204).send()
    })

    app.post('/providers/email/bounce', { bodyLimit: MAX_BOUNCE_BYTES }, async (request, reply) => {
      const { body } = request
      if (!Buffer.isBuffer(body) || body.length === 0) throw malformed('is empty; it must be the message as it came')
      return answer(reply, await recordBounce(world, body))
    })
  }
}

function answer(reply: FastifyReply, reception: Reception): FastifyReply {
  if (reception !== 'early') return reply.code(204).send()
  return reply.code(503).header('retry-after', String(COME_AGAIN_SECONDS)).send()
}

/** Throws VALIDATION_FAILED for a body that is neither JSON nor a form. */
function payloadOf({ headers, body }: FastifyRequest): unknown {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : ''
  const payload = webhookPayload(headers['content-type'] ?? '', text)
  if (payload === undefined) throw malformed('must be JSON or a form, and say so in its content type')
  return payload
}

function malformed(message: string): ValidationError {
  return new ValidationError([{ path: ['body'], rule: 'malformed', message }])
}
