/** What is used of the library `smpp`, which has no types. */
declare module 'smpp' {
  import type { Server, Socket } from 'node:net'

  export interface Pdu {
    /** Such as `submit_sm`; `unknown` for a command that the library does not have. */
    command: string
    command_status: number
    sequence_number: number
    /** Parameters and TLVs by their names in the specification. */
    [field: string]: unknown
    isResponse(): boolean
    /** The answer to this PDU, with its sequence number. */
    response(fields?: Record<string, unknown>): Pdu
    toBuffer(): Buffer
  }

  export interface Session {
    socket: Socket
    on(event: 'pdu', listener: (pdu: Pdu) => void): this
    on(event: 'error', listener: (error: Error) => void): this
    on(event: 'close', listener: () => void): this
    send(pdu: Pdu, onResponse?: (response: Pdu) => void): boolean
  }

  interface Smpp {
    PDU: {
      /** Makes a PDU from its name and parameters, or reads one. Reading throws for what is cut or too long. */
      new (command: string, fields?: Record<string, unknown>): Pdu
      new (frame: Buffer): Pdu
      maxLength: number
    }
    /** The mandatory parameters of each command, in their order. */
    commands: Record<
      string,
      { params?: Record<string, { type: { read(frame: Buffer, at: number): unknown; size(value: unknown): number } }> }
    >
    createServer(options: { key?: string; cert?: string }, listener: (session: Session) => void): Server
  }

  const smpp: Smpp
  export default smpp
}
