import { expect, test, vi } from 'vitest'
import { testApp } from '../kit/app.ts'
import { until } from '../kit/world.ts'
import { openSocket } from '../live/clients.ts'

// What happens in the background takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const app = await testApp({ INSIGHT: 'heuristic' })

interface FollowUp {
  id: string
  number: number
  prompt: string
  asks: string
  method: string
  fieldKey: string
  reply: { text: string } | null
  answer: { text: string }
}

/** The whole way, with the analyser that a server has by default: nothing is called by hand but its entrances. */
test('an unclear answer of a person is asked about, and the team sees it happen', async () => {
  const { data } = await app.graphql(
    `mutation { createLink(input: { name: "Probed", questions: [{
      prompt: "What would you change about your stay?", fieldKey: "change", type: TEXT, enableDynamicProbing: true
    }] }) { ... on CreateLinkPayload { link { id slug } } ... on Error { message } } }`,
  )
  const { link } = data!.createLink
  const socket = await openSocket(app.localUrl)
  await socket.init({ authorization: `Bearer ${app.key}` })
  const heard = socket.run(
    `subscription ($linkId: ID!) { followUpAsked(linkId: $linkId) {
      cursor event { type payload followUp { number } answer { text } } followUp { prompt answer { text } } } }`,
    { linkId: link.id },
  )
  const base = new URL(`/i/${link.slug}/`, app.localUrl)
  async function send(method: string, path: string, session?: string, body?: object) {
    const response = await fetch(new URL(path, base), {
      method,
      headers: { 'content-type': 'application/json', ...(session && { authorization: `Session ${session}` }) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    expect(response.status).toBeLessThan(300)
    return (await response.json()) as Record<string, any>
  }
  const { session, responseId } = await send('POST', 'sessions')
  await send('PUT', 'session/answers/change', session, { value: 'It was ok' })
  let view: Record<string, any> = {}
  await until(
    async () => {
      view = await send('GET', 'session', session)
      return view.answers.change.probing === 'settled'
    },
    'the answer is judged',
    15_000,
  )
  expect(view.followUps).toMatchObject([{ fieldKey: 'change__follow_up_1', follows: 'change', number: 1 }])
  await send('PUT', 'session/answers/change__follow_up_1', session, { value: 'The shower was cold every morning' })
  await send('POST', 'session/submit', session)

  const { prompt } = view.followUps[0] as { prompt: string }
  await until(() => heard.results.length > 0, 'the subscription tells of it')
  expect(heard.results[0]!.data!.followUpAsked).toMatchObject({
    event: { type: 'FOLLOW_UP_ASKED', followUp: { number: 1 }, answer: { text: 'It was ok' } },
    followUp: { prompt, answer: { text: 'It was ok' } },
  })
  socket.ws.close()

  const id = Buffer.from(`Response:${responseId}`).toString('base64url')
  const asked = 'id number prompt asks method fieldKey reply { text } answer { text }'
  const read = () =>
    app.graphql(
      `query ($id: ID!) { response(id: $id) { answers {
        fieldKey text probing questionText followUp { prompt } followUps { ${asked} }
      } } }`,
      { id },
    )
  expect((await read()).errors).toBeUndefined()
  // The reply was to be judged when everything was sent; nothing more is asked, and that is settled a moment later.
  await until(async () => (await read()).data!.response.answers[0].probing === 'SETTLED', 'the reply is judged', 15_000)
  const [answer, reply] = (await read()).data!.response.answers
  expect(answer).toMatchObject({ fieldKey: 'change', text: 'It was ok', probing: 'SETTLED', followUp: null })
  expect(reply).toMatchObject({
    ...{ fieldKey: 'change__follow_up_1', text: 'The shower was cold every morning', questionText: prompt },
    ...{ followUp: { prompt }, followUps: [] },
  })
  const [followUp] = answer.followUps as [FollowUp]
  expect(followUp).toMatchObject({
    ...{ number: 1, prompt, method: 'heuristic-1', fieldKey: 'change__follow_up_1' },
    ...{ reply: { text: reply.text }, answer: { text: 'It was ok' } },
  })
  expect(['WHY', 'WHAT', 'WHEN', 'HOW', 'WHO', 'WHERE', 'MORE']).toContain(followUp.asks)

  // As a node: to its own workspace only, and with the scope of responses.
  const node = `query ($id: ID!) { node(id: $id) { ... on FollowUp { prompt } } }`
  expect((await app.graphql(node, { id: followUp.id })).data!.node).toEqual({ prompt })
  const other = await app.otherWorkspace('elsewhere')
  expect((await app.graphql(node, { id: followUp.id }, other.key)).data!.node).toBeNull()
  const { data: made } = await app.graphql(
    `mutation { createApiKey(input: { name: "links", scopes: [LINKS_READ] }) { ... on CreateApiKeyPayload { key } } }`,
  )
  const refused = await app.graphql(node, { id: followUp.id }, made!.createApiKey.key)
  expect(refused.errors![0]!.extensions.code).toBe('INSUFFICIENT_SCOPE')

  // Sayify shows it beside what it follows.
  const linkUuid = Buffer.from(link.id, 'base64url').toString().split(':')[1]
  const listed = await fetch(new URL(`/sayify/api/v1/links/${linkUuid}/responses/`, app.localUrl), {
    headers: { authorization: `Bearer ${app.key}` },
  })
  const { results } = (await listed.json()) as { results: { answers: Record<string, unknown>[] }[] }
  expect(results[0]!.answers).toMatchObject([
    { field_key: 'change', transcription: 'It was ok' },
    { field_key: 'change__follow_up_1', follow_up_to: 'change', question_text: prompt, response_type: 'text' },
  ])
  expect(results[0]!.answers[0]).not.toHaveProperty('follow_up_to')
})
