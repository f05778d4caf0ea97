import { httpRequest } from '../kit/http-connection.ts'
import { KEY } from '../kit/processes.ts'
import { repeat } from '../kit/repeat.ts'
import { serve } from '../kit/rpc.ts'
import { type GeneratedMessage, generate } from './generate.ts'
import { graphqlBody, restBody } from './wire.ts'

/** Sends single messages, each in a request of its own. */
export interface MessageLoad {
  /** Each of them is the same messages from the first on, and goes on where it was left. */
  stream: string
  kind: 'rest' | 'graphql'
  port: number
  connections: number
  ms: number
}

/** More than will ever be sent; it decides how many conversations go on at a time. */
const MESSAGES = 10_000_000

const streams = new Map<string, Iterator<GeneratedMessage>>()

function* messages(): Generator<GeneratedMessage> {
  for (const item of generate(MESSAGES)) if (item.kind === 'message') yield item
}

const KINDS = {
  rest: { path: '/v1/messages', status: 201, bodyOf: restBody, isTaken: (body: string) => body === '""' },
  graphql: {
    ...{ path: '/graphql', status: 200, bodyOf: graphqlBody },
    isTaken: (body: string) => body.includes('"AddMessagePayload"'),
  },
}

serve({
  send({ stream: name, kind, ...load }: MessageLoad) {
    const stream = streams.get(name) ?? messages()
    streams.set(name, stream)
    const { path, status, bodyOf, isTaken } = KINDS[kind]
    const headers = { authorization: `Bearer ${KEY}` }
    return repeat(load, async (connection) => {
      const body = bodyOf(stream.next().value)
      const answer = await connection.send(httpRequest('POST', path, headers, body))
      const text = answer.body.toString()
      if (answer.status !== status || !isTaken(text)) throw new Error(`${kind}: ${answer.status} ${text}`)
    })
  },
})
