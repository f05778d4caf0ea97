import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import { sql } from '../db/sql.ts'
import { createContact } from '../domains/contacts/index.ts'
import { deleteLink, type QuestionInput, updateLink } from '../domains/links/index.ts'
import { inviteRespondent, sweepUploads } from '../domains/responses/index.ts'
import { AudioError, fakeAudio } from '../providers/audio/index.ts'
import { scriptPath, stylePath } from './index.ts'
import { type Entry, REMOVE, TestBrowser } from './test-browser.ts'
import { EXE, PDF, PNG, WAV } from './test-files.ts'
import { ALL_TYPES } from './test-links.ts'
import { startTestServer } from './test-server.ts'

const audio = fakeAudio()
const server = await startTestServer({ audio })

const EVERYTHING: Record<string, Entry> = {
  'Tell us about your visit': { name: 'visit.wav', bytes: WAV },
  'Describe any issues': '\nfirst line\nsecond line',
  'Anything else?': 'No <b>thing</b> & "more"',
  'How did you hear about us?': ['Google', 'Social media'],
  'How many people came?': '4',
  'Rate your experience': '5',
  'Which design do you prefer?': 'red',
  'Your e-mail address': 'ann@example.com',
  'When did you come?': '2026-05-31',
  'Would you come again?': 'yes',
  'Send us a picture or a document': { name: 'photo.png', bytes: PNG },
}

/** The answers of a link's only response, by field key; uploads as the word `upload`. */
async function saved(linkId: string): Promise<Record<string, unknown>> {
  const [response, ...more] = await server.responses(linkId)
  expect(more).toEqual([])
  const answers = await server.answers(response!.id)
  return Object.fromEntries(answers.map(({ field_key, value, upload_id }) => [field_key, upload_id ? 'upload' : value]))
}

async function statuses(linkId: string): Promise<string[]> {
  return (await server.responses(linkId)).map((response) => response.status)
}

for (const cookies of [true, false]) {
  describe(cookies ? 'with cookies' : 'without cookies', () => {
    const browse = () => new TestBrowser(server.url, { cookies })
    const slug = (name: string) => `${name}-${cookies}`

    it('answers all types on one page', async () => {
      const { id } = await server.addLink({ name: 'Everything', slug: slug('all'), questions: ALL_TYPES })
      const browser = browse()
      await browser.open(`/i/${slug('all')}`)
      expect(browser.status).toBe(200)
      expect(browser.prompts).toEqual([...Object.keys(EVERYTHING)])
      expect(await statuses(id)).toEqual([])
      await browser.submit(EVERYTHING)
      expect(browser.status).toBe(200)
      expect(browser.text).toContain('Thanks for your response!')
      expect(browser.redirects).toEqual(cookies ? [`/i/${slug('all')}`] : [])
      expect(await statuses(id)).toEqual(['completed'])
      expect(await saved(id)).toEqual({
        visit: 'upload',
        issues: '\nfirst line\nsecond line',
        else: 'No <b>thing</b> & "more"',
        source: ['Google', 'Social media'],
        people: 4,
        rating: 5,
        design: 'red',
        email: 'ann@example.com',
        date: '2026-05-31',
        again: true,
        file: 'upload',
      })
    })

    it('asks what depends on an answer after "Continue"', async () => {
      const { id } = await server.addLink({ name: 'Grows', slug: slug('grows'), questions: ALL_TYPES })
      const browser = browse()
      await browser.open(`/w/acme/i/${slug('grows')}`)
      expect(browser.prompts).not.toContain('Why not?')
      expect(browser.text).toContain('Continue')
      await browser.submit({ ...EVERYTHING, 'Would you come again?': 'no' })
      expect(browser.status).toBe(200)
      expect(browser.prompts).toContain('Why not?')
      expect(browser.text).toContain('saved')
      expect(await statuses(id)).toEqual(['started'])
      // Everything that was entered is still there.
      expect(browser.inputsOf('Describe any issues')[0]!.value).toBe('\nfirst line\nsecond line')
      expect(browser.inputsOf('How many people came?')[0]!.value).toBe('4')
      const ticked = browser.inputsOf('How did you hear about us?').filter((input) => input.attributes.has('checked'))
      expect(ticked.map((input) => input.value)).toEqual(['Google', 'Social media'])
      expect(browser.text).toContain('Saved: photo.png')
      // The new question is required, and hidden again it is not.
      await browser.submit({ 'Why not?': ' ' })
      expect(browser.status).toBe(400)
      expect(browser.text).toContain('Please answer this question.')
      await browser.submit({ 'Why not?': 'Too far' })
      expect(await statuses(id)).toEqual(['completed'])
      expect(await saved(id)).toMatchObject({ why_not: 'Too far', file: 'upload', visit: 'upload' })
    })

    it('drops what ended up hidden', async () => {
      const { id } = await server.addLink({ name: 'Shrinks', slug: slug('shrinks'), questions: ALL_TYPES })
      const browser = browse()
      await browser.open(`/i/${slug('shrinks')}`)
      await browser.submit({ ...EVERYTHING, 'Would you come again?': 'no', 'How many people came?': '99' })
      expect(browser.status).toBe(400)
      await browser.submit({ 'Why not?': 'Too far', 'How many people came?': '100' })
      await browser.submit({ 'Would you come again?': 'yes', 'How many people came?': '2' })
      expect(await statuses(id)).toEqual(['completed'])
      expect(Object.keys(await saved(id))).not.toContain('why_not')
    })

    it('says what is wrong, and keeps what was entered', async () => {
      const { id } = await server.addLink({ name: 'Wrong', slug: slug('wrong'), questions: ALL_TYPES })
      const browser = browse()
      await browser.open(`/i/${slug('wrong')}`)
      await browser.submit({
        ...EVERYTHING,
        'How many people came?': '11',
        'Your e-mail address': 'nobody',
        'Anything else?': '',
        'Send us a picture or a document': { name: 'report.pdf', bytes: EXE },
        'Tell us about your visit': { name: 'voice.mp3', bytes: Buffer.from('text') },
      })
      expect(browser.status).toBe(400)
      expect(browser.title).toBe('Error: Wrong')
      const summary = /<div class="summary"[\s\S]*?<\/div>/.exec(browser.markup)![0]
      expect(summary).toMatch(/role="alert" tabindex="-1" autofocus/)
      const links = [...summary.matchAll(/href="#([^"]*)"/g)].map((match) => match[1])
      expect(links).toHaveLength(4)
      for (const [index, prompt] of [
        'Tell us about your visit',
        'How many people came?',
        'Your e-mail address',
        'Send us a picture or a document',
      ].entries()) {
        const { attributes } = browser.inputsOf(prompt)[0]!
        expect(attributes.get('id')).toBe(links[index])
        expect(attributes.get('aria-invalid')).toBe('true')
        for (const described of attributes.get('aria-describedby')!.split(' ')) {
          expect(browser.markup).toContain(`id="${described}"`)
        }
      }
      expect(browser.inputsOf('Your e-mail address')[0]!.value).toBe('nobody')
      expect(browser.inputsOf('How many people came?')[0]!.value).toBe('11')
      expect(await saved(id)).toEqual({
        issues: '\nfirst line\nsecond line',
        source: ['Google', 'Social media'],
        rating: 5,
        design: 'red',
        date: '2026-05-31',
        again: true,
      })
      await browser.submit({ 'How many people came?': '1', 'Your e-mail address': 'ann@example.com' })
      expect(await statuses(id)).toEqual(['completed'])
    })

    it('says why a recording is not taken, in the language of who made it', async () => {
      const questions: QuestionInput[] = [{ prompt: 'Speak', type: 'voice', fallbackToText: false, required: true }]
      const { id } = await server.addLink({ name: 'Heard', slug: slug('heard'), questions })
      for (const [heard, says] of [
        [{ silent: true }, 'Nothing can be heard in the recording.'],
        [new AudioError('truncated', 'x'), 'A part of the recording is missing.'],
        [new AudioError('too_long', 'x'), 'The recording is too long.'],
        [new AudioError('hostile', 'x'), 'The recording is damaged.'],
        [new AudioError('not_audio', 'x'), 'The file holds no sound.'],
      ] as const) {
        const browser = browse()
        await browser.open(`/i/${slug('heard')}`)
        audio.answerNext(heard)
        await browser.submit({ Speak: { name: 'a.wav', bytes: WAV } })
        expect([browser.status, browser.markup.includes(says)]).toEqual([400, true])
      }
      expect((await statuses(id)).filter((status) => status === 'completed')).toEqual([])
    })

    it('takes back what is emptied, and keeps files until told otherwise', async () => {
      const { id } = await server.addLink({
        name: 'Clear',
        slug: slug('clear'),
        questions: [...ALL_TYPES, { prompt: 'Hold', type: 'text', required: true }],
      })
      const browser = browse()
      await browser.open(`/i/${slug('clear')}`)
      await browser.submit(EVERYTHING)
      expect(browser.status).toBe(400)
      expect(Object.keys(await saved(id))).toHaveLength(11)
      await browser.submit({
        'Describe any issues': '',
        'Anything else?': '  \n ',
        'How did you hear about us?': [],
        'Rate your experience': [''],
        'Which design do you prefer?': '',
        'When did you come?': '',
      })
      const left = { people: 4, email: 'ann@example.com', again: true }
      expect(await saved(id)).toEqual({ ...left, visit: 'upload', file: 'upload' })
      await browser.submit({ 'Send us a picture or a document': REMOVE })
      expect(await saved(id)).toEqual({ ...left, visit: 'upload' })
      await browser.submit({ 'Tell us about your visit': REMOVE, Hold: 'now' })
      expect(await saved(id)).toEqual({ ...left, hold: 'now' })
      expect(await statuses(id)).toEqual(['completed'])
    })

    it('makes one response of a form that is sent twice', async () => {
      const { id } = await server.addLink({ name: 'Twice', slug: slug('twice'), questions: ALL_TYPES })
      const browser = browse()
      const second = browse()
      await browser.open(`/i/${slug('twice')}`)
      Object.assign(second, { markup: browser.markup })
      await Promise.all([browser.submit(EVERYTHING), second.submit(EVERYTHING)])
      expect([browser.text, second.text].every((text) => text.includes('Thanks for your response!'))).toBe(true)
      expect(await statuses(id)).toEqual(['completed'])
    })
  })
}

describe('a page that was left', () => {
  it('resumes by its cookie, thanks afterwards, and lets the next person answer', async () => {
    const { id } = await server.addLink({ name: 'Resumed', questions: ALL_TYPES })
    const browser = new TestBrowser(server.url)
    await browser.open('/i/resumed')
    await browser.submit({ 'Anything else?': 'kept', 'Would you come again?': 'no' })
    await browser.open('/i/resumed')
    expect(browser.inputsOf('Anything else?')[0]!.value).toBe('kept')
    expect(browser.text).toContain('Your answers so far are saved.')
    await browser.submit({ ...EVERYTHING, 'Why not?': 'x' })
    await browser.reload()
    expect(browser.text).toContain('Thanks for your response!')
    expect(await statuses(id)).toEqual(['completed'])
    const [, again] = /<a href="([^"]*)">Send another response/.exec(browser.markup)!
    await browser.open(again!)
    expect(browser.inputsOf('Anything else?')[0]!.value).toBe('')
    await browser.submit(EVERYTHING)
    expect(await statuses(id)).toEqual(['completed', 'completed'])
  })

  it('begins nothing when it is only looked at', async () => {
    const { id } = await server.addLink({ name: 'Crawled', questions: ALL_TYPES })
    const browser = new TestBrowser(server.url)
    await browser.open('/i/crawled')
    await browser.reload()
    await fetch(`${server.url}/i/crawled`, { method: 'HEAD' })
    expect(await statuses(id)).toEqual([])
    expect(browser.responseHeaders.get('set-cookie')).not.toContain('saygraph_session')
  })

  it('ignores a session that is not of this link', async () => {
    await server.addLink({ name: 'Old', questions: [{ prompt: 'A', type: 'text' }] })
    const { id } = await server.addLink({ name: 'New', questions: [{ prompt: 'A', type: 'text' }] })
    const opened = await fetch(`${server.url}/i/old/sessions`, { method: 'POST' })
    const { session } = (await opened.json()) as { session: string }
    const browser = new TestBrowser(server.url, { headers: { cookie: `saygraph_session=${session}` }, cookies: false })
    await browser.open('/i/new')
    expect(browser.status).toBe(200)
    await browser.submit({ A: 'x' })
    expect(await saved(id)).toEqual({ a: 'x' })
  })

  it('sends a person on where the link says', async () => {
    const settings = { thankYouMessage: 'Cheers', redirectUrl: 'https://shop.example/thanks?a=1' }
    await server.addLink({ name: 'Onward', settings, questions: [{ prompt: 'A', type: 'text' }] })
    const browser = new TestBrowser(server.url)
    await browser.open('/i/onward')
    expect(browser.responseHeaders.get('content-security-policy')).toContain("form-action 'self' https://shop.example;")
    await browser.submit({ A: 'x' })
    expect([browser.status, browser.redirects]).toEqual([303, ['https://shop.example/thanks?a=1']])
    await browser.open('/i/onward')
    expect(browser.text).toContain('Cheers')
    expect(browser.markup).toContain('href="https://shop.example/thanks?a=1"')
  })

  it('keeps a personal address to its person', async () => {
    const { id: linkId } = await server.addLink({ name: 'Own', questions: [...ALL_TYPES] })
    const contact = await createContact(server.world, server.viewer, { name: 'Ann', email: 'ann@corp.example' })
    const { id } = await inviteRespondent(server.world, server.viewer, { linkId, contactId: contact.id })
    const address = `/i/own?r=${server.signer.sign('respondent', id)}`
    const browser = new TestBrowser(server.url, { cookies: false })
    await browser.open(address)
    await browser.submit({ 'Anything else?': 'mine' })
    // On another device.
    const laptop = new TestBrowser(server.url)
    await laptop.open(address)
    expect(laptop.inputsOf('Anything else?')[0]!.value).toBe('mine')
    await laptop.submit(EVERYTHING)
    expect(await statuses(linkId)).toEqual(['completed'])
    await browser.open(address)
    expect(browser.text).toContain('Thanks for your response!')
    await browser.open('/i/own?r=nonsense')
    expect(browser.status).toBe(404)
    const rows = await server.world.db.query(sql`SELECT id FROM respondent WHERE link_id = ${linkId}::uuid`)
    expect(rows).toEqual([{ id }])
  })
})

describe('a page without a form', () => {
  it('is friendly, and has the right status', async () => {
    const questions: QuestionInput[] = [{ prompt: 'A', type: 'text' }]
    await server.addLink({ name: 'P', slug: 'paused', status: 'paused', questions })
    await server.addLink({ name: 'F', slug: 'full', maxResponses: 1, questions })
    const { id } = await server.addLink({ name: 'D', slug: 'deleted', questions })
    await deleteLink(server.world, server.viewer, id)
    const browser = new TestBrowser(server.url)
    await browser.open('/i/full')
    await browser.submit({ A: 'x' })
    const pages: [string, number, string][] = [
      ['/i/nowhere', 404, 'There is nothing here'],
      ['/w/nobody/i/full', 404, 'There is nothing here'],
      ['/i/deleted', 410, 'This page is gone'],
      ['/i/paused', 403, 'Closed for now'],
      ['/i/full', 403, 'All responses are in'],
    ]
    for (const [path, status, title] of pages) {
      const visitor = new TestBrowser(server.url)
      await visitor.open(path)
      expect([path, visitor.status, visitor.title]).toEqual([path, status, title])
      expect(visitor.markup.match(/<h1/g)).toHaveLength(1)
      expect(visitor.markup).toContain('<html lang="en">')
      expect(visitor.responseHeaders.get('content-type')).toBe('text/html; charset=utf-8')
      const finn = new TestBrowser(server.url, { headers: { 'accept-language': 'sv;q=0.5, fi-FI, en;q=0.3' } })
      await finn.open(path)
      expect(finn.markup).toContain('<html lang="fi">')
      expect(finn.title).not.toBe(title)
    }
    // Who had begun may finish, unless the link filled up meanwhile.
    const { id: link } = await server.addLink({ name: 'L', slug: 'late', maxResponses: 1, questions: ALL_TYPES })
    const [first, second] = [new TestBrowser(server.url), new TestBrowser(server.url)]
    await first.open('/i/late')
    await second.open('/i/late')
    await first.submit({ 'Would you come again?': 'yes' })
    await updateLink(server.world, server.viewer, link, { status: 'paused' })
    await second.submit(EVERYTHING)
    expect([second.status, second.title]).toEqual([403, 'Closed for now'])
    await first.submit(EVERYTHING)
    expect(first.text).toContain('Thanks')
  })

  it('refuses bodies that are no form, or too large, and leaves nothing', async () => {
    const { id } = await server.addLink({ name: 'Bodies', questions: ALL_TYPES })
    await sweepUploads(server.world, server.storage)
    const before = await server.files()
    const post = async (body: string | Buffer, type: string) => {
      const { status } = await fetch(`${server.url}/i/bodies`, {
        method: 'POST',
        body: typeof body === 'string' ? body : new Uint8Array(body),
        headers: { 'content-type': type },
      })
      return status
    }
    expect(await post('a=b', 'application/x-www-form-urlencoded')).toBe(415)
    expect(await post('--x\r\nContent-Disp', 'multipart/form-data; boundary=x')).toBe(400)
    const field = (name: string, value: string) =>
      `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const many = field('a', 'x'.repeat(190_000)).repeat(30)
    expect(await post(`${many}--x--\r\n`, 'multipart/form-data; boundary=x')).toBe(413)
    const browser = new TestBrowser(server.url)
    await browser.open('/i/bodies')
    const [voice] = browser.inputsOf('Tell us about your visit')
    const file = `--x\r\nContent-Disposition: form-data; name="${voice!.name}"; filename="a.wav"\r\n\r\n`
    const cut = Buffer.concat([Buffer.from(file), WAV])
    expect(await post(cut, 'multipart/form-data; boundary=x')).toBe(400)
    const huge = Buffer.concat([Buffer.from(file), WAV, Buffer.alloc(14_000_000)])
    expect(await post(huge, 'multipart/form-data; boundary=x')).toBe(413)
    for (const { id: responseId } of await server.responses(id)) expect(await server.answers(responseId)).toEqual([])
    await sweepUploads(server.world, server.storage)
    expect(await server.files()).toEqual(before)
  })

  it('says which file was too large, with the rest of the form kept', async () => {
    await server.addLink({ name: 'Oversize', questions: ALL_TYPES })
    const browser = new TestBrowser(server.url)
    await browser.open('/i/oversize')
    const big = Buffer.concat([PDF, Buffer.alloc(3_000_000)])
    await browser.submit({ ...EVERYTHING, 'Send us a picture or a document': { name: 'big.pdf', bytes: big } })
    expect([browser.status, browser.title]).toEqual([400, 'Error: Oversize'])
    expect(browser.text).toContain('The file is too large.')
    expect(browser.inputsOf('Anything else?')[0]!.value).toBe('No <b>thing</b> & "more"')
  })

  it('masks defects', async () => {
    await server.addLink({ name: 'Defect', questions: ALL_TYPES })
    const { query } = server.world.db
    server.world.db.query = async () => {
      throw new Error('the secret inside')
    }
    const browser = new TestBrowser(server.url)
    await browser.open('/i/defect').finally(() => {
      server.world.db.query = query
    })
    expect([browser.status, browser.title]).toEqual([500, 'Something went wrong'])
    expect(browser.markup).not.toContain('secret inside')
  })
})

/** How many bytes of an asset come over the wire. */
function transferred(path: string, encoding: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(server.url + path, { headers: { 'accept-encoding': encoding } }, (response) => {
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
      })
      response.on('end', () => resolve(size))
      response.on('error', reject)
    })
  })
}

describe('what the page is made of', () => {
  it('keeps text text, wherever it stands', async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>' onfocus='alert(1)`
    const { id } = await server.addLink({
      name: evil,
      slug: 'evil',
      settings: { description: evil, thankYouMessage: evil },
      questions: [
        { prompt: evil, type: 'text', fieldKey: 'text' },
        { prompt: 'Options', type: 'multiple_choice', configuration: { options: [evil, 'b'] } },
        {
          prompt: 'Cards',
          type: 'image_choice',
          configuration: { cards: [{ id: evil, label: evil, media_url: 'https://example.com/"x.png' }, { id: '2' }] },
        },
        { prompt: 'More', type: 'text', required: true },
        { prompt: 'File', type: 'file_upload' },
      ],
    })
    // As if written by something that does not check.
    await server.world.db.query(
      sql`UPDATE question SET configuration = jsonb_set(configuration::jsonb, '{cards,1,media_url}', '"javascript:alert(1)"')::json
          WHERE link_id = ${id}::uuid AND type = 'image_choice'`,
    )
    await server.world.db.query(
      sql`UPDATE link SET settings = (settings::jsonb || '{"redirectUrl": "javascript:alert(1)"}')::json WHERE id = ${id}::uuid`,
    )
    const harmless = (source: string) => {
      const own = `<script type="module" src="${scriptPath('en')}"></script>`
      const markup = source.replace(own, '')
      // Whatever is in quotes is a value; what is left are tags and their attributes.
      for (const [tag] of markup.matchAll(/<[^>]*>/g)) {
        const bare = tag.replace(/"[^"]*"/g, '')
        expect(bare).not.toMatch(/^<script|\son\w+=|'/i)
      }
      expect(markup).not.toMatch(/(href|src|action)="javascript:/i)
      expect(markup).not.toContain('<script')
    }
    const browser = new TestBrowser(server.url)
    await browser.open('/i/evil')
    harmless(browser.source)
    expect(browser.title).toBe(evil)
    expect(browser.prompts[0]).toBe(evil)
    await browser.submit({
      [evil]: `</textarea>${evil}`,
      Options: evil,
      Cards: evil,
      File: { name: `${evil}.pdf`, bytes: PDF },
    })
    expect(browser.status).toBe(400)
    harmless(browser.source)
    expect(browser.inputsOf(evil)[0]!.value).toBe(`</textarea>${evil}`)
    await browser.submit({ More: 'x' })
    harmless(browser.source)
    expect(browser.status).toBe(200)
    expect(browser.text).toContain('onerror')
    expect(await saved(id)).toMatchObject({ text: `</textarea>${evil}`, options: evil, cards: evil })
  })

  it('has a strict policy, and a stylesheet and a script that are kept for ever', async () => {
    await server.addLink({ name: 'Policy', questions: ALL_TYPES })
    const response = await fetch(`${server.url}/i/policy`)
    const policy = response.headers.get('content-security-policy')!
    expect(policy).toBe(
      "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src https: http: data:; media-src 'self' blob: https: http:; form-action 'self'; base-uri 'none'; frame-ancestors *",
    )
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const markup = await response.text()
    expect(markup.match(/<script[^>]*>[^<]*/g)).toEqual([`<script type="module" src="${scriptPath('en')}">`])
    expect(markup).not.toMatch(/<style|\sstyle=|\son\w+=/)
    for (const [path, type] of [
      [stylePath(), 'text/css; charset=utf-8'],
      [scriptPath('en'), 'text/javascript; charset=utf-8'],
    ] as const) {
      const asset = await fetch(server.url + path)
      expect(asset.headers.get('content-type')).toBe(type)
      expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(asset.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it('says what its owner wrote in another language than its own', async () => {
    await server.addLink({
      ...{ name: 'Palaute', language: 'fi-FI', settings: { description: 'Kerro', thankYouMessage: 'Kiitos' } },
      questions: [
        { prompt: 'Mitä?', type: 'text', required: true },
        { prompt: 'Kumpi?', type: 'multiple_choice', configuration: { options: ['Se', 'Tuo'] } },
        { prompt: 'Väri?', type: 'image_choice', configuration: { cards: [{ id: 'a', label: 'Sini' }] } },
      ],
    })
    const marked = (markup: string) =>
      [...markup.matchAll(/<(\w+)[^>]* lang="fi-FI">([^<]*)</g)].map(([, , text]) => text)
    const written = ['Palaute', 'Kerro', 'Mitä?', 'Kumpi?', 'Se', 'Tuo', 'Väri?', 'Sini']
    const english = new TestBrowser(server.url, { headers: { 'accept-language': 'en' } })
    await english.open('/i/palaute')
    expect(english.markup).toContain('<html lang="en">')
    expect(marked(english.markup)).toEqual(written)
    await english.submit()
    expect(marked(english.markup)).toEqual(['Palaute', 'Kerro', 'Mitä?', ...written.slice(2)])
    await english.submit({ 'Mitä?': 'Hyvää' })
    expect(marked(english.markup)).toEqual(['Palaute', 'Kiitos'])
    // Nobody asks for a language that the page speaks: it speaks the link's.
    const other = new TestBrowser(server.url, { headers: { 'accept-language': 'sv' } })
    await other.open('/i/palaute')
    expect(other.markup).toContain('<html lang="fi">')
    expect(marked(other.markup)).toEqual([])
    const { language } = await (
      await fetch(`${server.url}/i/palaute`, { headers: { accept: 'application/json' } })
    ).json()
    expect(language).toBe('fi-FI')
  })

  it('is small: a link with every type stays below 40 KB on its way, in every language', async () => {
    await server.addLink({ name: 'Small', questions: ALL_TYPES })
    for (const language of ['en', 'fi'] as const) {
      const headers = { 'accept-language': language }
      const page = await (await fetch(`${server.url}/i/small`, { headers })).arrayBuffer()
      expect(Buffer.from(page).toString()).toContain(scriptPath(language))
      const sizes = await Promise.all([stylePath(), scriptPath(language)].map((path) => transferred(path, 'br')))
      const total = page.byteLength + sizes.reduce((sum, size) => sum + size, 0)
      expect(total).toBeGreaterThan(10_000)
      expect(total).toBeLessThan(40_000)
    }
  })

  it.each(['br', 'gzip', 'identity', 'br;q=0, gzip;q=0.5'])('sends its script as %s', async (accepted) => {
    const size = await transferred(scriptPath('en'), accepted)
    const whole = await transferred(scriptPath('en'), 'identity')
    if (accepted === 'identity') expect(size).toBe(whole)
    else expect(size).toBeLessThan(whole / 2)
    const read = await (await fetch(server.url + scriptPath('en'), { headers: { 'accept-encoding': accepted } })).text()
    expect(Buffer.byteLength(read)).toBe(whole)
  })

  it('gives every input a name that is heard, and every id once', async () => {
    await server.addLink({
      name: 'Heard',
      questions: [...ALL_TYPES, { prompt: 'NPS', type: 'rating', configuration: { scale_type: 'nps' } }],
    })
    const browser = new TestBrowser(server.url)
    await browser.open('/i/heard')
    const ids = [...browser.markup.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    for (const { type, attributes } of browser.inputs) {
      if (['hidden', 'submit', 'radio', 'checkbox'].includes(type)) continue
      expect(browser.markup).toContain(` for="${attributes.get('id')}">`)
    }
    for (const [label] of browser.markup.matchAll(/<label class="choice[\s\S]*?<\/label>/g)) {
      expect(label.replace(/<[^>]*>/g, '').trim()).not.toBe('')
    }
    expect(browser.text).toContain('3 of 5 stars')
    expect(browser.text).toContain('0 – Not at all likely')
    expect(browser.text).toContain('10 – Extremely likely')
    expect(browser.markup.match(/<legend/g)).toHaveLength(browser.markup.match(/<fieldset/g)!.length)
    expect(browser.text).toContain('How many people came? (required)')
    expect(browser.text).not.toContain('Anything else? (required)')
  })
})

describe('behind https', async () => {
  const secure = await startTestServer({ publicUrl: new URL('https://feedback.example') })

  it('marks its cookies Secure', async () => {
    await secure.addLink({ name: 'S', questions: [{ prompt: 'A', type: 'text' }] })
    const opened = await fetch(`${secure.url}/w/acme/i/s/sessions`, { method: 'POST' })
    expect(opened.headers.get('set-cookie')).toMatch(/; Path=\/w\/acme\/i\/s; HttpOnly; SameSite=Lax; Secure$/)
    const page = await fetch(`${secure.url}/i/s`)
    expect(page.headers.get('set-cookie')).toMatch(/; Secure$/)
  })
})
