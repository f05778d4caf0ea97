import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import PostalMime, { decodeWords } from 'postal-mime'
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server'
import { onTestFinished } from 'vitest'

export interface Received {
  envelope: { from: string; to: string[]; arguments: Record<string, unknown> }
  raw: Buffer
  session: SMTPServerSession
}

export interface Relay {
  port: number
  /** What was received whole, whether or not the relay then said yes. */
  received: Received[]
  /** Every connection there ever was, by its socket. */
  sockets: Socket[]
}

/** An error that the relay answers with. */
export const smtpError = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

export interface RelayOptions extends Omit<SMTPServerOptions, 'onData'> {
  /** After the message was received, before it is answered: throws an `smtpError`, or hangs up by the socket. */
  judge?: (message: Received, nth: number, socket: Socket) => void | Promise<void>
  /** Instead: what to do when the first octets of the message come. */
  onFirstOctets?: (socket: Socket) => void
  port?: number
}

/** A real SMTP server on 127.0.0.1, which takes anything from anybody unless told otherwise. Gone with the test. */
export async function testRelay({ judge, onFirstOctets, port, ...options }: RelayOptions = {}): Promise<Relay> {
  const sockets: Socket[] = []
  const bySession = (session: SMTPServerSession) => sockets.find(({ remotePort }) => remotePort === session.remotePort)!
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    hideSMTPUTF8: false,
    disabledCommands: options.key || options.secure ? [] : ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
    closeTimeout: 100,
    ...options,
    async onData(stream, session, done) {
      if (onFirstOctets) {
        stream.once('data', () => onFirstOctets(bySession(session)))
        return
      }
      const { mailFrom, rcptTo } = session.envelope
      const raw = await buffer(stream)
      const from = mailFrom ? mailFrom.address : ''
      const envelope = {
        from,
        to: rcptTo.map(({ address }) => address),
        arguments: {
          ...(mailFrom ? mailFrom.args : {}),
          ...rcptTo[0]?.args,
          dsn: (session.envelope as { dsn?: unknown }).dsn,
        },
      }
      const message = { envelope, raw, session }
      relay.received.push(message)
      try {
        await judge?.(message, relay.received.length, bySession(session))
        done(null, `2.0.0 queued as ${relay.received.length}`)
      } catch (error) {
        done(error as Error)
      }
    },
  })
  server.on('error', () => {})
  server.server.on('connection', (socket: Socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((done) => server.listen(port ?? 0, '127.0.0.1', done))
  onTestFinished(async () => {
    // Below a TLS socket whose handshake was broken off, a destroyed socket takes Node 24 down with it (SIGSEGV).
    if (!options.key) for (const socket of sockets) socket.destroy()
    await new Promise<void>((done) => server.close(done))
  })
  const relay: Relay = { port: (server.server.address() as AddressInfo).port, received: [], sockets }
  return relay
}

/** What a mail program sees in a message. */
export async function readEmail(raw: Buffer) {
  const { from, to, replyTo, subject, text, html, messageId, date, headers, attachments } = await PostalMime.parse(raw)
  const body = (content: string | undefined) => content?.replaceAll('\r\n', '\n').replace(/\n$/, '')
  return {
    from,
    to,
    replyTo,
    subject,
    text: body(text),
    html: body(html),
    messageId,
    date,
    headers: Object.fromEntries(headers.map(({ key, value }) => [key, decodeWords(value)])),
    /** Every field's name, in order and as often as it is there. */
    names: headers.map(({ key }) => key),
    attachments,
  }
}
