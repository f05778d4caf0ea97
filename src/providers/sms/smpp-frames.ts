import smpp, { type Pdu } from 'smpp'

const HEADER = 16
const TLV_HEADER = 4
const MESSAGE_PAYLOAD = 0x0424

/** Cuts a stream of octets into PDUs. Throws when it cannot be one any longer. */
export function frameReader(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0)
      if (length < HEADER || length > smpp.PDU.maxLength) throw new Error(`a PDU of ${length} octets`)
      if (rest.length < length) return
      const frame = rest.subarray(0, length)
      rest = rest.subarray(length)
      onFrame(frame)
    }
  }
}

export function encodePdu(command: string, fields: Record<string, unknown>): Buffer {
  return new smpp.PDU(command, fields).toBuffer()
}

/** Reads a PDU. Throws for one that is cut. */
export function decodePdu(frame: Buffer): Pdu {
  return new smpp.PDU(frame)
}

/**
 * The message of a `deliver_sm` or `data_sm` as it came: `short_message`, else the TLV `message_payload`. The library
 * decodes it at once, and by one alphabet for what networks write in several.
 */
export function messageOctets(frame: Buffer, command: string): Buffer {
  let at = HEADER
  for (const [name, { type }] of Object.entries(smpp.commands[command]?.params ?? {})) {
    const value = type.read(frame, at)
    if (name === 'short_message') {
      const octets = value as Buffer
      if (octets.length > 0) return octets
    }
    at += type.size(value)
  }
  while (at + TLV_HEADER <= frame.length) {
    const length = frame.readUInt16BE(at + 2)
    at += TLV_HEADER
    if (frame.readUInt16BE(at - TLV_HEADER) === MESSAGE_PAYLOAD) return frame.subarray(at, at + length)
    at += length
  }
  return Buffer.alloc(0)
}
