import { createHmac } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadLink, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import { createLink, deleteLink } from '../../domains/links/index.ts'
import { openSession, recordAnswer, submitResponse } from '../../domains/responses/index.ts'
import type { DeliveryFacts } from '../../domains/webhooks/index.ts'
import { sayifyWebhookRequest } from './webhook-request.ts'

const CARDS = [
  { id: 'card-uuid-1', label: 'Modern Blue', media_url: 'https://example.com/blue.jpg', media_type: 'image' },
  { id: 'bare' },
]
const ANSWERS: [prompt: string, type: string, configuration: object, value: unknown][] = [
  ['Words', 'text', {}, 'well'],
  ['Stars', 'rating', {}, 4],
  ['Hundred', 'rating', { scale_type: 'numbers', max_value: 100 }, 70],
  ['Likely', 'rating', { scale_type: 'nps' }, 0],
  ['Design', 'image_choice', { cards: CARDS }, 'card-uuid-1'],
  ['Other', 'image_choice', { cards: CARDS }, 'bare'],
]

let kit: TestWorld
let linkId: string
let facts: DeliveryFacts
let session: string
beforeAll(async () => {
  kit = await testWorld()
  const { world, viewer, signer } = kit
  const questions = ANSWERS.map(([prompt, type, configuration], order) => ({ prompt, type, configuration, order }))
  linkId = (await createLink(world, viewer, { name: 'Design', questions: questions as never })).id
  const link = await loadLink(world, kit.workspaceId, linkId)
  const { token, responseId, sessionId } = await openSession(world, signer, link, { channel: 'web' })
  session = sessionId
  for (const [prompt, , , value] of ANSWERS) {
    await recordAnswer(world, signer, link, { token, fieldKey: prompt.toLowerCase(), value })
  }
  await submitResponse(world, signer, link, { token })
  facts = {
    id: world.newId(),
    workspaceId: kit.workspaceId,
    webhookId: world.newId(),
    eventId: world.newId(),
    eventType: 'response.submitted',
    position: 9,
    occurredAt: new Date('2026-02-10T13:30:02Z'),
    payload: { responseId, linkId },
  }
})

const now = new Date('2026-02-10T13:31:00Z')
const request = (changes: Partial<DeliveryFacts> = {}, secrets: string[] = []) =>
  sayifyWebhookRequest({ world: kit.world, mediaUrl: () => 'https://example.com/media' })(
    { ...facts, ...changes },
    { secrets, now },
  )
const bodyOf = async (changes?: Partial<DeliveryFacts>) => JSON.parse((await request(changes))!.body)

describe('what Sayify’s webhooks send', () => {
  it('is the response with its link, and more of ratings and cards', async () => {
    const body = await bodyOf()
    expect(Object.keys(body)).toEqual(['event', 'timestamp', 'workspace', 'link', 'response'])
    expect({ ...body, response: undefined }).toEqual({
      event: 'response.submitted',
      timestamp: '2026-02-10T13:30:02Z',
      workspace: { uuid: kit.workspaceId },
      link: { uuid: linkId, name: 'Design', slug: 'design' },
    })
    const { answers, ...response } = body.response
    expect(response).toEqual({
      uuid: facts.payload.responseId,
      session_id: session,
      respondent_email: null,
      submitted_at: '2026-11-22T10:00:00Z',
      status: 'completed',
    })
    const more = answers.map(({ field_key, value, rating_details, selected_card }: any) => ({
      field_key,
      value,
      rating_details,
      selected_card,
    }))
    expect(more).toEqual([
      { field_key: 'words', value: 'well' },
      { field_key: 'stars', value: 4, rating_details: { value: 4, max_value: 5, scale_type: 'stars' } },
      { field_key: 'hundred', value: 70, rating_details: { value: 70, max_value: 100, scale_type: 'numbers' } },
      { field_key: 'likely', value: 0, rating_details: { value: 0, max_value: 10, scale_type: 'nps' } },
      {
        field_key: 'design',
        value: 'card-uuid-1',
        selected_card: {
          card_id: 'card-uuid-1',
          label: 'Modern Blue',
          media_url: 'https://example.com/blue.jpg',
          media_type: 'image',
        },
      },
      {
        field_key: 'other',
        value: 'bare',
        selected_card: { card_id: 'bare', label: null, media_url: null, media_type: null },
      },
    ])
    expect(Object.keys(answers[1])).toEqual([
      'uuid',
      'question_text',
      'audio_url',
      'transcription',
      'duration',
      'ai_insights',
      'field_key',
      'response_type',
      'value',
      'rating_details',
    ])
  })

  it('is light when a session begins', async () => {
    expect(await bodyOf({ eventType: 'response.started' })).toEqual({
      event: 'response.started',
      timestamp: '2026-02-10T13:30:02Z',
      workspace: { uuid: kit.workspaceId },
      link: { uuid: linkId, name: 'Design', slug: 'design' },
      response: {
        uuid: facts.payload.responseId,
        session_id: session,
        status: 'started',
        started_at: '2026-11-22T10:00:00Z',
      },
    })
  })

  it('is signed with each secret', async () => {
    const unsigned = (await request())!
    expect(unsigned.headers).toEqual({
      'Content-Type': 'application/json',
      'X-Sayify-Event': 'response.submitted',
      'X-Sayify-Delivery-Id': facts.id,
    })
    const { headers, body } = (await request({}, ['new secret', 'old secret']))!
    const sign = (secret: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    expect(headers).toEqual({
      ...unsigned.headers,
      'X-Sayify-Signature': sign('new secret'),
      'X-Sayify-Signature-Previous': sign('old secret'),
    })
    expect((await request({}, ['new secret']))!.headers).not.toHaveProperty('X-Sayify-Signature-Previous')
  })

  it('is nothing for what is not in the workspace', async () => {
    expect(await request({ payload: { responseId: kit.world.newId() } })).toBeUndefined()
    expect(await request({ payload: {} })).toBeUndefined()
    const { workspaceId } = kit.otherViewer
    expect(await request({ workspaceId })).toBeUndefined()
  })

  it('says what is known once the link was deleted', async () => {
    await deleteLink(kit.world, kit.viewer, linkId)
    const { link, response } = await bodyOf()
    expect(link).toEqual({ uuid: linkId, name: 'Design', slug: 'design' })
    expect(response.answers[1].rating_details).toEqual({ value: 4, max_value: null, scale_type: null })
    expect(response.answers[4].selected_card).toEqual({
      card_id: 'card-uuid-1',
      label: null,
      media_url: null,
      media_type: null,
    })
  })
})
