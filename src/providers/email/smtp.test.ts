import { execFile } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { promisify } from 'node:util'
import { generate } from 'selfsigned'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../../platform/clock.ts'
import { emailConformance, MESSAGE } from './conformance.ts'
import type { EmailResult } from './email.ts'
import { type SmtpOptions, smtpEmail } from './smtp.ts'
import { type Relay, type RelayOptions, readEmail, smtpError, testRelay } from './test-relay.ts'

const clock = new FakeClock('2026-11-22T10:00:00Z')
const UNREACHABLE = { outcome: 'refused', reason: 'unreachable', retryable: true }
const LARGE = { ...MESSAGE, id: 'large', text: 'A line that is not empty.\n'.repeat(400_000) }

function sendTo(port: number, options: Partial<SmtpOptions> = {}) {
  const email = smtpEmail({ host: '127.0.0.1', port, security: 'off', ...options }, { clock })
  onTestFinished(() => email.close())
  return email
}

async function both(relayOptions: RelayOptions = {}, options: Partial<SmtpOptions> = {}) {
  const relay = await testRelay(relayOptions)
  return { relay, email: sendTo(relay.port, options) }
}

const sentBy = (relay: Relay) => async () =>
  Promise.all(
    relay.received.map(async ({ raw }) => {
      const { from, to, replyTo, subject, text, html } = await readEmail(raw)
      return {
        from: from as { address: string },
        to: to![0] as { address: string },
        ...(replyTo && { replyTo: replyTo[0] as { address: string } }),
        subject: subject!,
        text: text!,
        ...(html !== undefined && { html }),
      }
    }),
  )

emailConformance('smtp', async () => {
  const { relay, email } = await both()
  return { email, sent: sentBy(relay) }
})

let pair: { key: string; cert: string }
beforeAll(async () => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  })
  pair = { key, cert }
})
const trusted = getCACertificates('default')
const trust = () => setDefaultCACertificates([...trusted, pair.cert])
afterEach(() => setDefaultCACertificates(trusted))

describe.each(['starttls', 'tls'] as const)('with security %s', (security) => {
  const secured = (options: Partial<SmtpOptions> = {}) =>
    both({ ...pair, secure: security === 'tls' }, { security, host: 'localhost', ...options })

  test('a known certificate of the host is encrypted to', async () => {
    trust()
    const { relay, email } = await secured()
    expect(await email.verify()).toBeUndefined()
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted', response: '250 2.0.0 queued as 1' })
    expect(relay.received[0]!.session.secure).toBe(true)
    expect((await sentBy(relay)())[0]).toMatchObject({ text: MESSAGE.text })
  })

  test('an unknown certificate is not, whatever the environment says', async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const { relay, email } = await secured()
      expect(await email.send(MESSAGE)).toMatchObject({ ...UNREACHABLE, message: expect.stringMatching(/self-signed/) })
      expect(await email.verify()).toMatch(/self-signed/)
      expect(relay.received).toEqual([])
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
  })

  test('nor one of another name', async () => {
    trust()
    const { relay, email } = await secured({ host: '127.0.0.1' })
    expect(await email.send(MESSAGE)).toMatchObject({ ...UNREACHABLE, message: expect.stringMatching(/altnames|IP/) })
    expect(relay.received).toEqual([])
  })

  test('a relay that does not offer it gets nothing, not even the password', async () => {
    const logins: unknown[] = []
    const { relay, email } = await both(
      { onAuth: (auth, _, done) => done(null, void logins.push(auth) as never) },
      { security, auth: { user: 'u', password: 'p' }, timeoutMs: 1_000 },
    )
    expect(await email.send(MESSAGE)).toMatchObject(UNREACHABLE)
    expect(relay.received).toEqual([])
    expect(logins).toEqual([])
  })
})

test('with security off nothing is encrypted, though it is offered', async () => {
  const { relay, email } = await both({ ...pair })
  expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
  expect(relay.received[0]!.session.secure).toBe(false)
})

describe('logging in', () => {
  const onAuth: RelayOptions['onAuth'] = (auth, _, done) => {
    if (auth.username === 'user' && auth.password === 'pässword') done(null, { user: 'user' })
    else done(smtpError(535, '5.7.8 no such user'))
  }

  test('with the right password', async () => {
    const { relay, email } = await both(
      { onAuth, authOptional: false },
      { auth: { user: 'user', password: 'pässword' } },
    )
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    expect(relay.received[0]!.session.user).toBe('user')
  })

  test('with a wrong one concerns the account, not the message', async () => {
    const { relay, email } = await both({ onAuth, authOptional: false }, { auth: { user: 'user', password: 'wrong' } })
    expect(await email.send(MESSAGE)).toMatchObject({
      outcome: 'refused',
      reason: 'account',
      retryable: true,
      code: 535,
      message: expect.not.stringContaining('wrong'),
    })
    expect(await email.verify()).toMatch(/535/)
    expect(relay.received).toEqual([])
  })

  test('without one where it is needed, or with one where there is no login', async () => {
    const { email } = await both({ onAuth, authOptional: false })
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason: 'account', code: 530 })
    const other = await both({ disabledCommands: ['AUTH', 'STARTTLS'] }, { auth: { user: 'user', password: 'x' } })
    expect(await other.email.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason: 'account' })
  })
})

describe('what the relay answers', () => {
  type Stage = 'MAIL' | 'RCPT' | 'DATA'
  const stages: Stage[] = ['MAIL', 'RCPT', 'DATA']

  /** Answers the first message with this error at this stage, the others with yes. */
  function refusing(stage: Stage, error: Error): RelayOptions {
    let used = false
    const once = () => {
      if (used) return null
      used = true
      return error
    }
    return {
      ...(stage === 'MAIL' && { onMailFrom: (_, __, done) => done(once()) }),
      ...(stage === 'RCPT' && { onRcptTo: (_, __, done) => done(once()) }),
      ...(stage === 'DATA' && {
        judge: () => {
          const refusal = once()
          if (refusal) throw refusal
        },
      }),
    }
  }

  test.each(
    stages.flatMap(
      (stage) =>
        [
          [stage, 450, '4.7.1 greylisted', 'deferred', true],
          [stage, 452, '4.2.2 mailbox full', 'deferred', true],
          [stage, 550, '5.7.1 spam', 'rejected', false],
        ] as const,
    ),
  )('%s: %d %s is a refusal, over a connection that stays good', async (stage, code, text, reason, retryable) => {
    const { relay, email } = await both(refusing(stage, smtpError(code, text)))
    expect(await email.send(MESSAGE)).toEqual({
      outcome: 'refused',
      reason,
      retryable,
      code,
      status: text.slice(0, 5),
      message: expect.stringContaining(text),
    })
    // It was not sent: the same id may try again.
    const received = relay.received.length
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    expect(relay.received).toHaveLength(received + 1)
    expect(relay.sockets).toHaveLength(1)
  })

  test('an unknown recipient is an invalid address', async () => {
    const { email } = await both(refusing('RCPT', smtpError(550, '5.1.1 no such user')))
    expect(await email.send(MESSAGE)).toMatchObject({ reason: 'invalid_address', retryable: false, status: '5.1.1' })
  })

  test('421 ends the connection, not the message', async () => {
    for (const stage of stages) {
      const { email } = await both(refusing(stage, smtpError(421, '4.3.2 shutting down')))
      expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason: 'deferred', code: 421 })
      expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    }
  })

  test('a relay that does not want us at all', async () => {
    const { email } = await both({ onConnect: (_, done) => done(smtpError(554, 'go away')) })
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'refused', reason: 'account', code: 554 })
  })

  test('a message that is larger than it says it takes', async () => {
    const { relay, email } = await both({ size: 1_000_000 })
    expect(await email.send(LARGE)).toMatchObject({ outcome: 'refused', reason: 'invalid_message', retryable: false })
    expect(relay.received).toEqual([])
  })
})

describe('when the connection is lost', () => {
  test.each(['onMailFrom', 'onRcptTo'] as const)('at %s, it can be tried again', async (at) => {
    let relay: Relay | undefined
    let lost = false
    const hangUp: NonNullable<RelayOptions['onMailFrom']> = (_, __, done) => {
      if (lost) return done()
      lost = true
      relay!.sockets.at(-1)!.destroy()
    }
    const pairOf = await both({ [at]: hangUp })
    relay = pairOf.relay
    expect(await pairOf.email.send(MESSAGE)).toMatchObject(UNREACHABLE)
    expect(await pairOf.email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    expect(relay.received).toHaveLength(1)
  })

  test('in the middle of a message, it can be tried again', async () => {
    const { relay, email } = await both({ onFirstOctets: (socket) => socket.destroy() })
    expect(await email.send(LARGE)).toMatchObject(UNREACHABLE)
    expect(relay.received).toEqual([])
  })

  test('after the whole message: unknown, and it is not sent again', async () => {
    const { relay, email } = await both({
      judge: (_, nth, socket) => {
        if (nth === 1) socket.destroy()
      },
    })
    const result = await email.send(MESSAGE)
    expect(result).toMatchObject({ outcome: 'unknown', messageId: '<message-1@say.example>' })
    expect(await email.send(MESSAGE)).toEqual(result)
    expect(relay.received).toHaveLength(1)
    expect(await email.send({ ...MESSAGE, id: 'next' })).toMatchObject({ outcome: 'accepted' })
    expect(relay.received).toHaveLength(2)
  })

  test('after the whole message the relay says nothing: unknown', async () => {
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>()
    const { relay, email } = await both({ judge: () => finished }, { timeoutMs: 200 })
    expect(await email.send(MESSAGE)).toMatchObject({
      outcome: 'unknown',
      message: expect.stringMatching(/[Tt]imeout/),
    })
    finish()
    expect(relay.received).toHaveLength(1)
  })

  test('while it was kept, another one is made, and the message is sent once', async () => {
    const { relay, email } = await both()
    await email.send(MESSAGE)
    const [socket] = relay.sockets
    const gone = new Promise((done) => socket!.once('close', done))
    socket!.destroy()
    await gone
    expect(await email.send({ ...MESSAGE, id: 'second' })).toMatchObject({ outcome: 'accepted' })
    expect(relay.received).toHaveLength(2)
    expect(relay.sockets).toHaveLength(2)
  })

  test('nobody there, no such host', async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    await new Promise((done) => server.close(done))
    expect(await sendTo(port).send(MESSAGE)).toMatchObject({
      ...UNREACHABLE,
      message: expect.stringMatching(/ECONNREFUSED/),
    })
    expect(await sendTo(port, { host: 'does-not-exist.invalid' }).send(MESSAGE)).toMatchObject(UNREACHABLE)
    const { relay, email } = await both({ port })
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    expect(relay.received).toHaveLength(1)
  })
})

/** Answers line by line; `reply` gets each command, or undefined at the greeting. */
async function scripted(reply: (line: string | undefined, socket: Socket) => string | undefined) {
  const lines: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    const answer = (line: string | undefined) => {
      const text = reply(line, socket)
      if (text !== undefined) socket.write(`${text}\r\n`)
    }
    answer(undefined)
    let rest = ''
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString('latin1')).split('\r\n')
      rest = parts.pop()!
      for (const line of parts) {
        lines.push(line)
        answer(line)
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, lines }
}
const yes = (line: string | undefined) => {
  if (line === undefined) return '220 hello'
  if (/^EHLO/.test(line)) return '250 hello'
  if (/^DATA/.test(line)) return '354 go on'
  return /^(MAIL|RCPT|QUIT|RSET|\.$)/.test(line) ? '250 2.0.0 fine' : undefined
}

describe('a relay out of the ordinary', () => {
  test('that greets nobody', async () => {
    const { port } = await scripted(() => undefined)
    expect(await sendTo(port, { timeoutMs: 100 }).send(MESSAGE)).toMatchObject(UNREACHABLE)
  })

  test('that speaks another language', async () => {
    const { port } = await scripted(() => 'SSH-2.0-OpenSSH_9.2')
    expect(await sendTo(port).send(MESSAGE)).toMatchObject({ outcome: 'refused', retryable: true })
  })

  test('that says a little, again and again, before the message and after it', async () => {
    const trickling = (at: RegExp) => {
      const timers: NodeJS.Timeout[] = []
      onTestFinished(() => timers.forEach(clearInterval))
      return scripted((line, socket) => {
        if (line === undefined || !at.test(line)) return yes(line)
        timers.push(setInterval(() => socket.write('250-wait\r\n'), 20))
        return undefined
      })
    }
    const before = await trickling(/^MAIL/)
    expect(await sendTo(before.port, { messageMs: 200 }).send(MESSAGE)).toMatchObject(UNREACHABLE)
    const after = await trickling(/^\.$/)
    expect(await sendTo(after.port, { messageMs: 200 }).send(MESSAGE)).toMatchObject({ outcome: 'unknown' })
  })

  test('that answers the end with what is neither yes nor no', async () => {
    const { port, lines } = await scripted((line) => (line === '.' ? 'what?' : yes(line)))
    expect(await sendTo(port).send(MESSAGE)).toMatchObject({ outcome: 'unknown' })
    expect(lines.filter((line) => line === '.')).toHaveLength(1)
  })

  test('that hangs up after each yes', async () => {
    const { port, lines } = await scripted((line, socket) => {
      if (line !== '.') return yes(line)
      socket.end('250 2.0.0 fine\r\n')
      return undefined
    })
    const email = sendTo(port)
    for (const id of ['a', 'b', 'c'])
      expect(await email.send({ ...MESSAGE, id })).toMatchObject({ outcome: 'accepted' })
    await email.close()
    expect(lines.filter((line) => line === '.')).toHaveLength(3)
  })

  test('that knows no extensions gets none', async () => {
    const { port, lines } = await scripted(yes)
    expect(await sendTo(port).send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
    expect(lines.filter((line) => /^(MAIL|RCPT)/.test(line))).toEqual([
      'MAIL FROM:<hello@say.example>',
      'RCPT TO:<person@example.com>',
    ])
  })
})

test('asks for delivery status notifications, and bounces go to the return path', async () => {
  const { relay, email } = await both({ hideDSN: false } as RelayOptions, { returnPath: 'bounces@say.example' })
  expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted', messageId: '<message-1@say.example>' })
  const [{ envelope, raw }] = relay.received as [Relay['received'][number]]
  expect(envelope).toMatchObject({
    from: 'bounces@say.example',
    to: ['person@example.com'],
    arguments: { RET: 'HDRS', ENVID: 'message-1', NOTIFY: 'FAILURE,DELAY' },
  })
  expect((await readEmail(raw)).from?.address).toBe('hello@say.example')
})

describe('addresses beyond ASCII', () => {
  const PERSON = { address: 'päivi@käsi.example', name: 'Päivi' }

  test('a domain goes anywhere, as Punycode', async () => {
    // smtp-server would show it decoded.
    const { port, lines } = await scripted(yes)
    expect(await sendTo(port).send({ ...MESSAGE, to: { address: 'p@käsi.example' } })).toMatchObject({
      outcome: 'accepted',
    })
    expect(lines).toContain('RCPT TO:<p@xn--ksi-qla.example>')
    expect(lines).toContain('To: p@xn--ksi-qla.example')
  })

  test('a local part to a relay that takes it', async () => {
    const { relay, email } = await both()
    expect(await email.send({ ...MESSAGE, to: PERSON })).toMatchObject({ outcome: 'accepted' })
    const [{ envelope, raw }] = relay.received as [Relay['received'][number]]
    expect(envelope).toMatchObject({ to: ['päivi@käsi.example'], arguments: { SMTPUTF8: true } })
    expect((await readEmail(raw)).to).toEqual([{ name: 'Päivi', address: 'päivi@käsi.example' }])
  })

  test('and not to one that does not', async () => {
    const { relay, email } = await both({ hideSMTPUTF8: true })
    expect(await email.send({ ...MESSAGE, to: PERSON })).toMatchObject({
      outcome: 'refused',
      reason: 'invalid_address',
      retryable: false,
    })
    expect(relay.received).toEqual([])
    expect(await email.send(MESSAGE)).toMatchObject({ outcome: 'accepted' })
  })
})

describe('connections', () => {
  test('are no more than allowed, and are used again', async () => {
    let open = 0
    let most = 0
    const { relay, email } = await both(
      {
        judge: async () => {
          most = Math.max(most, ++open)
          await new Promise((done) => setTimeout(done, 5))
          open--
        },
      },
      { connections: 3 },
    )
    const results = await Promise.all(Array.from({ length: 30 }, (_, n) => email.send({ ...MESSAGE, id: `c-${n}` })))
    expect(results.map(({ outcome }: EmailResult) => outcome)).toEqual(Array(30).fill('accepted'))
    expect(most).toBe(3)
    expect(relay.sockets).toHaveLength(3)
  })

  test('are given up when idle', async () => {
    const { relay, email } = await both({}, { idleMs: 20 })
    await email.send(MESSAGE)
    const [socket] = relay.sockets
    await new Promise<void>((done) => (socket!.destroyed ? done() : socket!.once('close', () => done())))
    expect(await email.send({ ...MESSAGE, id: 'second' })).toMatchObject({ outcome: 'accepted' })
    expect(relay.sockets).toHaveLength(2)
  })
})

describe('close', () => {
  test('waits for the answer that is due, says goodbye, and hangs up', async () => {
    const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const { relay, email } = await both({
      judge: () => {
        arrive()
        return mayAnswer
      },
    })
    const sending = email.send(MESSAGE)
    await arrived
    const closing = email.close()
    await expect(email.send({ ...MESSAGE, id: 'late' })).rejects.toThrow('closed')
    expect(relay.sockets[0]!.destroyed).toBe(false)
    answer()
    await closing
    expect(await sending).toMatchObject({ outcome: 'accepted' })
    const [socket] = relay.sockets
    await new Promise<void>((done) => (socket!.destroyed ? done() : socket!.once('close', () => done())))
  })

  test('leaves nothing behind that would keep a process alive', async () => {
    const { port } = await testRelay()
    const script = `
      import { smtpEmail } from ${JSON.stringify(new URL('./smtp.ts', import.meta.url).href)}
      const email = smtpEmail({ host: '127.0.0.1', port: ${port}, security: 'off' }, { clock: { now: () => new Date() } })
      const { outcome } = await email.send(${JSON.stringify(MESSAGE)})
      await email.close()
      process.stdout.write(outcome)`
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 15_000 })
    expect(stdout).toBe('accepted')
  })
})
