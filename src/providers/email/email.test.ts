import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../config/read-config.ts'
import { FakeClock } from '../../platform/clock.ts'
import { composeEmail } from './compose.ts'
import { emailConformance, MESSAGE } from './conformance.ts'
import { asciiDomain, type EmailResult, idOfMessageId, messageIdOf, objectionTo } from './email.ts'
import { createEmail } from './index.ts'
import { memoryEmail } from './memory.ts'
import { outboxEmail } from './outbox.ts'
import { readEmail } from './test-relay.ts'

const root = await mkdtemp(join(tmpdir(), 'saygraph-email-'))
afterAll(() => rm(root, { recursive: true }))
const clock = new FakeClock('2026-11-22T10:00:00Z')

const eml = async (folder: string) => {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.eml'))
  return Promise.all(names.map(async (name) => readEmail(await readFile(join(folder, name)))))
}

emailConformance('memory', async () => {
  const email = memoryEmail()
  const named = (mailbox: object) => ({ name: '', ...mailbox })
  return {
    email,
    sent: async () =>
      email.history.map(({ id, headers, listUnsubscribe, from, to, replyTo, ...rest }) => ({
        ...rest,
        from: named(from) as typeof from,
        to: named(to) as typeof to,
        ...(replyTo && { replyTo: named(replyTo) as typeof replyTo }),
      })),
  }
})
emailConformance('outbox', async () => {
  const folder = join(await mkdtemp(join(root, 'outbox-')), 'not', 'yet')
  return {
    email: outboxEmail(folder, clock),
    sent: async () =>
      (await eml(folder)).map(({ from, to, replyTo, subject, text, html }) => ({
        from: from as { address: string },
        to: to![0] as { address: string },
        ...(replyTo && { replyTo: replyTo[0] as { address: string } }),
        subject: subject!,
        text: text!,
        ...(html !== undefined && { html }),
      })),
  }
})

test('outbox: a second process leaves a message as it is, and nothing is left half', async () => {
  const folder = await mkdtemp(join(root, 'outbox-'))
  await outboxEmail(folder, clock).send(MESSAGE)
  await outboxEmail(folder, clock).send({ ...MESSAGE, subject: 'another' })
  expect((await eml(folder)).map(({ subject }) => subject)).toEqual(['Hello'])
  expect((await readdir(folder)).sort()).toEqual(['.partial', 'message-1.eml'])
  expect(await readdir(join(folder, '.partial'))).toEqual([])
})

test('outbox: forgets the messages it is told to, and no others', async () => {
  const folder = await mkdtemp(join(root, 'outbox-'))
  const email = outboxEmail(folder, clock)
  await email.send(MESSAGE)
  await email.send({ ...MESSAGE, id: 'message-2' })
  await email.forget!(['message-1', 'never-sent'])
  expect((await readdir(folder)).sort()).toEqual(['.partial', 'message-2.eml'])
})

test('outbox: a folder that cannot be written to is told, and is a defect', async () => {
  const email = outboxEmail('/dev/null/email', clock)
  expect(await email.verify()).toContain('ENOTDIR')
  await expect(email.send(MESSAGE)).rejects.toThrow('ENOTDIR')
})

test('memory: remembers in order and answers as told', async () => {
  const email = memoryEmail()
  const deferred: EmailResult = { outcome: 'refused', reason: 'deferred', retryable: true, message: 'later' }
  const unknown: EmailResult = { outcome: 'unknown', messageId: '<message-1@say.example>', message: 'gone' }
  email.answers.push(deferred, unknown)
  expect(await email.send(MESSAGE)).toEqual(deferred)
  expect(await email.send(MESSAGE)).toEqual(unknown)
  expect(await email.send(MESSAGE)).toEqual(unknown)
  await email.send({ ...MESSAGE, id: 'message-2' })
  expect(email.history.map(({ id }) => id)).toEqual(['message-1', 'message-2'])
})

describe('a message', () => {
  test('has these fields, its date and its id, and nothing attached', async () => {
    const raw = await composeEmail({ ...MESSAGE, html: '<p>x</p>' }, clock.now())
    const { names, messageId, date, attachments, headers } = await readEmail(raw)
    expect(names.sort()).toEqual(['content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'])
    expect(messageId).toBe('<message-1@say.example>')
    expect(new Date(date!)).toEqual(clock.now())
    expect(headers['content-type']).toContain('multipart/alternative')
    expect(attachments).toEqual([])
    expect(raw.toString('latin1')).not.toMatch(/[^\r]\n|[^\0-\x7f]|\r[^\n]/)
    expect(
      Math.max(
        ...raw
          .toString('latin1')
          .split('\r\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(998)
  })

  test('can be left with one click (RFC 8058)', async () => {
    const url = `https://say.example/u/${'abc-_.~'.repeat(60)}?a=1&b=%20#x`
    const mailto = 'mailto:stop@say.example?subject=stop%20it'
    for (const [given, expected] of [
      [{ url }, `<${url}>`],
      [{ url, mailto }, `<${url}>, <${mailto}>`],
    ] as const) {
      const { headers } = await readEmail(await composeEmail({ ...MESSAGE, listUnsubscribe: given }, clock.now()))
      expect(headers['list-unsubscribe']).toBe(expected)
      expect(headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
    }
  })

  test('carries further headers', async () => {
    const headers = { 'X-Campaign': 'ä, 1', 'Auto-Submitted': 'auto-generated', 'Feedback-ID': 'c:w:say' }
    expect(objectionTo({ ...MESSAGE, headers })).toBeUndefined()
    const read = await readEmail(await composeEmail({ ...MESSAGE, headers }, clock.now()))
    expect(read.headers).toMatchObject({
      'x-campaign': 'ä, 1',
      'auto-submitted': 'auto-generated',
      'feedback-id': 'c:w:say',
    })
  })

  test('never reads a file or a page, whatever it says', async () => {
    const html = '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/">'
    const { text, attachments } = await readEmail(
      await composeEmail({ ...MESSAGE, text: '/etc/passwd', html }, clock.now()),
    )
    expect([text, attachments]).toEqual(['/etc/passwd', []])
  })
})

test('ids and Message-IDs', () => {
  expect(messageIdOf({ ...MESSAGE, from: { address: 'a@käsi.example' } })).toBe('<message-1@xn--ksi-qla.example>')
  expect(idOfMessageId('<message-1@say.example>')).toBe('message-1')
  expect(idOfMessageId('message-1@say.example')).toBe('message-1')
  for (const foreign of ['', '<@x>', '<a b@x>', '<a+b@x>', '<a@x> <b@x>'])
    expect(idOfMessageId(foreign)).toBeUndefined()
})

test.each<[string, string | undefined]>([
  ['a@example.com', 'a@example.com'],
  ['A.b+c@Example.COM', 'A.b+c@example.com'],
  ['a@localhost', 'a@localhost'],
  ['päivi@käsi.example', 'päivi@xn--ksi-qla.example'],
  ['用户@例子.公益', '用户@xn--fsqu00a.xn--55qw42g'],
  ["o'neil@example.com", "o'neil@example.com"],
  ['.a@example.com', undefined],
  ['a.@example.com', undefined],
  ['a@b@example.com', undefined],
  ['a@example..com', undefined],
  ['a@exa mple.com', undefined],
  ['a\u00a0b@example.com', undefined],
  ['a\u2028@example.com', undefined],
  [`${'a'.repeat(65)}@example.com`, undefined],
  [`a@${'b'.repeat(64)}.com`, undefined],
])('the address %s', (address, ascii) => {
  expect(asciiDomain(address)).toBe(ascii)
})

test('whatever the fields say, no field is added and no line is broken', async () => {
  const nasty = fc.constantFrom(
    '\r\n',
    '\n',
    '\r',
    '\0',
    '\u2028',
    'Bcc: x@example.com',
    '=?UTF-8?B?DQo=?=',
    '"',
    '<',
    ',',
    ';',
    ':',
    '\\',
    '😀',
    ' ',
  )
  const line = fc
    .array(fc.oneof(nasty, fc.string({ unit: 'grapheme', maxLength: 30 })), { maxLength: 6 })
    .map((parts) => parts.join(''))
  const body = line.map((text) => `.${text}`)
  await fc.assert(
    fc.asyncProperty(line, line, line, line, body, async (subject, fromName, toName, value, text) => {
      const email = {
        ...MESSAGE,
        from: { name: fromName, address: MESSAGE.from.address },
        to: { name: toName, address: MESSAGE.to.address },
        subject,
        text,
        headers: { 'X-Value': value },
      }
      const objection = objectionTo(email)
      const isBroken = [subject, fromName, toName, value].some((field) => /[\p{Cc}\u2028\u2029]/u.test(field))
      if (isBroken || value.trim() === '') expect(objection).toMatchObject({ reason: 'invalid_message' })
      if (objection) return
      const { names, from, to } = await readEmail(await composeEmail(email, clock.now()))
      expect(names.filter((name) => name !== 'content-transfer-encoding').sort()).toEqual(
        ['content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to', 'x-value'].filter(
          (name) => name !== 'subject' || names.includes('subject'),
        ),
      )
      expect([from?.address, to?.map(({ address }) => address)]).toEqual([email.from.address, [email.to.address]])
    }),
    { numRuns: 300 },
  )
})

test('every configuration makes its sender', async () => {
  const DATA_DIR = await mkdtemp(join(root, 'data-'))
  const outcomes: unknown[] = []
  for (const EMAIL of ['outbox', 'smtp']) {
    const email = createEmail(readConfig({ DATA_DIR, EMAIL, SMTP_URL: 'smtp://127.0.0.1:1' }).email, { clock })
    outcomes.push((await email.send(MESSAGE)).outcome)
    await email.close()
  }
  expect(outcomes).toEqual(['accepted', 'refused'])
  expect(await eml(join(DATA_DIR, 'email'))).toHaveLength(1)
})
