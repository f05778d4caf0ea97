import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Agent } from 'undici'
import { WebSocket } from 'ws'
import { serve } from '../kit/rpc.ts'

/** What one would write by hand: one application that says the next thing as soon as it hears of the last one. */
const { ARI_URL: origin, ARI_USER: user, ARI_PASSWORD: password } = process.env as Record<string, string>
const APP = 'bare'
const CONNECTIONS = 24

const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const agent = new Agent({ connections: CONNECTIONS, keepAliveTimeout: 8_000 })

async function request(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
  const answer = await agent.request({
    origin: origin!,
    path: `/ari${path}`,
    method,
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    body: body ? JSON.stringify(body) : null,
  })
  await answer.body.dump()
}

const ended = new Map<string, () => void>()
let prompts = { question: '', thanks: '' }

const socket = new WebSocket(`${origin!.replace('http', 'ws')}/ari/events?app=${APP}`, { headers: { authorization } })
socket.on('message', (data) => {
  const { type, channel, playback } = JSON.parse(data.toString())
  switch (type) {
    case 'StasisStart':
      return request('POST', `/channels/${channel.id}/play`, {
        ...{ media: `sound:${prompts.question}`, playbackId: `${channel.id}.question` },
      })
    case 'ChannelDtmfReceived':
      return Promise.all([
        request('DELETE', `/playbacks/${channel.id}.question`),
        request('POST', `/channels/${channel.id}/play`, {
          ...{ media: `sound:${prompts.thanks}`, playbackId: `${channel.id}.thanks` },
        }),
      ])
    case 'PlaybackFinished':
      if (playback.id.endsWith('.thanks')) return request('DELETE', `/channels/${playback.id.replace('.thanks', '')}`)
      return
    case 'ChannelDestroyed':
      ended.get(channel.id)?.()
  }
})

serve({
  prompts(files: typeof prompts) {
    prompts = files
  },
  /** Calls everybody, so many at a time; resolves when all have hung up. */
  async call({ endpoints, lines }: { endpoints: string[]; lines: number }) {
    const waiting = [...endpoints]
    await Promise.all(
      Array.from({ length: lines }, async () => {
        for (let endpoint = waiting.shift(); endpoint; endpoint = waiting.shift()) {
          const channelId = randomUUID()
          const over = new Promise<void>((resolve) => ended.set(channelId, resolve))
          await request('POST', '/channels', { endpoint, app: APP, channelId })
          await over
          ended.delete(channelId)
        }
      }),
    )
  },
})

// Only says that it is there.
createServer((_request, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1')
