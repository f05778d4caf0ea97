import { type AddressInfo, connect as connectTcp, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createEventLog } from '../../src/events/index.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { type TestApp, testApp } from '../kit/app.ts'
import { until } from '../kit/world.ts'
import { connect, openStream, positionOf, type Result } from './clients.ts'

// Much is waited for here, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const STALLED_MS = 700
let app: TestApp
let linkId: string
let narrow: { url: URL; close(): void }
beforeAll(async () => {
  app = await testApp({ SUBSCRIBER_BUFFER_KB: '256' }, undefined, { timings: { stalledMs: STALLED_MS } })
  // Each event carries the link's description, so that buffers fill as fast as a test needs.
  const { data } = await app.graphql(
    `mutation ($description: String!) { createLink(input: { name: "Long", settings: { description: $description } }) {
      ... on CreateLinkPayload { link { id } } } }`,
    { description: 'x'.repeat(1_900) },
  )
  linkId = /[0-9a-f-]{36}$/.exec(Buffer.from(data!.createLink.link.id, 'base64').toString())![0]
  narrow = await narrowWay(app.localUrl)
})
afterAll(() => narrow.close())

/** About 50 kB for each event, since the system's own buffers take in megabytes before a reader looks slow. */
const LONG = `subscription ($after: String) { events(after: $after) { cursor link {
  ${Array.from({ length: 25 }, (_, n) => `a${n}: settings { description }`).join(' ')} } } }`
const present = async () => (await app.graphql('{ eventCursor }')).data!.eventCursor as string
const happen = async (count: number) => {
  const newId = idGenerator(systemClock)
  const log = createEventLog({ db: app.db, clock: systemClock, newId })
  await log.write(app.firstStart!.workspaceId, async (_, emit) => {
    for (let n = 0; n < count; n++) emit('link.updated', { linkId })
  })
  // The server does not see other writers of an embedded database; a write of its own makes it look.
  await app.graphql('mutation { createContact(input: { name: "Ann" }) { __typename } }')
}
const subscribers = async () => {
  const metrics = await (await fetch(new URL('/metrics', app.localUrl))).text()
  return Number(/^saygraph_subscribers (\d+)$/m.exec(metrics)?.[1])
}
/** Bytes of buffers that something still holds; without a collection first, also those that only wait for it. */
const heldBytes = () => {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().arrayBuffers
}
const places = (results: Result[]) => results.map(({ data }) => positionOf(data!.events.cursor))
const upTo = (after: number, to: number) => Array.from({ length: to - after }, (_, n) => after + 1 + n)

/** A network between the client and the server that can hold little: the system's own buffers would hide a slow reader. */
async function narrowWay(target: URL): Promise<{ url: URL; close(): void }> {
  const way = createServer((near) => {
    const far = connectTcp({ port: Number(target.port), host: target.hostname })
    near.pipe(far)
    far.pipe(near)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve))
  return { url: new URL(`http://127.0.0.1:${(way.address() as AddressInfo).port}`), close: () => way.close() }
}

test('a socket that takes in nothing is closed with 4480, harms nobody, and continues exactly once', async () => {
  const from = await present()
  const slow = await connect(narrow.url, app.key)
  const behind = slow.run(LONG, { after: from })
  const reader = await connect(app.localUrl, app.key)
  const reading = reader.run(LONG, { after: from })
  await happen(1)
  await until(() => behind.results.length > 0 && reading.results.length > 0, 'both are told')
  slow.ws.pause()
  const heapBefore = heldBytes()
  for (let n = 0; n < 10; n++) await happen(40)
  const head = positionOf(await present())
  await until(() => reading.results.length === head - positionOf(from), 'the other is told everything meanwhile')
  expect(places(reading.results)).toEqual(upTo(positionOf(from), head))
  // The 20 MB that it has not read are not kept for it.
  expect(heldBytes() - heapBefore).toBeLessThan(12_000_000)
  await until(async () => (await subscribers()) === 1, 'the slow one is given up')
  slow.ws.resume()
  expect(await slow.whenClosed()).toMatchObject({ code: 4480, reason: expect.stringContaining('last cursor') })
  expect(reader.closed()).toBeUndefined()

  const got = places(behind.results)
  expect(got.length).toBeLessThan(head - positionOf(from))
  const again = await connect(narrow.url, app.key)
  const rest = again.run(LONG, { after: behind.results.at(-1)!.data!.events.cursor })
  await until(() => got.length + rest.results.length >= head - positionOf(from), 'the rest is told')
  expect([...got, ...places(rest.results)]).toEqual(upTo(positionOf(from), head))
  again.ws.close()
  reader.ws.close()
})

test('a reader that is merely behind is not disconnected, and neither is one that a burst overtakes', async () => {
  const from = await present()
  const waiting = await connect(app.localUrl, app.key)
  const live = waiting.run(LONG, { after: from })
  const lean = waiting.run('subscription ($after: String) { events(after: $after) { cursor } }', { after: from })
  // Many times what may wait for one reader, appended at once.
  await happen(600)
  const late = await connect(narrow.url, app.key)
  const [lateLong, stream] = [
    late.run(LONG, { after: from }),
    await openStream(narrow.url, app.key, LONG, { after: from }),
  ]
  await happen(100)
  const head = positionOf(await present())
  const expected = upTo(positionOf(from), head)
  for (const { results } of [live, lean, lateLong, stream]) {
    await until(() => results.length >= expected.length, 'everything is told')
    expect(places(results)).toEqual(expected)
  }
  expect([waiting.closed(), late.closed(), stream.ended()]).toEqual([undefined, undefined, undefined])
  // And they are as live as any.
  await happen(1)
  await until(
    () => lateLong.results.length === expected.length + 2 && live.results.length === expected.length + 2,
    'news',
  )
  waiting.ws.close()
  late.ws.close()
  stream.abort()
})

test('a reader that takes its time, but takes, stays', async () => {
  const from = await present()
  const socket = await connect(narrow.url, app.key)
  const slowly = socket.run(LONG, { after: from })
  await happen(300)
  for (let n = 0; n < 12; n++) {
    socket.ws.pause()
    await sleep(STALLED_MS / 5)
    socket.ws.resume()
    await sleep(10)
  }
  const head = positionOf(await present())
  await until(() => slowly.results.length >= head - positionOf(from), 'everything is told')
  expect(places(slowly.results)).toEqual(upTo(positionOf(from), head))
  expect(socket.closed()).toBeUndefined()
  socket.ws.close()
})

test('a stream that nobody reads ends, and what it has not read is not kept', async () => {
  const from = await present()
  const body = JSON.stringify({ query: LONG, variables: { after: from } })
  const tcp = connectTcp({ port: Number(narrow.url.port), host: narrow.url.hostname })
  let text = ''
  let ended = false
  tcp.on('data', (data) => {
    text += data
  })
  tcp.on('close', () => {
    ended = true
  })
  tcp.on('error', () => {})
  tcp.write(
    `POST /graphql HTTP/1.1\r\nHost: ${narrow.url.host}\r\nAuthorization: Bearer ${app.key}\r\n` +
      `Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await until(() => text.includes('text/event-stream'), 'the stream begins')
  tcp.pause()
  const other = await openStream(app.localUrl, app.key, LONG, { after: from })
  for (let n = 0; n < 10; n++) await happen(40)
  const head = positionOf(await present())
  await until(() => other.results.length === head - positionOf(from), 'the other is told everything meanwhile')
  await until(async () => (await subscribers()) === 1, 'the one that nobody reads is given up')
  await sleep(2 * STALLED_MS)
  tcp.resume()
  await until(() => ended || text.includes('SLOW_CONSUMER'), 'it ends with the code, or at once')
  tcp.destroy()

  const cursors = [...text.matchAll(/"cursor":"([^"]+)"/g)].map(([, cursor]) => cursor!)
  expect(cursors.length).toBeLessThan(head - positionOf(from))
  expect(cursors.map(positionOf)).toEqual(upTo(positionOf(from), positionOf(from) + cursors.length))
  const rest = await openStream(app.localUrl, app.key, LONG, { after: cursors.at(-1) ?? from })
  await until(() => rest.results.length >= head - positionOf(from) - cursors.length, 'the rest is told')
  expect(places(rest.results)).toEqual(upTo(positionOf(from) + cursors.length, head))
  rest.abort()
  other.abort()
})
