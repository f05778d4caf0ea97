import { describe, expect, test } from 'vitest'
import type { Email, EmailSender } from './email.ts'

/** A sender and what came out at its other end, in any order; line ends as `\n`. */
export interface EmailUnderTest {
  email: EmailSender
  sent(): Promise<SentEmail[]>
}

export type SentEmail = Pick<Email, 'from' | 'to' | 'replyTo' | 'subject' | 'text' | 'html'>

export const MESSAGE: Email = {
  id: 'message-1',
  from: { address: 'hello@say.example' },
  to: { address: 'person@example.com' },
  subject: 'Hello',
  text: 'How are you?',
}
const sentForm = ({ from, to, replyTo, subject, text, html }: Email): SentEmail => ({
  from: { name: '', ...from },
  to: { name: '', ...to },
  ...(replyTo && { replyTo: { name: '', ...replyTo } }),
  subject,
  text,
  ...(html !== undefined && { html }),
})

/** What every adapter must do. `make` gives one that accepts everything; for each test another one. */
export function emailConformance(name: string, make: () => Promise<EmailUnderTest>): void {
  describe(`e-mail conformance: ${name}`, () => {
    test.each<[string, Partial<Email>]>([
      ['a plain message', {}],
      [
        'names',
        {
          from: { name: 'Päivi "Piv" O’Neil, Ltd. <x@y>', address: 'hello@say.example' },
          to: { name: '山田 太郎 😀', address: 'person@example.com' },
          replyTo: { name: 'Support; (team): \\ @', address: 'support+tag@say.example' },
        },
      ],
      ['a subject beyond ASCII', { subject: 'Päivää 😀 — 山田' }],
      ['a subject that looks encoded', { subject: '=?UTF-8?Q?=41?=' }],
      ['a long subject', { subject: `${'long words '.repeat(60)}ä${'x'.repeat(200)}`.trim() }],
      ['Cyrillic', { text: 'Добрый день\n\nКак дела?' }],
      ['what would end a message or hide a line', { text: 'a\n.\n..\n.b\nFrom x\n--\n\nQUIT' }],
      ['spaces at the ends of lines', { text: 'a \nb\t\n  c  \n\n\nd' }],
      ['long lines', { text: `${'word '.repeat(500)}\n${'x'.repeat(3_000)}` }],
      [
        'html beside the text',
        { text: 'Hei =20 €', html: '<p style="color:red">Hei <b>ä</b> &amp; =3D 😀</p>\n.\n<i>x</i>' },
      ],
      ['a large one', { text: 'A line of text, with ä in it.\n'.repeat(20_000).trimEnd() }],
    ])('carries %s unchanged', async (_, fields) => {
      const { email, sent } = await make()
      const message = { ...MESSAGE, ...fields }
      expect(await email.send(message)).toEqual({
        outcome: 'accepted',
        messageId: '<message-1@say.example>',
        response: expect.stringMatching(/./),
      })
      expect(await sent()).toEqual([sentForm(message)])
      await email.close()
    })

    test('sends once what has one id, one after the other and at once', async () => {
      const { email, sent } = await make()
      const first = await email.send(MESSAGE)
      expect(await email.send(MESSAGE)).toEqual(first)
      const other = { ...MESSAGE, id: 'message-2', subject: 'Other' }
      const results = await Promise.all([email.send(other), email.send(other), email.send(other)])
      expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
      await email.send({ ...MESSAGE, id: 'message-3' })
      expect((await sent()).map(({ subject }) => subject).sort()).toEqual(['Hello', 'Hello', 'Other'])
      await email.close()
    })

    test('sends many at once', async () => {
      const { email, sent } = await make()
      const subjects = Array.from({ length: 60 }, (_, n) => `number ${n}`)
      const results = await Promise.all(
        subjects.map((subject, n) => email.send({ ...MESSAGE, id: `many-${n}`, subject })),
      )
      expect(results.map(({ outcome }) => outcome)).toEqual(Array(60).fill('accepted'))
      expect((await sent()).map(({ subject }) => subject).sort()).toEqual([...subjects].sort())
      await email.close()
    })

    const at = (address: string) => ({ address })
    test.each<[string, Partial<Email>, string]>([
      ['a recipient that is none', { to: at('person') }, 'invalid_address'],
      ['two recipients in one', { to: at('a@example.com,b@example.com') }, 'invalid_address'],
      ['a recipient with a name in it', { to: at('A <a@example.com>') }, 'invalid_address'],
      ['a recipient and a line break', { to: at('a@example.com\r\nRCPT TO:<b@example.com>') }, 'invalid_address'],
      ['a quoted local part', { to: at('"a b"@example.com') }, 'invalid_address'],
      ['a space', { to: at('a b@example.com') }, 'invalid_address'],
      ['two dots', { to: at('a..b@example.com') }, 'invalid_address'],
      ['an address literal', { to: at('a@[127.0.0.1]') }, 'invalid_address'],
      ['an IP address', { to: at('a@127.0.0.1') }, 'invalid_address'],
      ['a domain that is none', { to: at('a@-example-.com') }, 'invalid_address'],
      ['a local part of 65 octets', { to: at(`${'ä'.repeat(33)}@example.com`) }, 'invalid_address'],
      ['a sender that is none', { from: at('') }, 'invalid_address'],
      ['an address for replies that is none', { replyTo: at('@example.com') }, 'invalid_address'],
      ['a line break in a name', { to: { name: 'A\nBcc: b@example.com', ...at('a@example.com') } }, 'invalid_message'],
      ['a line break in the subject', { subject: 'Hello\r\nBcc: b@example.com' }, 'invalid_message'],
      ['a line separator in the subject', { subject: 'Hello\u2028there' }, 'invalid_message'],
      ['NUL in the subject', { subject: 'Hello\0' }, 'invalid_message'],
      ['half a character in the subject', { subject: 'Hello \ud83d' }, 'invalid_message'],
      ['no text', { text: ' \n' }, 'invalid_message'],
      ['an empty html', { html: '' }, 'invalid_message'],
      ['NUL in the text', { text: 'a\0b' }, 'invalid_message'],
      ['a header of ours', { headers: { Bcc: 'b@example.com' } }, 'invalid_message'],
      ['a header with a line break in its name', { headers: { 'X-A: 1\r\nBcc': 'b@example.com' } }, 'invalid_message'],
      ['a header with a line break', { headers: { 'X-A': '1\r\nBcc: b@example.com' } }, 'invalid_message'],
      [
        'an unsubscribe URL without encryption',
        { listUnsubscribe: { url: 'http://say.example/u' } },
        'invalid_message',
      ],
      [
        'an unsubscribe URL that closes itself',
        { listUnsubscribe: { url: 'https://say.example/>' } },
        'invalid_message',
      ],
      [
        'an unsubscribe address that is none',
        { listUnsubscribe: { url: 'https://say.example/u', mailto: 'stop@say.example' } },
        'invalid_message',
      ],
    ])('refuses %s for good, and sends nothing', async (_, wrong, reason) => {
      const { email, sent } = await make()
      expect(await email.send({ ...MESSAGE, ...wrong })).toEqual({
        outcome: 'refused',
        reason,
        retryable: false,
        message: expect.stringMatching(/^[^\r\n]+$/),
      })
      expect(await sent()).toEqual([])
      // What was refused was not sent: the id is free.
      expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
      await email.close()
    })

    test.each(['', '..', 'a/b', 'a b', 'ä', 'x\n', '<x>', 'a@b', 'x'.repeat(201)])(
      'throws for %j, which is no id',
      async (id) => {
        const { email, sent } = await make()
        await expect(email.send({ ...MESSAGE, id })).rejects.toThrow('not an id of a message')
        expect(await sent()).toEqual([])
        await email.close()
      },
    )

    test('can be asked whether it works', async () => {
      const { email, sent } = await make()
      expect(await email.verify()).toBeUndefined()
      expect(await sent()).toEqual([])
      await email.close()
    })

    test('close waits for what is under way, and afterwards nothing is taken', async () => {
      const { email, sent } = await make()
      const sending = ['a', 'b', 'c'].map((id) => email.send({ ...MESSAGE, id }))
      await email.close()
      expect(await sent()).toHaveLength(3)
      expect((await Promise.all(sending)).map(({ outcome }) => outcome)).toEqual(Array(3).fill('accepted'))
      await expect(email.send({ ...MESSAGE, id: 'late' })).rejects.toThrow('closed')
      expect(await sent()).toHaveLength(3)
      await email.close()
    })
  })
}
