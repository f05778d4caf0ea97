import { describe, expect, it } from 'vitest'
import { sql } from '../../../src/db/sql.ts'
import { createContact } from '../../../src/domains/contacts/index.ts'
import { createLink } from '../../../src/domains/links/index.ts'
import { inviteRespondent, recordAnalysis } from '../../../src/domains/responses/index.ts'
import { toneMp3 } from '../../kit/sound.ts'
import { byForm, sayifyServer } from './kit.ts'
import { compact, RESPONSES_ANSWER } from './literals.ts'

const server = await sayifyServer()
const { app, world, acme, call } = server
const UNKNOWN = '0193a1f0-0000-7000-8000-000000000000'
const of = (link: string, rest = '') => `/api/v1/links/${link}/responses/${rest}`
const MP3 = await toneMp3()

async function link(name: string, questions: object[], tenant = acme) {
  const { id } = await createLink(world, tenant.viewer, { name, slug: name, questions: questions as never })
  return id
}

/** Fills in a link as its respondents do: by its public address. */
async function respond(
  slug: string,
  values: Record<string, unknown>,
  { respondent, submit = true }: { respondent?: string; submit?: boolean } = {},
) {
  const base = new URL(`/w/acme-corp/i/${slug}/`, app.localUrl)
  const json = { 'content-type': 'application/json' }
  const opened = await fetch(new URL('sessions', base), {
    method: 'POST',
    headers: json,
    body: JSON.stringify(respondent ? { respondent: server.personalToken(respondent) } : {}),
  })
  const { session, responseId } = (await opened.json()) as { session: string; responseId: string }
  const headers = { authorization: `Session ${session}` }
  for (const [fieldKey, value] of Object.entries(values)) {
    const isFile = Buffer.isBuffer(value)
    const answered = await fetch(
      new URL(`session/answers/${fieldKey}${isFile ? '/upload?filename=f.txt' : ''}`, base),
      {
        method: 'PUT',
        headers: { ...headers, ...(isFile ? { 'content-type': 'audio/mpeg' } : json) },
        body: isFile ? new Uint8Array(value) : JSON.stringify({ value }),
      },
    )
    expect([answered.status, fieldKey]).toEqual([200, fieldKey])
  }
  if (submit) expect((await fetch(new URL('session/submit', base), { method: 'POST', headers })).status).toBe(200)
  return responseId
}

/** `count` completed responses without answers, submitted a minute apart, before all others. */
async function manyResponses(linkId: string, count: number) {
  const [last] = await app.db.query<{ last: number }>(
    sql`SELECT greatest(max(legacy_id), 1000000)::int AS last FROM respondent WHERE workspace_id = ${acme.workspaceId}::uuid`,
  )
  await app.db.query(
    sql`WITH people AS (
          INSERT INTO respondent (id, workspace_id, legacy_id, link_id, status, created_at, updated_at)
          SELECT gen_random_uuid(), ${acme.workspaceId}::uuid, ${last!.last}::int + n, ${linkId}::uuid, 'surveyed', now(), now()
          FROM generate_series(1, ${count}::int) n RETURNING id, legacy_id
        )
        INSERT INTO response (id, workspace_id, link_id, respondent_id, session_id, channel, status, respondent_email,
                              started_at, updated_at, submitted_at)
        SELECT gen_random_uuid(), ${acme.workspaceId}::uuid, ${linkId}::uuid, p.id, gen_random_uuid(), 'web', 'completed',
               'r' || lpad((p.legacy_id - ${last!.last}::int)::text, 3, '0') || '@example.com', now(), now(),
               '2026-01-01T00:00:00Z'::timestamptz + (p.legacy_id - ${last!.last}::int) * interval '1 minute'
        FROM people p`,
  )
}

const INSIGHT = {
  sentiment: 'positive' as const,
  sentimentScore: 0.92,
  actionable: true,
  keyTopics: ['voice recording', 'product feedback'],
  summary: 'User expresses strong satisfaction with voice recording',
}
const SAID = 'I really love the voice recording feature!'

async function analyse(responseId: string, text = SAID) {
  const [answer] = await app.db.query<{ id: string }>(
    sql`SELECT id FROM answer WHERE response_id = ${responseId}::uuid AND upload_id IS NOT NULL`,
  )
  const answers = [{ answerId: answer!.id, transcript: { text }, durationSeconds: 5.2, insight: INSIGHT }]
  await recordAnalysis(world, acme.viewer, { responseId, answers, method: 'test' })
}

describe('GET /links/{link_uuid}/responses/', () => {
  it("answers the documentation's sample", async () => {
    const id = await link('sample', [{ prompt: 'Tell us about your experience', type: 'voice' }])
    const contact = await createContact(world, acme.viewer, { email: 'user@example.com' })
    const person = await inviteRespondent(world, acme.viewer, { linkId: id, contactId: contact.id })
    const responseId = await respond('sample', { tell_us_about_your_experience: MP3 }, { respondent: person.id })
    await analyse(responseId)
    await manyResponses(id, 41)

    const reply = await call('GET', of(id))
    expect(reply.status).toBe(200)
    const audio = reply.json.results[0].answers[0].audio_url as string
    expect(audio).toMatch(/^https:\/\/sayify\.pro\/media\/.*\/audio\.mp3\?/)
    expect([reply.json.count, reply.json.results.length, reply.json.results[0].uuid]).toEqual([42, 20, responseId])

    const extras = '"field_key":"tell_us_about_your_experience","response_type":"voice","value":null'
    const expected = compact(RESPONSES_ANSWER)
      .replace('{link_uuid}', id)
      .replace(/"(resp|sess|ans)-uuid-1"/g, '"uuid"')
      .replace(/"audio_url":"[^"]*"/, `"audio_url":${JSON.stringify(audio)}`)
      .replace('voice recording"}}', `voice recording"},${extras}}`)
    const first = JSON.stringify({ ...reply.json, results: reply.json.results.slice(0, 1) })
    expect(first.replace(/"(uuid|session_id)":"[^"]*"/g, '"$1":"uuid"')).toBe(expected)

    // The detail is the same object.
    const detail = await call('GET', of(id, `${responseId}/`))
    expect([detail.status, detail.text]).toEqual([200, JSON.stringify(reply.json.results[0])])

    // And the recording can be had, years later too.
    const { pathname, search } = new URL(audio)
    server.clock.advance(40 * 365 * 86_400_000)
    const recording = await fetch(new URL(pathname + search, app.localUrl))
    server.clock.advance(-40 * 365 * 86_400_000)
    expect([recording.status, recording.headers.get('content-type')]).toEqual([200, 'audio/mpeg'])
    // That may be what was made of it by now; without its name the address is that of the recording itself.
    const itself = await fetch(new URL(pathname.replace('/audio.mp3', '') + search, app.localUrl))
    expect(Buffer.from(await itself.arrayBuffer())).toEqual(MP3)
  })

  it('writes each type of answer', async () => {
    const id = await link('types', [
      { prompt: 'Text', type: 'text', order: 0 },
      { prompt: 'Spoken', type: 'voice', order: 1 },
      { prompt: 'Written', type: 'voice_text_fallback', order: 2 },
      { prompt: 'Written voice', type: 'voice', order: 3 },
      {
        prompt: 'Many',
        type: 'multiple_choice',
        order: 4,
        configuration: { options: ['a', 'b'], allow_multiple: true },
      },
      { prompt: 'One', type: 'multiple_choice', order: 5, configuration: { options: ['a', 'b'] } },
      { prompt: 'Number', type: 'number', order: 6 },
      { prompt: 'Rating', type: 'rating', order: 7 },
      { prompt: 'Card', type: 'image_choice', order: 8, configuration: { cards: [{ id: 'c1' }] } },
      { prompt: 'Mail', type: 'email', order: 9 },
      { prompt: 'Day', type: 'date', order: 10 },
      { prompt: 'Yes', type: 'yes_no', order: 11 },
      { prompt: 'File', type: 'file_upload', order: 12 },
      { prompt: 'Skipped', type: 'text', order: 13 },
    ])
    const values = {
      text: 'words',
      written: 'instead of speech',
      written_voice: 'also written',
      many: ['b', 'a'],
      one: 'a',
      number: 2.5,
      rating: 4,
      card: 'c1',
      mail: 'somebody@example.com',
      day: '2026-02-28',
      yes: false,
      spoken: MP3,
      file: Buffer.from('some text'),
    }
    const responseId = await respond('types', values)
    const { json } = await call('GET', of(id, `${responseId}/`))
    expect(json.respondent_email).toBe('somebody@example.com')
    const written = json.answers.map(({ uuid, question_text, ai_insights, audio_url, ...answer }: any) => {
      expect(ai_insights).toBe(null)
      expect(audio_url === null, question_text).toBe(answer.field_key !== 'spoken')
      return answer
    })
    const plain = (field_key: string, response_type: string, value: unknown, transcription: unknown = null) => ({
      transcription,
      duration: null,
      field_key,
      response_type,
      value,
    })
    expect(written).toEqual([
      plain('text', 'text', 'words', 'words'),
      { ...plain('spoken', 'voice', null), duration: expect.closeTo(0.3, 1) },
      plain('written', 'voice_text_fallback', 'instead of speech', 'instead of speech'),
      plain('written_voice', 'voice', 'also written', 'also written'),
      plain('many', 'multiple_choice', ['b', 'a']),
      plain('one', 'multiple_choice', 'a'),
      plain('number', 'number', 2.5),
      plain('rating', 'rating', 4),
      plain('card', 'image_choice', 'c1'),
      plain('mail', 'email', 'somebody@example.com'),
      plain('day', 'date', '2026-02-28'),
      plain('yes', 'yes_no', false),
      plain('file', 'file_upload', { file_name: 'f.txt', media_type: 'text/plain', size: 9, url: expect.any(String) }),
    ])
    const { pathname, search } = new URL(json.answers.at(-1).value.url)
    expect(await (await fetch(new URL(pathname + search, app.localUrl))).text()).toBe('some text')
    expect((await call('GET', of(id))).json.results[0]).toEqual(json)
  })

  it('lists completed responses only; the detail shows started ones too', async () => {
    const id = await link('started', [{ prompt: 'Text', type: 'text' }])
    const started = await respond('started', { text: 'begun' }, { submit: false })
    const { json } = await call('GET', of(id))
    expect(json).toEqual({ count: 0, next: null, previous: null, results: [] })
    const detail = await call('GET', of(id, `${started}/`))
    expect(byForm(detail.text)).toBe(
      '{"uuid":"uuid","session_id":"uuid","answers":[{"uuid":"uuid","question_text":"Text","audio_url":null,' +
        '"transcription":"begun","duration":null,"ai_insights":null,"field_key":"text","response_type":"text",' +
        '"value":"begun"}],"respondent_email":null,"submitted_at":null,"status":"started"}',
    )
    expect((await call('GET', `/api/v1/links/${id}/`)).json.response_count).toBe(0)
    await respond('started', { text: 'done' })
    expect((await call('GET', `/api/v1/links/${id}/`)).json.response_count).toBe(1)
    expect((await call('GET', of(id))).json.count).toBe(1)
  })

  it('keeps the latest transcript and the newest insight', async () => {
    const id = await link('again', [{ prompt: 'Voice', type: 'voice' }])
    const responseId = await respond('again', { voice: MP3 })
    await analyse(responseId, 'first hearing')
    await analyse(responseId, 'second hearing')
    const { json } = await call('GET', of(id, `${responseId}/`))
    expect(json.answers[0].transcription).toBe('second hearing')
    expect((await call('GET', of(id, '?search=SECOND%20hear'))).json.count).toBe(1)
    expect((await call('GET', of(id, '?search=first'))).json.count).toBe(0)
  })

  it('searches e-mail addresses and transcripts for text, in any case, and for nothing else', async () => {
    const id = await link('search', [
      { prompt: 'Voice', type: 'voice' },
      { prompt: 'Text', type: 'text' },
      { prompt: 'Mail', type: 'email' },
    ])
    const spoken = await respond('search', { voice: MP3, text: 'written words' })
    await analyse(spoken, '100% ÄRGER_with\\slashes')
    const mailed = await respond('search', { mail: 'Erika.Mustermann@Example.com' })
    const found = async (text: string) => {
      const { status, json } = await call('GET', of(id, `?search=${encodeURIComponent(text)}`))
      expect(status).toBe(200)
      return json.results
        .map(({ uuid }: any) => (uuid === spoken ? 'spoken' : uuid === mailed ? 'mailed' : 'other'))
        .sort()
    }
    expect(await found('mustermann@example')).toEqual(['mailed'])
    expect(await found('ärger')).toEqual(['spoken'])
    expect(await found('')).toEqual(['mailed', 'spoken'])
    expect(await found('%')).toEqual(['spoken'])
    expect(await found('0% Ä')).toEqual(['spoken'])
    expect(await found('R_W')).toEqual(['spoken'])
    expect(await found('_')).toEqual(['spoken'])
    expect(await found('\\s')).toEqual(['spoken'])
    for (const nothing of ['written', '%%', '\\\\', '\0', 'a\0', "'", '__', 'Erika_Must']) {
      expect(await found(nothing), nothing).toEqual([])
    }
    // Half of a character.
    expect((await call('GET', of(id, '?search=%ED%A0%80'))).status).toBe(200)
  })

  it('orders as asked, passes over what it does not know, and keeps ties stable', async () => {
    const id = await link('order', [{ prompt: 'Text', type: 'text' }])
    await manyResponses(id, 3)
    await app.db.query(
      sql`UPDATE response SET respondent_email = CASE respondent_email WHEN 'r001@example.com' THEN 'c@example.com'
            WHEN 'r002@example.com' THEN 'a@example.com' ELSE NULL END WHERE link_id = ${id}::uuid`,
    )
    const emails = async (query: string) =>
      (await call('GET', of(id, query))).json.results
        .map(({ respondent_email }: any) => respondent_email?.[0] ?? '-')
        .join('')
    expect(await emails('')).toBe('-ac')
    expect(await emails('?ordering=submitted_at')).toBe('ca-')
    expect(await emails('?ordering=-submitted_at')).toBe('-ac')
    expect(await emails('?ordering=respondent_email')).toBe('ac-')
    expect(await emails('?ordering=-respondent_email')).toBe('ca-')
    expect(await emails('?ordering=status,submitted_at')).toBe('ca-')
    expect(await emails('?ordering=nonsense,submitted_at')).toBe('ca-')
    for (const unknown of ['nonsense', '-', '--submitted_at', "submitted_at;'", '__proto__', 'constructor']) {
      expect(await emails(`?ordering=${encodeURIComponent(unknown)}`), unknown).toBe('-ac')
    }
    await app.db.query(sql`UPDATE response SET submitted_at = '2026-01-01T00:00:00Z' WHERE link_id = ${id}::uuid`)
    const pages = async (ordering: string) => {
      const ids: string[] = []
      for (const page of [1, 2, 3]) {
        const { json } = await call('GET', of(id, `?page_size=1&page=${page}&ordering=${ordering}`))
        ids.push(json.results[0].uuid)
      }
      return ids
    }
    const ascending = await pages('submitted_at')
    expect(ascending).toEqual([...ascending].sort())
    expect(new Set(ascending).size).toBe(3)
    expect(await pages('-submitted_at')).toEqual(ascending.reverse())
  })

  it('pages', async () => {
    const id = await link('pages', [{ prompt: 'Text', type: 'text' }])
    await manyResponses(id, 45)
    const base = `https://sayify.pro${of(id)}`
    const page = async (query: string) => {
      const { status, json } = await call('GET', of(id, query))
      return [status, json.count, json.next, json.previous, json.results.length]
    }
    expect(await page('')).toEqual([200, 45, `${base}?page=2`, null, 20])
    expect(await page('?page=2')).toEqual([200, 45, `${base}?page=3`, base, 20])
    expect(await page('?page=3')).toEqual([200, 45, null, `${base}?page=2`, 5])
    expect(await page('?page=last')).toEqual([200, 45, null, `${base}?page=2`, 5])
    expect(await page('?page=')).toEqual([200, 45, `${base}?page=2`, null, 20])
    expect(await page('?page_size=100')).toEqual([200, 45, null, null, 45])
    expect(await page('?page_size=44&page=2&search=example&ordering=status')).toEqual([
      200,
      45,
      null,
      `${base}?ordering=status&page_size=44&search=example`,
      1,
    ])
    for (const size of ['0', '-1', 'x', '1.5', '', '%00']) {
      expect(await page(`?page_size=${size}`), size).toEqual([200, 45, `${base}?page=2&page_size=${size}`, null, 20])
    }
    await manyResponses(id, 60)
    expect((await page('?page_size=1000')).slice(-1)).toEqual([100])
    for (const beyond of ['0', '-1', '7', '1.5', 'x', '99999999999999999999', '1e3', '%00', 'Last']) {
      const { status, text } = await call('GET', of(id, `?page=${beyond}`))
      expect([status, text], beyond).toEqual([404, '{"detail":"Invalid page."}'])
    }
    // The same below the prefix, in the addresses too.
    const prefixed = await call('GET', `/sayify${of(id)}`)
    expect(prefixed.json.next).toBe(`https://sayify.pro/sayify${of(id)}?page=2`)
  })
})

describe('what is not there', () => {
  it('is unknown: of another link, of another workspace, of a deleted link, malformed', async () => {
    const id = await link('mine', [{ prompt: 'Text', type: 'text' }])
    const second = await link('second', [{ prompt: 'Text', type: 'text' }])
    const responseId = await respond('mine', { text: 'a' })
    const gone = async (path: string, key = acme.key) => {
      const { status, text } = await call('GET', path, { key })
      expect([status, text], path).toEqual([404, '{"detail":"Not found."}'])
    }
    expect((await call('GET', of(id, `${responseId}/`))).status).toBe(200)
    await gone(of(second, `${responseId}/`))
    await gone(of(id, `${responseId}/`), server.other.key)
    await gone(of(id), server.other.key)
    for (const strange of [UNKNOWN, 'resp-uuid-1', '%00', responseId.toUpperCase()]) {
      await gone(of(id, `${strange}/`))
      await gone(of(strange, `${responseId}/`))
      await gone(of(strange))
    }
    await call('DELETE', `/api/v1/links/${id}/`)
    await gone(of(id))
    await gone(of(id, `${responseId}/`))
    // It is kept, all the same.
    expect(await app.db.query(sql`SELECT status FROM response WHERE id = ${responseId}::uuid`)).toEqual([
      { status: 'completed' },
    ])
  })
})
