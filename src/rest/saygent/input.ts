import { type LegacyRequest, Refused } from '../legacy/index.ts'
import { readFields } from './bracketed.ts'
import { REQUEST_NOT_AN_OBJECT } from './words.ts'

export const TOKEN = 'auth_token'

export type Fields = Readonly<Record<string, unknown>>

export function queryOf({ search }: LegacyRequest): Fields {
  return readFields(new URLSearchParams(search))
}

/** What is asked, wherever it stands: in the query, in a form, in JSON; of a name in two of them the body counts. */
export async function inputOf(request: LegacyRequest): Promise<Fields> {
  const body = (await request.body()) ?? {}
  if (!isFields(body)) {
    const faults = [{ path: [], message: REQUEST_NOT_AN_OBJECT, value: body }]
    throw new Refused({ kind: 'invalid', where: 'body', faults, input: body })
  }
  const { [TOKEN]: _, ...fields } = { ...queryOf(request), ...body }
  // A form has no other way of sending a list of objects but this and brackets.
  return typeof fields.respondents === 'string' ? { ...fields, respondents: parsed(fields.respondents) } : fields
}

export function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
