import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeGsm7 } from './gsm7.ts'
import { type Delivered, eventOf, type ReceiptIds } from './smpp-deliver.ts'

const at = new Date('2026-11-22T10:00:00Z')
const RECEIPT = { esm_class: 4, data_coding: 0, source_addr: '358405556666', destination_addr: '12345' }
const read = (pdu: Delivered, text: string | Buffer = '', receiptIds?: ReceiptIds) =>
  eventOf(pdu, Buffer.from(text as string), { at, receiptIds })

describe('receipts as text', () => {
  const delivered = (providerId: string) => ({ type: 'delivered', providerId, at })
  test.each<[string, object | string | undefined]>([
    [
      'id:0123456789 sub:001 dlvrd:001 submit date:2611220959 done date:2611221000 stat:DELIVRD err:000 text:Hello',
      delivered('0123456789'),
    ],
    ['id:a_b-c{1} sub:001 dlvrd:001 stat:DELIVRD err:0', delivered('a_b-c{1}')],
    ['id:7c2d:9 stat:DELIVRD', delivered('7c2d:9')],
    ['ID:X1 SUB:1 DLVRD:1 SUBMIT DATE:1 DONE DATE:1 STAT:delivrd ERR:0 TEXT:', delivered('X1')],
    ['id: 55 stat: DELIVRD', delivered('55')],
    [
      'id:9 sub:001 dlvrd:000 stat:UNDELIV err:034 text:stat:DELIVRD id:8',
      { type: 'failed', providerId: '9', cause: 'undeliverable', code: '034', at },
    ],
    ['id:9 stat:EXPIRED', { type: 'failed', providerId: '9', cause: 'expired', at }],
    ['id:9 stat:REJECTD err:1', { type: 'failed', providerId: '9', cause: 'rejected', code: '1', at }],
    ['id:9 stat:DELETED', { type: 'failed', providerId: '9', cause: 'deleted', at }],
    ['id:9 stat:UNKNOWN', { type: 'failed', providerId: '9', cause: 'unknown', at }],
    ['id:9 stat:ACCEPTD', 'pending'],
    ['id:9 stat:ENROUTE', 'pending'],
    ['id:9 stat:BOGUS', undefined],
    ['stat:DELIVRD', undefined],
    ['text:id:9 stat:DELIVRD', undefined],
    ['', undefined],
  ])('%s', (text, event) => {
    expect(read(RECEIPT, text)).toEqual(event)
  })
})

describe('receipts as TLVs', () => {
  test('say it without any text, marked or not', () => {
    for (const esm_class of [4, 0]) {
      const pdu = { ...RECEIPT, esm_class, receipted_message_id: 'A9', message_state: 2 }
      expect(read(pdu)).toEqual({ type: 'delivered', providerId: 'A9', at })
    }
  })

  test('win over the text, whose code they lack', () => {
    const pdu = { ...RECEIPT, receipted_message_id: 'A9', message_state: 5 }
    expect(read(pdu, 'id:B stat:DELIVRD err:12')).toEqual({
      type: 'failed',
      providerId: 'A9',
      cause: 'undeliverable',
      code: '12',
      at,
    })
  })

  test.each([
    [1, 'pending'],
    [3, { type: 'failed', cause: 'expired' }],
    [4, { type: 'failed', cause: 'deleted' }],
    [6, 'pending'],
    [7, { type: 'failed', cause: 'unknown' }],
    [8, { type: 'failed', cause: 'rejected' }],
    [99, undefined],
  ])('state %d', (message_state, event) => {
    const found = read({ ...RECEIPT, receipted_message_id: 'A9', message_state })
    if (typeof event === 'object') expect(found).toMatchObject(event)
    else expect(found).toBe(event)
  })
})

test.each<[ReceiptIds, string, string]>([
  ['same', '1A2B', '1A2B'],
  ['decimal', '6699', '1A2B'],
  ['decimal', 'x6699', 'x6699'],
  ['decimal', '340282366920938463463374607431768211455', 'F'.repeat(32)],
  ['hexadecimal', '1a2B', '6699'],
  ['hexadecimal', 'zz', 'zz'],
])('ids in receipts, %s: %s is %s', (receiptIds, written, id) => {
  expect(read(RECEIPT, `id:${written} stat:DELIVRD`, receiptIds)).toMatchObject({ providerId: id })
})

test('notifications on the way and acknowledgements of phones are no receipts', () => {
  for (const esm_class of [0x20, 0x08, 0x10, 0x18]) {
    expect(read({ ...RECEIPT, esm_class }, 'id:9 stat:DELIVRD')).toBe('pending')
  }
})

describe('messages of people', () => {
  const PERSON = { esm_class: 0, source_addr: '358405556666', source_addr_ton: 1, destination_addr: '12345' }
  const heard = (pdu: Delivered, octets: Buffer) => read({ ...PERSON, ...pdu }, octets)

  test('cannot forge a receipt', () => {
    const text = 'id:SMSC-1 sub:001 dlvrd:001 stat:DELIVRD err:000'
    expect(heard({ data_coding: 0 }, encodeGsm7(text))).toEqual({
      type: 'inbound',
      from: '+358405556666',
      to: '12345',
      text,
      at,
    })
  })

  test.each<[number, Buffer, string]>([
    [0, encodeGsm7('STOP @_$ {€}'), 'STOP @_$ {€}'],
    [1, Buffer.from('a@_$'), 'a@_$'],
    [3, Buffer.from('Sää', 'latin1'), 'Sää'],
    [8, Buffer.from('😀 ж', 'utf16le').swap16(), '😀 ж'],
    [8, Buffer.from([0x04, 0x36, 0x04]), 'ж'],
    [8, Buffer.from([0xd8, 0x3d]), '\ufffd'],
    [0xf0, encodeGsm7('@'), '@'],
    [0xf5, Buffer.from('@'), '@'],
  ])('in data coding %d', (data_coding, octets, text) => {
    expect(heard({ data_coding }, octets)).toMatchObject({ text })
  })

  test.each<[Delivered, string, string]>([
    [{ source_addr: '358405556666', source_addr_ton: 0 }, '+358405556666', '12345'],
    [{ source_addr: '+358405556666', source_addr_ton: 0 }, '+358405556666', '12345'],
    [{ source_addr: '0405556666', source_addr_ton: 2 }, '0405556666', '12345'],
    [{ source_addr: 'Saygraph', source_addr_ton: 5 }, 'Saygraph', '12345'],
    [{ destination_addr: '358401112222', dest_addr_ton: 1 }, '+358405556666', '+358401112222'],
    [{ destination_addr: '12345', dest_addr_ton: 3 }, '+358405556666', '12345'],
  ])('with the addresses %j', (addresses, from, to) => {
    expect(heard(addresses, encodeGsm7('x'))).toMatchObject({ from, to })
  })

  test.each<[string, number[], object]>([
    ['8 bits', [5, 0, 3, 200, 3, 2], { reference: 200, number: 2, total: 3 }],
    ['16 bits', [6, 8, 4, 1, 2, 3, 1], { reference: 258, number: 1, total: 3 }],
    ['8 bits after another element', [9, 0x24, 1, 1, 0, 3, 7, 2, 1, 0x77], { reference: 7, number: 1, total: 2 }],
  ])('in parts, with a reference of %s', (_, header, part) => {
    const octets = Buffer.concat([Buffer.from(header), encodeGsm7('part')])
    expect(heard({ esm_class: 0x40, data_coding: 0 }, octets)).toMatchObject({ text: 'part', part })
  })

  test('with a header about other things, or a broken one', () => {
    for (const header of [[4, 5, 2, 1, 1], [0], [3, 0, 1, 9], [2, 0, 200]]) {
      const octets = Buffer.concat([Buffer.from(header), encodeGsm7('x')])
      const event = heard({ esm_class: 0x40, data_coding: 0 }, octets)
      expect(event).toMatchObject({ type: 'inbound', text: 'x' })
      expect(event).not.toHaveProperty('part')
    }
  })
})

test('no message, however broken, throws', () => {
  const octet = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), octet, octet, (octets, esm_class, data_coding) => {
      const event = read({ ...RECEIPT, esm_class, data_coding }, Buffer.from(octets))
      if (typeof event === 'object' && event.type === 'inbound') expect(event.text.isWellFormed()).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})
