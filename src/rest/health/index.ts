import type { FastifyPluginAsync } from 'fastify'

export interface HealthDeps {
  /** Resolves when the parts that a request needs answer; rejects with what does not. */
  check(): Promise<void>
  /** False from the moment the server is told to stop. */
  isAccepting(): boolean
}

/** `/health/live`: the process runs. `/health/ready`: it can serve requests; 503 while starting, stopping or broken. */
export function healthPlugin({ check, isAccepting }: HealthDeps): FastifyPluginAsync {
  return async (app) => {
    app.get('/health/live', async () => ({ status: 'ok' }))
    app.get('/health/ready', async (request, reply) => {
      if (!isAccepting()) return reply.code(503).send({ status: 'stopping' })
      try {
        await check()
        return { status: 'ok' }
      } catch (error) {
        request.log.warn({ err: error }, 'not ready')
        return reply.code(503).send({ status: 'unavailable' })
      }
    })
  }
}
