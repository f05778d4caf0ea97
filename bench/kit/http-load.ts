import { addressOf, answerLink } from './population.ts'
import { repeat } from './repeat.ts'
import { serve } from './rpc.ts'

/** The client, in a process of its own. */
export interface Load {
  port: number
  /** A whole request as text, sent again and again. */
  request: string
  connections: number
  ms: number
}

export interface Answering {
  port: number
  slugs: string[]
  connections: number
  ms: number
}

let sessions = Math.floor(Math.random() * 2 ** 22)

serve({
  load: ({ request, ...load }: Load) =>
    repeat(load, async (connection) => {
      const { status } = await connection.send(request)
      if (status !== 200) throw new Error(`status ${status}`)
    }),
  answer: ({ slugs, ...load }: Answering) =>
    repeat(load, (connection, worker) => answerLink(connection, slugs[worker % slugs.length]!, addressOf(sessions++))),
})
