import { expect, test, vi } from 'vitest'
import { testApp } from '../kit/app.ts'
import { toneWav } from '../kit/sound.ts'
import { until } from '../kit/world.ts'

// What happens in the background takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const app = await testApp()

test('a recording is played, drawn and told of in the graph once it is prepared', async () => {
  const created = await app.graphql(
    `mutation { createLink(input: { name: "Heard", slug: "heard", questions: [
       { prompt: "Voice", type: VOICE, fieldKey: "voice" }, { prompt: "File", type: FILE_UPLOAD, fieldKey: "file" }] }) {
       ... on CreateLinkPayload { link { id } } } }`,
  )
  expect(created.errors).toBeUndefined()
  const base = new URL('/w/default/i/heard/', app.localUrl)
  const opened = await fetch(new URL('sessions', base), { method: 'POST' })
  const { session } = (await opened.json()) as { session: string }
  const wav = toneWav(1.5)
  const send = async (fieldKey: string, body: Uint8Array) => {
    const sent = await fetch(new URL(`session/answers/${fieldKey}/upload`, base), {
      ...{ method: 'PUT', body: new Uint8Array(body), headers: { authorization: `Session ${session}` } },
    })
    expect(sent.status).toBe(200)
  }
  await send('voice', wav)
  await send('file', Buffer.from('just text'))
  const read = async () => {
    const { data, errors } = await app.graphql(
      `{ responses(first: 1) { nodes { answers { fieldKey upload {
           url mediaType durationSeconds soundState soundFailure mp3Url waveform } } } } }`,
    )
    expect(errors).toBeUndefined()
    const answers: { fieldKey: string; upload: Record<string, unknown> }[] = data!.responses.nodes[0].answers
    return Object.fromEntries(answers.map(({ fieldKey, upload }) => [fieldKey, upload]))
  }
  await until(async () => (await read()).voice!.soundState === 'READY', 'the recording is prepared', 20_000)
  const { voice, file } = await read()
  expect(voice).toMatchObject({ mediaType: 'audio/wav', durationSeconds: 1.5, soundFailure: null })
  const waveform = voice!.waveform as number[]
  expect(waveform).toHaveLength(200)
  for (const loudest of waveform) expect(Math.abs(loudest - 128)).toBeLessThan(10)
  const get = async (address: unknown) => {
    const { pathname, search } = new URL(String(address))
    const response = await fetch(new URL(pathname + search, app.localUrl))
    return { type: response.headers.get('content-type'), bytes: Buffer.from(await response.arrayBuffer()) }
  }
  expect(await get(voice!.url)).toEqual({ type: 'audio/wav', bytes: wav })
  expect(await get(voice!.mp3Url)).toMatchObject({ type: 'audio/mpeg' })
  const nothing = { durationSeconds: null, soundState: null, soundFailure: null, mp3Url: null, waveform: null }
  expect(file).toMatchObject({ mediaType: 'text/plain', ...nothing })
  const { data } = await app.graphql(
    `{ events(first: 100, types: [ANSWER_SOUND_READY, ANSWER_SOUND_FAILED]) { ... on EventPage {
         events { type answer { fieldKey } link { name } } } } }`,
  )
  expect(data!.events.events).toEqual([
    { type: 'ANSWER_SOUND_READY', answer: { fieldKey: 'voice' }, link: { name: 'Heard' } },
  ])
})

test('one that is silent is refused over the wire', async () => {
  const base = new URL('/w/default/i/heard/', app.localUrl)
  const opened = await fetch(new URL('sessions', base), { method: 'POST' })
  const { session } = (await opened.json()) as { session: string }
  const silence = toneWav(1)
  silence.fill(0, 44)
  const sent = await fetch(new URL('session/answers/voice/upload', base), {
    ...{ method: 'PUT', body: new Uint8Array(silence), headers: { authorization: `Session ${session}` } },
  })
  expect([sent.status, await sent.json()]).toMatchObject([
    400,
    { error: { code: 'UPLOAD_REJECTED', rule: 'silent', message: expect.stringContaining('microphone') } },
  ])
})
