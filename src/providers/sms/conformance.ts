import { describe, expect, test } from 'vitest'
import type { Sms, SmsSender } from './sms.ts'

/** A sender and what came out at its other end, in any order. */
export interface SmsUnderTest {
  sms: SmsSender
  sent(): Promise<Omit<Sms, 'id'>[]>
}

const MESSAGE: Sms = { id: 'message-1', from: '+358401112222', to: '+358405556666', text: 'Hello' }
const textOf = ({ text }: { text: string }) => text

/** What every adapter must do. `make` gives one that accepts everything; for each test another one. */
export function smsConformance(name: string, make: () => Promise<SmsUnderTest>): void {
  describe(`SMS conformance: ${name}`, () => {
    test.each([
      ['GSM', 'Hyvää päivää @ Åke, £5_$6 {€}'],
      ['a line of its own', 'one\ntwo'],
      ['Cyrillic', 'Добрый день'],
      ['emoji', 'See you 😀👩‍👩‍👧'],
      ['what would break quoting', `"\\'{to}{text}%20&x=1+2</a>\u2028`],
      ['160 septets', 'x'.repeat(160)],
      ['three parts', 'y€'.repeat(120)],
      ['three parts with emoji on the seams', `a${'😀'.repeat(80)}`],
    ])('carries %s unchanged', async (_, text) => {
      const { sms, sent } = await make()
      const result = await sms.send({ ...MESSAGE, text })
      expect(result).toMatchObject({ outcome: 'accepted' })
      expect(await sent()).toEqual([{ from: MESSAGE.from, to: MESSAGE.to, text }])
      const providerIds = result.outcome === 'accepted' ? result.providerIds : []
      expect(providerIds.length).toBeGreaterThan(0)
      expect(new Set(providerIds).size).toBe(providerIds.length)
      await sms.close()
    })

    test.each(['+358401112222', '12345', 'Saygraph', 'A1 B2.c-d_e'])('sends from %s', async (from) => {
      const { sms, sent } = await make()
      expect(await sms.send({ ...MESSAGE, from })).toMatchObject({ outcome: 'accepted' })
      expect(await sent()).toEqual([{ from, to: MESSAGE.to, text: MESSAGE.text }])
      await sms.close()
    })

    test('sends once what has one id, one after the other and at once', async () => {
      const { sms, sent } = await make()
      const first = await sms.send(MESSAGE)
      expect(await sms.send(MESSAGE)).toEqual(first)
      const other = { ...MESSAGE, id: 'message-2', text: 'Other' }
      const results = await Promise.all([sms.send(other), sms.send(other), sms.send(other)])
      expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1)
      // Another id is another message, whatever it says.
      await sms.send({ ...MESSAGE, id: 'message-3' })
      expect((await sent()).map(textOf).sort()).toEqual(['Hello', 'Hello', 'Other'])
      await sms.close()
    })

    test('sends many at once, each with ids of its own', async () => {
      const { sms, sent } = await make()
      const texts = Array.from({ length: 100 }, (_, n) => `number ${n}`)
      const results = await Promise.all(texts.map((text, n) => sms.send({ ...MESSAGE, id: `many-${n}`, text })))
      expect((await sent()).map(textOf).sort()).toEqual([...texts].sort())
      expect(new Set(results.flatMap((result) => (result.outcome === 'accepted' ? result.providerIds : []))).size).toBe(
        100,
      )
      await sms.close()
    })

    test.each<[string, Partial<Sms>, string]>([
      ['a number without +', { to: '358405556666' }, 'invalid_number'],
      ['a number that starts with 0', { to: '+0358405556666' }, 'invalid_number'],
      ['a number that is too long', { to: '+1234567890123456' }, 'invalid_number'],
      ['a number with spaces', { to: '+358 40 5556666' }, 'invalid_number'],
      ['a number and a line break', { to: '+358405556666\n' }, 'invalid_number'],
      ['digits of another script', { to: '+٣٥٨٤٠٥٥٥٦٦٦٦' }, 'invalid_number'],
      ['no sender', { from: '' }, 'invalid_sender'],
      ['a sender that is too long', { from: 'Twelve chars' }, 'invalid_sender'],
      ['a sender of two digits', { from: '12' }, 'invalid_sender'],
      ['a sender that is not ASCII', { from: 'Sää' }, 'invalid_sender'],
      ['a sender with a line break', { from: 'Say\r\ngraph' }, 'invalid_sender'],
      ['no text', { text: '' }, 'invalid_message'],
      ['half a character', { text: 'x\ud83d' }, 'invalid_message'],
      ['256 parts', { text: 'x'.repeat(153 * 255 + 1) }, 'invalid_message'],
    ])('refuses %s for good, and sends nothing', async (_, wrong, reason) => {
      const { sms, sent } = await make()
      expect(await sms.send({ ...MESSAGE, ...wrong })).toEqual({
        outcome: 'refused',
        reason,
        retryable: false,
        message: expect.stringMatching(/^[^\r\n]+$/),
      })
      expect(await sent()).toEqual([])
      // What was refused was not sent: the id is free.
      expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
      await sms.close()
    })

    test.each(['', '..', 'a/b', '../x', 'a b', 'ä', 'x\n', '.x', 'x'.repeat(201)])(
      'throws for %j, which is no id',
      async (id) => {
        const { sms, sent } = await make()
        await expect(sms.send({ ...MESSAGE, id })).rejects.toThrow('not an id of a message')
        expect(await sent()).toEqual([])
        await sms.close()
      },
    )

    test('close waits for what is under way, and afterwards nothing is taken', async () => {
      const { sms, sent } = await make()
      const sending = ['a', 'b', 'c'].map((id) => sms.send({ ...MESSAGE, id }))
      await sms.close()
      const out = await sent()
      const outcomes = (await Promise.all(sending)).map(({ outcome }) => outcome)
      expect(outcomes).not.toContain('unknown')
      const accepted = outcomes.filter((outcome) => outcome === 'accepted')
      expect(out).toHaveLength(accepted.length)
      await expect(sms.send({ ...MESSAGE, id: 'late' })).rejects.toThrow('closed')
      expect(await sent()).toHaveLength(accepted.length)
      await sms.close()
    })

    test('a listener can come and go', async () => {
      const { sms } = await make()
      const end = sms.onEvent(() => {})
      end()
      end()
      await sms.close()
    })
  })
}
