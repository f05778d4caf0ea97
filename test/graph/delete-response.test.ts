import { expect, it, vi } from 'vitest'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { testApp } from '../kit/app.ts'
import { toneMp3 } from '../kit/sound.ts'
import { until } from '../kit/world.ts'

// What happens in the background takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

/** An anonymous response is deleted over the wire, and every way to it ends. */
const app = await testApp()
const MP3 = await toneMp3()

async function data(query: string, variables: Record<string, unknown> = {}, key = app.key) {
  const { data, errors } = await app.graphql(query, variables, key)
  if (errors) throw new Error(JSON.stringify(errors))
  return data!
}
const remove = async (id: string, key = app.key) =>
  (
    await data(
      `mutation ($id: ID!) { deleteResponse(input: { id: $id }) { __typename
         ... on DeleteResponsePayload { deletedResponseId } ... on Error { code path } } }`,
      { id },
      key,
    )
  ).deleteResponse
const get = async (path: string) => {
  const { pathname, search } = new URL(path, app.localUrl)
  const headers = { authorization: `Bearer ${app.key}` }
  return fetch(new URL(`${pathname}${search}`, app.localUrl), { headers })
}

it('ends every way to a response: the graph, its files, Sayify, the export, its page', async () => {
  const { createLink } = await data(`mutation { createLink(input: {
    name: "Visit", slug: "visit", questions: [{ prompt: "Say", fieldKey: "say", type: VOICE }] }) {
    ... on CreateLinkPayload { link { id slug } } } }`)
  const page = async (
    method: string,
    path: string,
    session?: string,
    body: unknown = {},
    type = 'application/json',
  ) => {
    const response = await fetch(new URL(`/i/visit/${path}`, app.localUrl), {
      method,
      headers: { 'content-type': type, ...(session ? { authorization: `Session ${session}` } : {}) },
      body: Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
    })
    const opened = (await response.json()) as { session?: string }
    return { status: response.status, session: opened.session }
  }
  const { session } = await page('POST', 'sessions')
  await page('PUT', 'session/answers/say/upload', session, MP3, 'audio/mpeg')
  await page('POST', 'session/submit', session)
  const READ = `query { linkBySlug(slug: "visit") { responseCount responses(first: 9) { totalCount nodes {
    id respondent { id } answers { id upload { url mp3Url soundState } } } } } }`
  let found: any
  await until(
    async () => {
      found = (await data(READ)).linkBySlug.responses.nodes[0]
      return found?.answers[0]?.upload.soundState === 'READY'
    },
    'the recording is prepared',
    30_000,
  )
  const { url, mp3Url } = found.answers[0].upload
  const uuids = { link: decodeGlobalId(createLink.link.id).id, response: decodeGlobalId(found.id).id }
  const ways = [url, mp3Url, `/sayify/api/v1/links/${uuids.link}/responses/${uuids.response}/`]
  for (const way of ways) expect((await get(way)).status, way).toBe(200)
  const { eventCursor } = await data('{ eventCursor }')

  const { key: foreign } = await app.otherWorkspace('elsewhere')
  const unknown = { __typename: 'NotFoundError', code: 'NOT_FOUND', path: ['id'] }
  expect(await remove(found.id, foreign)).toEqual(unknown)
  expect((await get(ways[2]!)).status).toBe(200)
  expect(await remove(found.id)).toEqual({ __typename: 'DeleteResponsePayload', deletedResponseId: found.id })
  expect(await remove(found.id)).toEqual(unknown)

  for (const way of ways) expect((await get(way)).status, way).toBe(404)
  expect((await data(READ)).linkBySlug).toEqual({ responseCount: 0, responses: { totalCount: 0, nodes: [] } })
  const { nodes } = await data('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
    ids: [found.id, found.answers[0].id, found.respondent.id],
  })
  expect(nodes).toEqual([null, null, null])
  const { events } = await data(
    `query ($after: String) { events(after: $after, first: 9, types: [RESPONSE_DELETED]) {
       ... on EventPage { events { type payload response { id } link { id } } } } }`,
    { after: eventCursor },
  )
  expect(events.events).toEqual([
    {
      ...{ type: 'RESPONSE_DELETED', response: null, link: { id: createLink.link.id } },
      payload: { linkId: uuids.link, responseId: uuids.response, respondentId: expect.any(String) },
    },
  ])
  expect(await (await get('/responses/export?link=visit&format=ndjson')).text()).toBe('')
  expect(await page('PUT', 'session/answers/say', session, { value: 'x' })).toMatchObject({ status: 404 })
})
