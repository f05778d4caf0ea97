import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBounce } from './bounce.ts'

const crlf = (text: string) => text.trimStart().replaceAll('\n', '\r\n')

const POSTFIX = crlf(`
Return-Path: <>
Received: by mx.example.net (Postfix) id 4C1B22A1; Sun, 22 Nov 2026 10:00:01 +0000 (UTC)
Date: Sun, 22 Nov 2026 10:00:01 +0000 (UTC)
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@say.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4C1B22A1.1763805601/mx.example.net"
Content-Transfer-Encoding: 8bit
Message-Id: <20261122100001.4C1B22A1@mx.example.net>

This is a MIME-encapsulated message.

--4C1B22A1.1763805601/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

                   The mail system

<nobody+42@example.com>: host mail.example.com[192.0.2.7] said: 550 5.1.1
    <nobody+42@example.com>: Recipient address rejected: User unknown (in reply to
    RCPT TO command)

--4C1B22A1.1763805601/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4C1B22A1
X-Postfix-Sender: rfc822; bounces@say.example
Original-Envelope-Id: m-17
Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; nobody+42@example.com
Original-Recipient: rfc822;nobody+2B42@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <nobody+42@example.com>: Recipient address
    rejected: User unknown

--4C1B22A1.1763805601/mx.example.net
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <bounces@say.example>
Message-ID: <m-17@say.example>
From: Saygraph <hello@say.example>
To: nobody+42@example.com
Subject: =?UTF-8?Q?P=C3=A4iv=C3=A4=C3=A4?=

--4C1B22A1.1763805601/mx.example.net--
`)

test('Postfix: an unknown user', () => {
  expect(parseBounce(POSTFIX)).toEqual({
    kind: 'delivery-status',
    recipients: [
      {
        recipient: 'nobody+42@example.com',
        originalRecipient: 'nobody+42@example.com',
        action: 'failed',
        status: '5.1.1',
        diagnostic: '550 5.1.1 <nobody+42@example.com>: Recipient address rejected: User unknown',
      },
    ],
    messageId: '<m-17@say.example>',
    envelopeId: 'm-17',
  })
  // As octets, and with bare line feeds, as some stores hand it out.
  expect(parseBounce(Buffer.from(POSTFIX))).toEqual(parseBounce(POSTFIX))
  expect(parseBounce(POSTFIX.replaceAll('\r\n', '\n'))).toEqual(parseBounce(POSTFIX))
})

test('Exchange: base64 status, a whole message back, a boundary with quotes and a delay', () => {
  const status = `Reporting-MTA: dns;HE1PR01.outlook.example\r\nReceived-From-MTA: dns;mx\r\n\r\nFinal-recipient: RFC822;full@example.org\r\nAction: delayed\r\nStatus: 4.4.7\r\nDiagnostic-code: smtp;400 4.4.7 Message delayed\r\nWill-Retry-Until: Mon, 23 Nov 2026 10:00:00 +0000\r\n`
  const report = crlf(`
From: postmaster@outlook.example
Content-Type: multipart/report; boundary="_000_\\"x\\"_"; report-type=delivery-status
MIME-Version: 1.0

--_000_"x"_
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

Delivery is delayed to these recipients=
: full@example.org
--inner
Content-Type: text/html

<p>Final-Recipient: rfc822; wrong@example.org</p>
--inner--

--_000_"x"_
Content-Type: message/delivery-status
Content-Transfer-Encoding: base64

${Buffer.from(status).toString('base64').replace(/.{76}/g, '$&\n')}

--_000_"x"_
Content-Type: message/rfc822

Received: from a by b
Message-ID:
 <m-18@say.example>
To: full@example.org
Subject: Hello

Message-ID: <not-this@one>

--_000_"x"_--
`)
  expect(parseBounce(report)).toEqual({
    kind: 'delivery-status',
    recipients: [
      { recipient: 'full@example.org', action: 'delayed', status: '4.4.7', diagnostic: '400 4.4.7 Message delayed' },
    ],
    messageId: '<m-18@say.example>',
  })
})

test('several recipients, comments in values, no group about the message, no copy', () => {
  const report = crlf(`
Content-Type: multipart/report; boundary=b

--b
Content-Type: message/delivery-status

Final-Recipient: <one@example.com>
Action: Failed (permanently)
Status: 5.2.2 (mailbox full)

Original-Recipient: rfc822;two@example.com
Action: delivered
Status: 2.0.0

Final-Recipient: rfc822;three@example.com
Action: relayed

Final-Recipient: rfc822;four@example.com
Action: exploded
Status: 5.0.0

Final-Recipient: LOCAL; nobody
Action: failed
Status: 5.1.1
--b--
`)
  expect(parseBounce(report)).toEqual({
    kind: 'delivery-status',
    recipients: [
      { recipient: 'one@example.com', action: 'failed', status: '5.2.2' },
      { recipient: 'two@example.com', originalRecipient: 'two@example.com', action: 'delivered', status: '2.0.0' },
      { recipient: 'three@example.com', action: 'relayed', status: '2.0.0' },
    ],
  })
})

test('addresses beyond ASCII (RFC 6533), and a diagnostic in UTF-8', () => {
  const report = crlf(`
Content-Type: multipart/report; report-type=global-delivery-status; boundary=b

--b
Content-Type: message/global-delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: utf-8; p\\x{E4}ivi@xn--yt-xia.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 Käyttäjää ei ole

Final-Recipient: utf-8; 用户@example.com
Action: failed
Status: 5.1.1
--b
Content-Type: message/global-headers

Message-ID: <m-19@say.example>
--b--
`)
  expect(parseBounce(report)).toMatchObject({
    recipients: [
      { recipient: 'päivi@xn--yt-xia.example', diagnostic: '550 5.1.1 Käyttäjää ei ole' },
      { recipient: '用户@example.com' },
    ],
    messageId: '<m-19@say.example>',
  })
})

const ARF = crlf(`
From: <abusedesk@example.com>
Subject: FW: Earn money
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP 192.0.2.1.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <bounces@say.example>
Original-Rcpt-To: <user@example.com>
Original-Rcpt-To: other@example.com
Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0000
Original-Envelope-Id: m-20
Reported-Domain: say.example

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <hello@say.example>
To: Päivi <user@example.com>
Subject: Earn money
Message-ID: <m-20@say.example>

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
`)

describe('complaints', () => {
  test('name their recipients', () => {
    expect(parseBounce(ARF)).toEqual({
      kind: 'complaint',
      feedbackType: 'abuse',
      recipients: ['user@example.com', 'other@example.com'],
      messageId: '<m-20@say.example>',
      envelopeId: 'm-20',
    })
  })

  test('or only the message that they are about', () => {
    const report = parseBounce(ARF.replace(/Original-Rcpt-To:.*\r\n/g, ''))
    expect(report?.recipients).toEqual(['user@example.com'])
  })
})

test.each([
  ['nothing', ''],
  [
    'an answer of a person',
    'From: a@example.com\r\nSubject: Re: Hello\r\n\r\nFinal-Recipient: rfc822; x@example.com\r\n',
  ],
  [
    'an absence',
    'Auto-Submitted: auto-replied\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nI am away\r\n--b--\r\n',
  ],
  ['a report without recipients', POSTFIX.replace(/^(Final|Original)-Recipient.*\r\n/gm, '')],
  ['a multipart without boundary', POSTFIX.replace(/;\r\n\tboundary=.*/, '')],
  ['a complaint of no type', ARF.replace(/^Feedback-Type.*\r\n/m, '')],
])('%s is no bounce', (_, raw) => {
  expect(parseBounce(raw)).toBeUndefined()
})

describe('nothing throws or lasts', () => {
  test('whatever is cut out or put in', () => {
    const mangled = fc
      .tuple(fc.constantFrom(POSTFIX, ARF), fc.nat(), fc.nat(), fc.string({ unit: 'binary', maxLength: 50 }))
      .map(([raw, from, length, put]) => {
        const at = from % raw.length
        return raw.slice(0, at) + put + raw.slice(at + (length % (raw.length - at)))
      })
    fc.assert(
      fc.property(mangled, (raw) => {
        const report = parseBounce(raw)
        if (!report) return
        // What is told can be stored and shown: no control characters, nothing endless.
        for (const value of JSON.stringify(report).match(/"(?:[^"\\]|\\.)*"/g)!) {
          expect(JSON.parse(value)).not.toMatch(/\p{Cc}/u)
          expect(value.length).toBeLessThan(3_100)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('multiparts in multiparts without end, and thousands of parts', () => {
    const nested = Array.from(
      { length: 5_000 },
      (_, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
    )
    expect(parseBounce(nested.join(''))).toBeUndefined()
    const same = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'
    expect(parseBounce(same.repeat(20_000))).toBeUndefined()
    expect(
      parseBounce(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n'.repeat(300_000)}`),
    ).toBeUndefined()
  })
})
