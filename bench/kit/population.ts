import { type HttpConnection, httpRequest } from './http-connection.ts'
import { withClient } from './postgres.ts'
import { KEY, type Started } from './processes.ts'

/** A link as the measurements need it. */
export interface SeededLink {
  /** Global id. */
  id: string
  uuid: string
  slug: string
}

export const LINKS = 100
export const FIELD_KEYS = ['nps', 'reason', 'comment'] as const

const CREATE_LINK = `mutation ($input: CreateLinkInput!) {
  createLink(input: $input) { __typename ... on CreateLinkPayload { link { id slug } } ... on Error { code message } }
}`

/** Runs an operation with the bootstrap key. Throws on errors. */
export async function graphql<Data>(port: number, query: string, variables: object = {}): Promise<Data> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown[] }
  if (errors) throw new Error(JSON.stringify(errors))
  return data
}

/** Links with five questions each, made through the API. */
export async function createLinks({ port }: Started, count = LINKS): Promise<SeededLink[]> {
  const links: SeededLink[] = []
  for (let n = 0; n < count; n++) {
    const input = {
      name: `How was your visit to branch ${n}?`,
      slug: `branch-${n}`,
      questions: [
        {
          prompt: 'How likely are you to recommend us to a friend?',
          type: 'RATING',
          fieldKey: 'nps',
          order: 0,
          required: true,
          configuration: { rating: { scaleType: 'NPS' } },
        },
        {
          prompt: 'What did you come for today?',
          type: 'MULTIPLE_CHOICE',
          fieldKey: 'reason',
          order: 1,
          required: true,
          configuration: { multipleChoice: { options: ['To buy', 'To look', 'To return something'] } },
        },
        { prompt: 'What should we do better next time?', type: 'TEXT', fieldKey: 'comment', order: 2, required: true },
        {
          prompt: 'Would you like to tell us more in your own words?',
          type: 'VOICE_TEXT_FALLBACK',
          fieldKey: 'more',
          order: 3,
        },
        { prompt: 'May we write to you? Your e-mail address', type: 'EMAIL', fieldKey: 'email', order: 4 },
      ],
    }
    const { createLink } = await graphql<any>(port, CREATE_LINK, { input })
    if (createLink.__typename !== 'CreateLinkPayload') throw new Error(JSON.stringify(createLink))
    const { id, slug } = createLink.link
    links.push({ id, slug, uuid: Buffer.from(id, 'base64url').toString().split(':')[1]! })
  }
  return links
}

/** So that statements are planned with statistics, as they are on a database that has lived for a while. */
export function analyze(url: string): Promise<unknown> {
  return withClient(url, (client) => client.query('VACUUM ANALYZE'))
}

/** The five calls of one person who answers a link: session, three answers, submission. */
export async function answerLink(connection: HttpConnection, slug: string, address: string): Promise<void> {
  const headers: Record<string, string> = { 'x-forwarded-for': address }
  const base = `/i/${slug}`
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await connection.send(httpRequest(method, `${base}${path}`, headers, body))
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString()}`)
    return answer.body
  }
  const { session } = JSON.parse((await call('POST', '/sessions', {})).toString()) as { session: string }
  headers.authorization = `Session ${session}`
  await call('PUT', '/session/answers/nps', { value: 9 })
  await call('PUT', '/session/answers/reason', { value: 'To look' })
  await call('PUT', '/session/answers/comment', { value: 'Shorter queues at the counter, please.' })
  await call('POST', '/session/submit', {})
}

/** Another address for every session: 10.0.0.0 and on. */
export function addressOf(n: number): string {
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
}
