import WebSocket from 'ws'
import type { Rig } from './rig.ts'

/** As much of an event as these tests look at. */
export interface AriEvent {
  type: string
  channel?: { id: string; state: string }
  peer?: { id: string }
  playback?: { id: string; state: string; target_uri: string }
  recording?: { name: string; state: string; duration?: number; target_uri: string }
  digit?: string
  cause?: number
  tech_cause?: number
}

/** Asterisk's REST interface as it is, for tests of the rig itself: one application's events, and requests. */
export interface BareAri {
  events: AriEvent[]
  request(method: string, path: string, query?: Record<string, string>): Promise<Response>
  /** The first event of this type about a channel, past ones included; fails when it takes too long. */
  event(channelId: string, type: string, withinMs?: number): Promise<AriEvent>
  close(): void
}

export async function bareAri({ ari }: Rig, app: string): Promise<BareAri> {
  const authorization = `Basic ${Buffer.from(`${ari.user}:${ari.password}`).toString('base64')}`
  const socket = new WebSocket(`${ari.url.replace('http', 'ws')}/ari/events?app=${app}`, { headers: { authorization } })
  const events: AriEvent[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (message) => {
    events.push(JSON.parse(message.toString()) as AriEvent)
    for (const look of waiting) look()
  })
  socket.on('error', () => {})
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return {
    events,
    async request(method, path, query = {}) {
      const answer = await fetch(`${ari.url}/ari${path}?${new URLSearchParams(query)}`, {
        method,
        headers: { authorization },
      })
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
      return answer
    },
    event(channelId, type, withinMs = 20_000) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find((event) => event.type === type && channelOf(event) === channelId)
          if (!found) return
          clearTimeout(timer)
          waiting.delete(look)
          resolve(found)
        }
        const timer = setTimeout(() => {
          waiting.delete(look)
          reject(new Error(`no ${type} of ${channelId}`))
        }, withinMs)
        waiting.add(look)
        look()
      })
    },
    close: () => socket.terminate(),
  }
}

function channelOf(event: AriEvent): string | undefined {
  const target = event.playback?.target_uri ?? event.recording?.target_uri
  return event.channel?.id ?? event.peer?.id ?? target?.replace('channel:', '')
}
