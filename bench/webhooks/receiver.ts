import { createServer } from 'node:http'
import { now } from '../kit/processes.ts'
import { serve } from '../kit/rpc.ts'

/** Takes whatever is posted and answers 204; tells when the last of so many had come. */
let count = 0
let wanted = 0
let reached = Promise.withResolvers<number>()

const server = createServer((request, response) => {
  if (request.url === '/health/ready') return void response.end()
  request.resume()
  request.once('end', () => {
    response.writeHead(204).end()
    count++
    if (count === wanted) reached.resolve(now())
  })
})

serve({
  expect(total: number) {
    count = 0
    wanted = total
    reached = Promise.withResolvers()
  },
  reached: () => reached.promise,
})

server.listen(Number(process.env.PORT), '127.0.0.1')
