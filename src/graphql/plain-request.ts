import type { FastifyRequest } from 'fastify'

/** One operation as most clients send it: by POST, as JSON, for one answer as JSON. */
export interface PlainRequest {
  query: string
  operationName: string | null | undefined
  variables: Record<string, unknown> | null | undefined
  /** What the answer is to be called. */
  mediaType: 'application/json' | 'application/graphql-response+json'
}

const PARAMETERS: ReadonlySet<string> = new Set(['query', 'operationName', 'variables'])

/** Undefined for a request with anything out of the ordinary, down to the form of its parameters: Yoga judges those. */
export function plainRequest({ method, url, headers, body }: FastifyRequest): PlainRequest | undefined {
  if (method !== 'POST' || url.includes('?') || !headers['content-type']?.startsWith('application/json'))
    return undefined
  const mediaType = wanted(headers.accept)
  if (!mediaType || typeof body !== 'object' || body === null || Array.isArray(body)) return undefined
  for (const name in body) if (!PARAMETERS.has(name)) return undefined
  const { query, operationName, variables } = body as Record<string, unknown>
  if (typeof query !== 'string') return undefined
  if (operationName != null && typeof operationName !== 'string') return undefined
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) return undefined
  return { query, operationName, variables: variables as PlainRequest['variables'], mediaType }
}

/** The first of what is accepted, as Yoga chooses it; undefined when it is not one of the two, or has parameters. */
function wanted(accept: string | undefined): PlainRequest['mediaType'] | undefined {
  if (accept === undefined || accept === '*/*') return 'application/json'
  const types = accept.split(',').map((type) => type.trim())
  const isKnown = (type: string | undefined): type is PlainRequest['mediaType'] =>
    type === 'application/json' || type === 'application/graphql-response+json'
  return types.every(isKnown) ? types[0] : undefined
}
