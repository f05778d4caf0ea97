import { execFile } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../platform/clock.ts'
import { smsConformance } from './conformance.ts'
import { type SmppOptions, smppSms } from './smpp.ts'
import { encodePdu } from './smpp-frames.ts'
import { submitsOf } from './smpp-message.ts'
import type { Sms, SmsEvent } from './sms.ts'
import { type SmscOptions, testSmsc } from './test-smsc.ts'

const clock = new FakeClock('2026-11-22T10:00:00Z')
const MESSAGE: Sms = { id: 'm-1', from: 'Saygraph', to: '+358405556666', text: 'Hello' }
const LONG = { ...MESSAGE, id: 'long', text: 'x'.repeat(400) }
const UNREACHABLE = { outcome: 'refused', reason: 'unreachable', retryable: true }

function connectTo(port: number, options: Partial<SmppOptions> = {}) {
  const sms = smppSms(
    {
      host: '127.0.0.1',
      port,
      systemId: 'us',
      password: 'secret',
      reconnect: { firstMs: 5, mostMs: 20 },
      throttledMs: 5,
      ...options,
    },
    { clock },
  )
  onTestFinished(() => sms.close())
  return sms
}

async function both(smscOptions: SmscOptions = {}, options: Partial<SmppOptions> = {}) {
  const smsc = await testSmsc(smscOptions)
  return { smsc, sms: connectTo(smsc.port, options) }
}

smsConformance('smpp', async () => {
  const { smsc, sms } = await both()
  return { sms, sent: async () => smsc.messages() }
})
smsConformance('smpp, cut by the SMSC', async () => {
  const { smsc, sms } = await both({}, { longMessages: 'payload', window: 1 })
  return { sms, sent: async () => smsc.messages() }
})

describe('on the wire', () => {
  const hex = (fields: Record<string, unknown>) =>
    encodePdu('submit_sm', { ...fields, sequence_number: 1 }).toString('hex')
  const ascii = (text: string) => Buffer.from(text).toString('hex')

  test('a short message, octet by octet', () => {
    const [fields] = submitsOf({ ...MESSAGE, text: 'a@€' }, 7, 'udh')
    expect(hex({ ...fields, user_message_reference: 0xabcd })).toBe(
      [
        // Length, submit_sm, status, sequence.
        '0000003f 00000004 00000000 00000001',
        // Service type; alphanumeric sender; international recipient.
        '00 0500',
        `${ascii('Saygraph')}00`,
        '0101',
        `${ascii('358405556666')}00`,
        // esm_class, protocol, priority, schedule, validity, final receipt, replace, GSM 7-bit, default message.
        '00 00 00 00 00 01 00 00 00',
        // Length and septets: a, @, escape and e.
        '04 61 00 1b 65',
        // user_message_reference.
        '0204 0002 abcd',
      ]
        .join('')
        .replaceAll(' ', ''),
    )
  })

  test('the parts of a long one', () => {
    const two = submitsOf({ ...MESSAGE, from: '12345', text: `${'ж'.repeat(70)}я` }, 200, 'udh')
    expect(two.map(({ esm_class, data_coding }) => [esm_class, data_coding])).toEqual([
      [0x40, 8],
      [0x40, 8],
    ])
    expect((two[1]!.short_message as Buffer).toString('hex')).toBe(`050003c80202${'0436'.repeat(3)}044f`)
    expect((two[0]!.short_message as Buffer).length).toBe(140)
    expect(two[0]).toMatchObject({ source_addr: '12345', source_addr_ton: 3, source_addr_npi: 0 })
  })
})

test('binds as a transceiver with its name and password', async () => {
  const { smsc, sms } = await both({}, { systemType: 'type' })
  await sms.send(MESSAGE)
  expect(smsc.binds).toEqual([
    expect.objectContaining({
      command: 'bind_transceiver',
      system_id: 'us',
      password: 'secret',
      system_type: 'type',
      interface_version: 0x34,
    }),
  ])
  expect(smsc.submits[0]).toMatchObject({ registered_delivery: 1, user_message_reference: expect.any(Number) })
})

describe('over TLS', () => {
  const trusted = getCACertificates('default')
  afterEach(() => {
    setDefaultCACertificates(trusted)
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  })

  test('only to a certificate that is known, whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    })
    const { smsc, sms } = await both({ key, cert }, { host: 'localhost', tls: true, connectMs: 300 })
    expect(await sms.send(MESSAGE)).toMatchObject({ ...UNREACHABLE, message: expect.stringContaining('self-signed') })
    expect(smsc.binds).toEqual([])
    setDefaultCACertificates([...trusted, cert])
    await smsc.until(({ binds }) => binds.length > 0)
    expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
  })
})

describe('what the SMSC answers', () => {
  test.each<[number, string, boolean]>([
    [0x58, 'throttled', true],
    [0x14, 'throttled', true],
    [0x0b, 'invalid_number', false],
    [0x0a, 'invalid_sender', false],
    [0x01, 'invalid_message', false],
    [0x45, 'rejected', false],
    [0x0400, 'rejected', false],
    [0x08, 'unreachable', true],
    [0x103, 'account', true],
  ])('status %d is a refusal, and the message may be sent again', async (status, reason, retryable) => {
    const { smsc, sms } = await both({ onSubmit: (_, nth) => ({ status: nth === 1 ? status : 0 }) })
    expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason, retryable })
    expect(await sms.send(MESSAGE)).toEqual({ outcome: 'accepted', providerIds: ['SMSC-2'] })
    expect(smsc.messages()).toHaveLength(1)
  })

  test('a generic_nack is one too', async () => {
    const { sms } = await both({ onSubmit: () => 'nack' })
    expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason: 'rejected' })
  })

  test('a long message that is refused at its first part was not sent', async () => {
    const { smsc, sms } = await both({ onSubmit: () => ({ status: 0x58 }) })
    expect(await sms.send(LONG)).toMatchObject({ outcome: 'refused', reason: 'throttled' })
    expect(smsc.submits).toHaveLength(1)
  })

  test('a part that is throttled after the first is tried again', async () => {
    const throttled = new Set([2, 3, 5])
    const { smsc, sms } = await both({ onSubmit: (_, nth) => ({ status: throttled.has(nth) ? 0x58 : 0 }) })
    expect(await sms.send(LONG)).toEqual({ outcome: 'accepted', providerIds: ['SMSC-1', 'SMSC-4', 'SMSC-6'] })
    expect(smsc.messages()).toEqual([expect.objectContaining({ text: LONG.text })])
  })

  test('a later part that is refused leaves a torso: unknown, with the ids of what went out', async () => {
    const { smsc, sms } = await both({ onSubmit: (_, nth) => ({ status: nth === 2 ? 0x45 : 0 }) })
    const result = await sms.send(LONG)
    expect(result).toEqual({
      outcome: 'unknown',
      providerIds: ['SMSC-1'],
      message: '1 of 3 parts were accepted, then: the SMSC answered ESME_RSUBMITFAIL (0x45)',
      torn: true,
    })
    expect(await sms.send(LONG)).toEqual(result)
    expect(smsc.submits).toHaveLength(2)
  })
})

describe('when the session is lost', () => {
  test('between a message and its answer: unknown, never sent again; the next one goes', async () => {
    const { smsc, sms } = await both({ onSubmit: (_, nth) => (nth === 1 ? 'hang up' : { status: 0 }) })
    const result = await sms.send(MESSAGE)
    expect(result).toMatchObject({ outcome: 'unknown', providerIds: [] })
    expect(await sms.send({ ...MESSAGE, id: 'm-2' })).toMatchObject({ outcome: 'accepted' })
    expect(await sms.send(MESSAGE)).toEqual(result)
    expect(smsc.submits).toHaveLength(2)
    expect(smsc.binds).toHaveLength(2)
  })

  test('everything in the window is unknown, what waited outside of it is sent', async () => {
    const onSubmit: SmscOptions['onSubmit'] = (_, nth) => (nth < 3 ? 'silence' : nth === 3 ? 'hang up' : { status: 0 })
    const { smsc, sms } = await both({ onSubmit }, { window: 3 })
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) => sms.send({ ...MESSAGE, id: `w-${n}`, text: `text ${n}` })),
    )
    expect(results.map(({ outcome }) => outcome)).toEqual([...Array(3).fill('unknown'), ...Array(7).fill('accepted')])
    expect(smsc.submits).toHaveLength(10)
  })

  test('an answer that never comes is unknown, and one that comes too late changes nothing', async () => {
    let answer = (_: { status: number }) => {}
    const late = new Promise<{ status: number }>((resolve) => {
      answer = resolve
    })
    const { smsc, sms } = await both({ onSubmit: (_, nth) => (nth === 1 ? late : { status: 0 }) }, { responseMs: 50 })
    const result = await sms.send(MESSAGE)
    expect(result).toEqual({
      outcome: 'unknown',
      providerIds: [],
      message: 'no answer to submit_sm within 0.05 s',
    })
    answer({ status: 0 })
    await smsc.until(() => smsc.messages().length === 1)
    expect(await sms.send({ ...MESSAGE, id: 'm-2' })).toEqual({ outcome: 'accepted', providerIds: ['SMSC-2'] })
    expect(await sms.send(MESSAGE)).toEqual(result)
  })

  test('an SMSC that no longer answers enquire_link is left and sought again', async () => {
    let alive = true
    const { smsc, sms } = await both({ alive: () => alive }, { enquireMs: 10, responseMs: 50 })
    await smsc.until(({ enquiries }) => enquiries >= 3)
    expect(smsc.binds).toHaveLength(1)
    alive = false
    await smsc.until(({ binds }) => binds.length >= 2)
    alive = true
    expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
  })

  test('an SMSC that unbinds is answered and sought again', async () => {
    const { smsc, sms } = await both()
    await sms.send(MESSAGE)
    const { default: smpp } = await import('smpp')
    const responded = new Promise<string>((resolve) => {
      smsc.sessions[0]!.send(new smpp.PDU('unbind'), ({ command }) => resolve(command))
    })
    expect(await responded).toBe('unbind_resp')
    expect(await sms.send({ ...MESSAGE, id: 'm-2' })).toMatchObject({ outcome: 'accepted' })
    expect(smsc.binds).toHaveLength(2)
  })

  test('nobody there: refused as unreachable, until somebody is', async () => {
    const gone = await testSmsc()
    await gone.close()
    const sms = connectTo(gone.port, { connectMs: 100 })
    expect(await sms.send(MESSAGE)).toMatchObject({ ...UNREACHABLE, message: expect.stringContaining('ECONNREFUSED') })
    const smsc = await testSmsc({ port: gone.port })
    await smsc.until(({ binds }) => binds.length > 0)
    expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
  })

  test('a message waits for the session that is being made', async () => {
    const gone = await testSmsc()
    await gone.close()
    const sms = connectTo(gone.port)
    const sending = sms.send(MESSAGE)
    const smsc = await testSmsc({ port: gone.port })
    expect(await sending).toMatchObject({ outcome: 'accepted' })
    expect(smsc.submits).toHaveLength(1)
  })

  test.each([
    ['a wrong password', 0x0e, 'account'],
    ['a status that nobody knows', 0x4ff, 'account'],
    ['a system error', 0x08, 'unreachable'],
  ])('%s at the bind concerns no message, and it is tried again', async (_, status, reason) => {
    let known = false
    const { smsc, sms } = await both({ onBind: () => (known ? 0 : status) })
    expect(await sms.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason, retryable: true })
    known = true
    await expect.poll(() => sms.send(MESSAGE), { timeout: 5_000 }).toMatchObject({ outcome: 'accepted' })
    expect(smsc.messages()).toHaveLength(1)
  })
})

test('never more without an answer than the window allows', async () => {
  let open = 0
  let most = 0
  const { smsc, sms } = await both(
    {
      onSubmit: async () => {
        most = Math.max(most, ++open)
        await new Promise((done) => setTimeout(done, 2))
        open--
        return { status: 0 }
      },
    },
    { window: 4 },
  )
  await Promise.all(Array.from({ length: 50 }, (_, n) => sms.send({ ...MESSAGE, id: `w-${n}` })))
  expect(smsc.submits).toHaveLength(50)
  expect(most).toBe(4)
})

describe('a peer that does not speak SMPP', () => {
  test.each<[string, string]>([
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex')],
    ['a length of zero', '00000000'],
    ['a PDU without end', 'ffffffff'],
    ['a deliver_sm that is cut', '00000011 00000005 00000000 00000001 00'.replaceAll(' ', '')],
  ])('%s: is left, and sought again', async (_, bytes) => {
    const sockets: Socket[] = []
    const { promise: again, resolve } = Promise.withResolvers<void>()
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => {})
      if (sockets.length === 2) resolve()
      socket.end(Buffer.from(bytes, 'hex'))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const sms = connectTo((server.address() as { port: number }).port, { connectMs: 300 })
    expect(await sms.send(MESSAGE)).toMatchObject(UNREACHABLE)
    await again
    for (const socket of sockets) socket.destroy()
  })
})

describe('what the SMSC delivers', () => {
  const receipt = (text: string) => ({
    esm_class: 4,
    source_addr: '358405556666',
    destination_addr: 'Saygraph',
    data_coding: 0,
    short_message: Buffer.from(text),
  })
  const DELIVERED = receipt('id:SMSC-1 sub:001 dlvrd:001 submit date:1 done date:1 stat:DELIVRD err:000 text:Hello')

  async function listening(options: Partial<SmppOptions> = {}) {
    const pair = await both({}, options)
    const events: SmsEvent[] = []
    pair.sms.onEvent((event) => void events.push(event))
    expect(await pair.sms.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    return { ...pair, events }
  }

  test('receipts, late and doubled, each as an event', async () => {
    const { smsc, events } = await listening()
    const delivered = { type: 'delivered', providerId: 'SMSC-1', at: clock.now() }
    expect(await smsc.deliver(DELIVERED)).toBe(0)
    expect(await smsc.deliver(DELIVERED)).toBe(0)
    expect(await smsc.deliver({ ...receipt(''), receipted_message_id: 'SMSC-9', message_state: 3 })).toBe(0)
    expect(await smsc.deliver({ ...receipt('id:SMSC-1 stat:ENROUTE'), esm_class: 4 })).toBe(0)
    expect(await smsc.deliver(receipt('nonsense'))).toBe(0)
    expect(events).toEqual([
      delivered,
      delivered,
      { type: 'failed', providerId: 'SMSC-9', cause: 'expired', at: clock.now() },
    ])
  })

  test('a receipt in message_payload, with an id that only its raw octets tell', async () => {
    const { smsc, events } = await listening()
    const { short_message: message_payload, ...fields } = receipt('id:a_b@c$ stat:DELIVRD')
    expect(await smsc.deliver({ ...fields, message_payload })).toBe(0)
    expect(events).toEqual([{ type: 'delivered', providerId: 'a_b@c$', at: clock.now() }])
  })

  test('ids in other digits', async () => {
    const { smsc, events } = await listening({ receiptIds: 'decimal' })
    await smsc.deliver(receipt('id:6699 stat:DELIVRD'))
    expect(events).toMatchObject([{ providerId: '1A2B' }])
  })

  test('STOP', async () => {
    const { smsc, events } = await listening()
    const stop = {
      esm_class: 0,
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: '358405556666',
      destination_addr: '12345',
      data_coding: 0,
      short_message: Buffer.from('STOP'),
    }
    expect(await smsc.deliver(stop)).toBe(0)
    expect(events).toEqual([{ type: 'inbound', from: '+358405556666', to: '12345', text: 'STOP', at: clock.now() }])
  })

  test('is acknowledged only when it was kept', async () => {
    const TEMPORARY_ERROR = 0x64
    const { smsc, sms } = await both()
    await sms.send(MESSAGE)
    expect(await smsc.deliver(DELIVERED)).toBe(TEMPORARY_ERROR)
    let kept = false
    const end = sms.onEvent(async () => {
      if (!kept) throw new Error('no database')
    })
    expect(await smsc.deliver(DELIVERED)).toBe(TEMPORARY_ERROR)
    kept = true
    expect(await smsc.deliver(DELIVERED)).toBe(0)
    end()
    expect(await smsc.deliver(DELIVERED)).toBe(TEMPORARY_ERROR)
  })

  test('comes also after the session was made anew', async () => {
    const { smsc, events } = await listening()
    smsc.sessions[0]!.socket.destroy()
    await smsc.until(({ binds, sessions }) => binds.length === 2 && sessions.length === 1)
    expect(await smsc.deliver(DELIVERED)).toBe(0)
    expect(events).toHaveLength(1)
  })
})

describe('close', () => {
  test('waits for answers and for what is being kept, then unbinds', async () => {
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
    const { smsc, sms } = await both({
      onSubmit: async () => {
        await mayAnswer
        return { status: 0 }
      },
    })
    const { promise: mayKeep, resolve: keep } = Promise.withResolvers<void>()
    const { promise: heard, resolve: hear } = Promise.withResolvers<void>()
    sms.onEvent(async () => {
      hear()
      await mayKeep
    })
    const sending = sms.send(LONG)
    await smsc.until(({ submits }) => submits.length === 1)
    const delivering = smsc.deliver({ esm_class: 4, short_message: Buffer.from('id:1 stat:DELIVRD') })
    await heard
    const closing = sms.close()
    await expect(sms.send(MESSAGE)).rejects.toThrow('closed')
    expect(smsc.unbinds).toBe(0)
    answer()
    expect(await sending).toMatchObject({ outcome: 'accepted', providerIds: ['SMSC-1', 'SMSC-2', 'SMSC-3'] })
    expect(smsc.unbinds).toBe(0)
    keep()
    expect(await delivering).toBe(0)
    await closing
    expect(smsc.unbinds).toBe(1)
    await smsc.until(({ sessions }) => sessions.length === 0)
    expect(smsc.binds).toHaveLength(1)
  })

  test('lets go at once who waits for a session that is not there', async () => {
    const gone = await testSmsc()
    await gone.close()
    const sms = connectTo(gone.port, { connectMs: 1_000_000, reconnect: { firstMs: 1_000_000, mostMs: 1_000_000 } })
    const sending = sms.send(MESSAGE)
    await sms.close()
    expect(await sending).toMatchObject(UNREACHABLE)
  })

  test('ends an attempt to connect', async () => {
    const server = createServer(() => {})
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const connected = new Promise((done) => server.once('connection', done))
    const sms = connectTo((server.address() as { port: number }).port, { connectMs: 1_000_000 })
    await connected
    await sms.close()
  })

  test('leaves nothing behind that would keep a process alive', async () => {
    const { port } = await testSmsc()
    const script = `
      import { smppSms } from ${JSON.stringify(new URL('./smpp.ts', import.meta.url).href)}
      const sms = smppSms({ host: '127.0.0.1', port: ${port}, systemId: 'us', password: 'secret' },
        { clock: { now: () => new Date() } })
      const { outcome } = await sms.send(${JSON.stringify(MESSAGE)})
      await sms.close()
      process.stdout.write(outcome)`
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 15_000 })
    expect(stdout).toBe('accepted')
  })
})
