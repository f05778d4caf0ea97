import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { surveyScript } from '../../src/domains/campaigns/survey/survey-script.ts'
import type { QuestionRow } from '../../src/domains/links/index.ts'
import { createSpeech } from '../../src/providers/speech/index.ts'
import { canHear, speak } from '../../src/providers/transcription/test-speech.ts'
import { TEST_KEY } from '../kit/app.ts'
import { type ServerProcess, startServer } from '../kit/server.ts'
import { until } from '../kit/world.ts'
import { connect } from '../live/clients.ts'
import { settings, startCarrier } from './kit/asterisk.ts'
import { databaseSettings } from './kit/database.ts'
import { ask } from './kit/graphql.ts'
import { ALIKE, likeness } from './kit/hearing.ts'
import { RATE, readWav, similarity } from './rig/audio.ts'
import { describeVoice } from './rig/describe-voice.ts'
import type { Part, PhoneCall, Rig } from './rig/rig.ts'

const NAME = 'Your visit'
const QUESTIONS = [
  { prompt: 'Would you come again?', fieldKey: 'again', type: 'yes_no', required: true },
  { prompt: 'Was your room clean?', fieldKey: 'clean', type: 'yes_no', required: true },
  { prompt: 'How likely are you to recommend us?', fieldKey: 'nps', type: 'rating', required: true },
  { prompt: 'What would you change?', fieldKey: 'change', type: 'voice', required: true },
] as const
const CONFIGURATIONS: Record<string, object> = { nps: { scale_type: 'nps' }, change: { max_duration: 20 } }
const MESSAGE = 'The room was lovely, but it was a little cold at night.'
/** Shorter than the silence that ends it. */
const SHORT = 'It was cold.'
const SPOKEN = [{ prompt: 'What would you change?', fieldKey: 'change', type: 'voice', required: true }] as const
const LONGEST_SECONDS = 8

/** What everybody does, by the ends of their numbers. */
const ANSWERS_ALL = '+12025550701'
const HANGS_UP = '202-555-0702'
const OPTS_OUT = '(202) 555-0703'
const SAYS_LITTLE = '202-555-0704'
const SAYS_TOO_MUCH = '202-555-0705'
const BUSY = '202-555-0486'
const UNKNOWN = '202-555-0404'

/** The ways to Asterisk, to the server for the sound, and back. */
const WAY_MS = 400

/** How long each text is when it is spoken by the voice of the server, in milliseconds. */
async function durations(texts: readonly string[]): Promise<Map<string, number>> {
  const speech = createSpeech({ adapter: 'espeak', workers: 1, timeoutMs: 30_000 })
  try {
    const spoken: [string, number][] = []
    for (const text of texts) {
      const { samples, sampleRate } = await speech.synthesize({ text, voice: 'en' })
      spoken.push([text, (samples.length / sampleRate) * 1_000])
    }
    return new Map(spoken)
  } finally {
    await speech.close()
  }
}

/** The greeting and the questions, each with how long it plays. */
async function timetable() {
  const content = {
    ...{ linkId: '', voice: 'en', greeting: null, goodbye: null, prompts: [], optOutKey: '*', tries: 3 },
    ...{ answerSeconds: 6, redialUnfinished: false, allowRepeats: false, followUpSms: null },
  }
  const rows = QUESTIONS.map(
    ({ prompt, fieldKey, type, required }) =>
      ({
        prompt,
        field_key: fieldKey,
        type,
        required,
        configuration: CONFIGURATIONS[fieldKey] ?? {},
        condition: {},
      }) as never,
  ) as QuestionRow[]
  const script = surveyScript({ name: NAME }, rows, content, ({ text }) => ({ kind: 'voice_file', voiceFileId: text }))
  const all = [script.greeting, ...script.asks.map(({ sounds }) => sounds)]
  const texts = all.flat().flatMap((sound) => (sound.kind === 'voice_file' ? [sound.voiceFileId] : []))
  const known = await durations([...new Set(texts)])
  return all.map((sounds) =>
    sounds.reduce(
      (sum, sound) => sum + (sound.kind === 'silence' ? sound.durationMs : known.get(sound.voiceFileId)!),
      0,
    ),
  )
}

describeVoice('a survey by telephone, over Saygent', () => {
  let rig: Rig
  let server: ServerProcess
  let env: Record<string, string>
  let folder: string
  let linkId: string
  let survey: number

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'saygraph-survey-'))
    const [greeting, again, clean, nps, change] = (await timetable()) as [number, number, number, number, number]
    // A key in the middle of a question is its answer, and the next question follows at once.
    const whileAsked = (ms: number, key: string): Part[] => [{ silenceMs: WAY_MS + ms / 2 }, { press: key }]
    const listened: Part = { silenceMs: WAY_MS + greeting }
    rig = await startCarrier({
      people: {
        '0701': [
          ...[listened, ...whileAsked(again, '1'), ...whileAsked(clean, '2')],
          ...[...whileAsked(nps, '9'), { silenceMs: 300 }, { press: '#' }],
          // After the question and the tone.
          ...[{ silenceMs: WAY_MS + change + 2_500 }, { say: MESSAGE }, { silenceMs: 700 }, { press: '#' }],
        ],
        '0702': [listened, ...whileAsked(again, '1'), { silenceMs: 1_500 }, { hangUp: true }],
        '0703': [{ silenceMs: 1_500 }, { press: '*' }],
        // Only the last question, and no key.
        '0704': [listened, { silenceMs: WAY_MS + change + 1_500 }, { say: SHORT }],
        '0705': [listened, { silenceMs: WAY_MS + change + 1_500 }, ...Array<Part>(5).fill({ say: MESSAGE })],
      },
    })
    env = await settings(rig, {
      ...(await databaseSettings(folder)),
      BOOTSTRAP_API_KEY: TEST_KEY,
      SAYGENT_RATE_LIMIT: '0',
    })
    server = await startServer(env)
    ;({ id: linkId, legacyId: survey } = await createSurvey(QUESTIONS, 20))
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    await rig?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function createSurvey(questions: readonly (typeof QUESTIONS)[number][], maxDuration: number) {
    const { createLink } = await graphql(
      `mutation ($input: CreateLinkInput!) { createLink(input: $input) {
         ... on CreateLinkPayload { link { id legacyId } } ... on Error { message } } }`,
      {
        input: {
          name: NAME,
          questions: questions.map(({ type, ...rest }) => ({
            ...rest,
            ...(type === 'rating'
              ? { configuration: { rating: { scaleType: 'NPS' } } }
              : type === 'voice'
                ? { configuration: { voice: { maxDuration } } }
                : { type: type.toUpperCase() }),
          })),
        },
      },
    )
    return createLink.link as { id: string; legacyId: number }
  }

  const graphql = (query: string, variables?: object) => ask(server, TEST_KEY, query, variables)

  async function saygent(method: string, path: string, body: Record<string, unknown>): Promise<any> {
    const url = new URL(`/api/v1${path}`, server.url)
    if (method === 'GET') {
      for (const [key, value] of Object.entries({ auth_token: TEST_KEY, ...body }))
        url.searchParams.set(key, String(value))
      return (await fetch(url)).json()
    }
    const headers = { 'content-type': 'application/json' }
    const sent = JSON.stringify({ auth_token: TEST_KEY, ...body })
    return (await fetch(url, { method, headers, body: sent })).json()
  }

  /** As a client polls. */
  const polled = (holds: () => Promise<boolean>, what: string, timeoutMs: number) =>
    until(
      async () => {
        if (await holds()) return true
        await sleep(250)
        return false
      },
      what,
      timeoutMs,
    )

  const statusesOf = async (ids: readonly number[]) =>
    (await saygent('GET', '/status', { respondent_ids: ids.join(',') })).respondents.map(
      ({ status }: { status: string }) => status,
    )

  const RESPONDENTS = `query ($id: ID!) { link(id: $id) { respondents(first: 10) { nodes { id legacyId } } } }`
  const RESPONDENT = `query ($id: ID!) { respondent(id: $id) { status
    calls(first: 10) { nodes { id state cause } }
    responses { status channel answers { fieldKey value channel call { id } recording { url } upload { url mediaType } } } } }`

  test('from being added with `contact` to being surveyed', { timeout: 240_000 }, async () => {
    const socket = await connect(server.url, TEST_KEY)
    // From here on, whenever the subscription begins.
    const { eventCursor } = await graphql('{ eventCursor }')
    const statuses = socket.run(
      `subscription ($linkId: ID!, $after: String) { respondentStatusChanged(linkId: $linkId, after: $after) {
         from to respondent { legacyId } } }`,
      { linkId, after: eventCursor },
    )
    const contact = { by: 'phone' }
    const added = await saygent('POST', '/respondents', {
      survey_id: survey,
      respondents: [
        { phone: ANSWERS_ALL, first_name: 'john', last_name: 'smith', email: 'johnsmith@example.com', contact },
        { phone: HANGS_UP, contact },
        { phone: OPTS_OUT, contact },
        { phone: BUSY, contact },
        { phone: UNKNOWN, contact },
        { phone: '202-555-0199', email: 'asdf.com', contact },
      ],
    })
    expect(added.status).toBe('warning')
    expect(added.respondents[0]).toEqual({
      ...{ id: expect.any(Number), phone: ANSWERS_ALL, first_name: 'john', last_name: 'smith' },
      ...{ email: 'johnsmith@example.com', status: 'created' },
    })
    expect(added.respondents[5]).toEqual({
      ...{ phone: '202-555-0199', email: 'asdf.com', status: 'failed' },
      messages: { email: 'Email not in a valid format' },
    })
    const ids: number[] = added.respondents.slice(0, 5).map(({ id }: { id: number }) => id)
    const settled = ['surveyed', 'called', 'called', 'called', 'invalid']
    await polled(async () => String(await statusesOf(ids)) === String(settled), `that all are ${settled}`, 150_000)
    expect(await saygent('GET', '/status', { respondent_ids: `${ids[0]},${ids[4]}` })).toEqual({
      status: 'warning',
      respondents: [
        { id: ids[0], status: 'surveyed' },
        { id: ids[4], status: 'invalid', messages: { phone: 'Phone number is invalid' } },
      ],
    })

    const { link } = await graphql(RESPONDENTS, { id: linkId })
    const known = new Map<number, string>(link.respondents.nodes.map((node: any) => [node.legacyId, node.id]))
    const respondentOf = async (n: number) => (await graphql(RESPONDENT, { id: known.get(ids[n]!) })).respondent
    // All is said, and the farewell is still to be heard.
    const isOver = async () => (await respondentOf(0)).calls.nodes[0].state === 'ENDED'
    await polled(isOver, 'the end of the call', 30_000)
    const john = await respondentOf(0)
    expect(john.responses).toHaveLength(1)
    const [response] = john.responses
    expect(response).toMatchObject({ status: 'COMPLETED', channel: 'PHONE' })
    const [call] = john.calls.nodes
    expect(john.calls.nodes).toEqual([{ id: call.id, state: 'ENDED', cause: 'ANSWERED' }])
    expect(
      response.answers.map(({ fieldKey, value, channel, call: of }: any) => [fieldKey, value, channel, of.id]),
    ).toEqual([
      ['again', true, 'PHONE', call.id],
      ['clean', false, 'PHONE', call.id],
      ['nps', 9, 'PHONE', call.id],
      ['change', null, 'PHONE', call.id],
    ])
    await recordingIs(response.answers[3])
    await heard()

    // Who hung up is where they were; called again, they are asked the rest, and the page goes on from there.
    const hung = await respondentOf(1)
    expect(hung.responses[0].answers.map(({ fieldKey, value }: any) => [fieldKey, value])).toEqual([['again', true]])
    expect(await saygent('POST', '/call', { respondent_ids: [ids[1], ids[2], 9_999] })).toEqual({
      status: 'warning',
      respondents: [
        { id: ids[1], status: 'queued' },
        { id: ids[2], status: 'queued' },
        { id: 9_999, status: 'invalid', messages: { id: 'Respondent id invalid' } },
      ],
    })
    await polled(
      async () => (await phoneCalls('0702')).filter(({ endedAt }) => endedAt).length === 2,
      'a second call',
      60_000,
    )
    await polled(async () => String(await statusesOf([ids[1]!])) === 'called', 'that it is over', 30_000)
    const again = await respondentOf(1)
    expect(again.responses).toHaveLength(1)
    expect(again.responses[0].answers.map(({ fieldKey, value }: any) => [fieldKey, value])).toEqual([
      ['again', true],
      ['clean', true],
    ])

    // Who opted out is not called again, whoever asks; the busy phone rang as often as allowed.
    expect([(await phoneCalls('0703')).length, (await phoneCalls('0486')).length]).toEqual([1, 3])
    const told = (id: number) =>
      statuses.results.flatMap(({ data }) => {
        const { to, respondent } = data!.respondentStatusChanged
        return respondent.legacyId === id ? [to] : []
      })
    await until(() => told(ids[0]!).length === 3, 'the news')
    expect(told(ids[0]!)).toEqual(['QUEUED', 'CALLED', 'SURVEYED'])
    expect(told(ids[4]!)).toEqual(['QUEUED', 'INVALID'])
    socket.ws.close()
    expect(server.log()).toBe('')
  })

  test('an answer that ends in silence is kept without it, and one that goes on for too long up to its limit', {
    timeout: 180_000,
  }, async () => {
    const spoken = await createSurvey(SPOKEN, LONGEST_SECONDS)
    const contact = { by: 'phone' }
    const respondents = [SAYS_LITTLE, SAYS_TOO_MUCH].map((phone) => ({ phone, contact }))
    const added = await saygent('POST', '/respondents', { survey_id: spoken.legacyId, respondents })
    const ids: number[] = added.respondents.map(({ id }: { id: number }) => id)
    await polled(async () => String(await statusesOf(ids)) === 'surveyed,surveyed', 'both to be surveyed', 120_000)
    const { link } = await graphql(RESPONDENTS, { id: spoken.id })
    for (const [n, end] of ['0704', '0705'].entries()) {
      const { id } = link.respondents.nodes.find(({ legacyId }: { legacyId: number }) => legacyId === ids[n])
      const { respondent } = await graphql(RESPONDENT, { id })
      // Asked once.
      expect(respondent.responses).toMatchObject([{ status: 'COMPLETED', answers: [{ fieldKey: 'change' }] }])
      expect(respondent.calls.nodes).toHaveLength(1)
      const [answer] = respondent.responses[0].answers
      const kept = await wav(answer.recording.url)
      expect(similarity(kept, rig.said(end, 0)).best).toBeGreaterThanOrEqual(0.9)
      const seconds = kept.length / RATE
      if (end === '0704') expect(seconds).toBeLessThan(4)
      else expect(Math.abs(seconds - LONGEST_SECONDS)).toBeLessThan(1)
    }
    expect(server.log()).toBe('')
  })

  test.runIf(canHear)(
    'what was said by phone stands beside what was said on the page, both understood once something can hear',
    { timeout: 180_000 },
    async () => {
      await server.stop()
      server = await startServer({ ...env, TRANSCRIPTION: 'pocketsphinx', INSIGHT: 'heuristic' })
      const { link } = await graphql('query ($id: ID!) { link(id: $id) { slug } }', { id: linkId })
      const page = async (method: string, path: string, body: object | Uint8Array, session?: string) => {
        const isSound = body instanceof Uint8Array
        const response = await fetch(new URL(`/i/${link.slug}${path}`, server.url), {
          method,
          headers: {
            'content-type': isSound ? 'audio/wav' : 'application/json',
            ...(session && { authorization: `Session ${session}` }),
          },
          body: isSound ? new Uint8Array(body) : JSON.stringify(body),
        })
        expect([path, response.status]).toEqual([path, path === '/sessions' ? 201 : 200])
        return (await response.json()) as any
      }
      const { session } = await page('POST', '/sessions', {})
      for (const [fieldKey, value] of Object.entries({ again: false, clean: true, nps: 3 })) {
        await page('PUT', `/session/answers/${fieldKey}`, { value }, session)
      }
      const said = 'the staff were kind but the waiting room was cold'
      await page('PUT', '/session/answers/change/upload', speak(said), session)
      await page('POST', '/session/submit', {}, session)
      // The call was before anything could hear.
      const { retranscribe } = await graphql(
        `mutation ($linkId: ID!) { retranscribe(input: { linkId: $linkId }) { __typename ... on Error { message } } }`,
        { linkId },
      )
      expect(retranscribe.__typename).toBe('RetranscribePayload')

      const list = async () =>
        (
          await graphql(
            `query ($linkId: ID!) { responses(first: 10, linkId: $linkId, filter: { status: COMPLETED }, sort: SUBMITTED_AT_ASC) {
               nodes { channel analysis respondent { status } answers { fieldKey value channel call { id } transcript { text isDraft }
                 insight { sentiment summary } upload { mp3Url durationSeconds waveform } } } } }`,
            { linkId },
          )
        ).responses.nodes as any[]
      await polled(async () => (await list()).every(({ analysis }) => analysis === 'DONE'), 'both analyses', 120_000)
      const both = await list()
      expect(both.map(({ channel, respondent }) => [channel, respondent.status])).toEqual([
        ['PHONE', 'ANALYZED'],
        ['WEB', 'ANALYZED'],
      ])
      const [called, written] = both.map(({ answers }) =>
        answers.find(({ fieldKey }: { fieldKey: string }) => fieldKey === 'change'),
      )
      for (const answer of [called, written]) {
        expect(answer.transcript.isDraft).toBe(true)
        expect(answer.upload.durationSeconds).toBeGreaterThan(1)
        expect(answer.upload.waveform).toHaveLength(200)
        expect((await fetch(answer.upload.mp3Url)).headers.get('content-type')).toBe('audio/mpeg')
      }
      expect([called.channel, called.call === null, written.channel, written.call]).toEqual([
        ...['PHONE', false, 'WEB', null],
      ])
      const heard = new Set(written.transcript.text.toLowerCase().split(/\W+/))
      const words = said.split(' ')
      expect(words.filter((word) => heard.has(word)).length / words.length).toBeGreaterThan(0.6)
      expect(written.insight.summary.length).toBeGreaterThan(0)
    },
  )

  const phoneCalls = async (end: string): Promise<PhoneCall[]> =>
    (await rig.phones.calls()).filter(({ number }) => number.endsWith(end))

  async function wav(url: string): Promise<Int16Array> {
    return readWav(new Uint8Array(await (await fetch(url)).arrayBuffer()))
  }

  async function recordingIs({ recording, upload }: any) {
    expect(upload.mediaType).toBe('audio/wav')
    const said = rig.said('0701', 0)
    for (const url of [recording.url, upload.url]) {
      expect(similarity(await wav(url), said).best).toBeGreaterThanOrEqual(0.9)
    }
  }

  /** What the phone heard is what the server's voice says, and not something else that it says. */
  async function heard() {
    const { voiceFiles } = await graphql('{ voiceFiles(first: 50) { nodes { text wavUrl } } }')
    const fileOf = async (start: string) =>
      wav(voiceFiles.nodes.find(({ text }: { text: string }) => text.startsWith(start)).wavUrl)
    const [call] = await phoneCalls('0701')
    const sound = await rig.phones.heard(call!)
    for (const start of ['Hello. This is a short survey', 'Thank you. That was all']) {
      expect(likeness(sound, await fileOf(start)).best, start).toBeGreaterThanOrEqual(ALIKE)
    }
    for (const start of ['Thank you. Some questions', 'You will not be called']) {
      expect(similarity(sound, await fileOf(start)).best).toBeLessThanOrEqual(0.3)
    }
  }
})
