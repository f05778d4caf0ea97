import MailComposer from 'nodemailer/lib/mail-composer'
import { encodeWord } from 'nodemailer/lib/mime-funcs'
import { asciiDomain, type Email, type Mailbox, messageIdOf } from './email.ts'

/** Of an encoded word (RFC 2047, 2: 75 characters with all around it). */
const WORD = 52

/** The message as it goes over the wire (RFC 5322, MIME), dated `date`, with CRLF. `email` must be checked. */
export function composeEmail(email: Email, date: Date): Promise<Buffer> {
  const { from, to, replyTo, subject, text, html, listUnsubscribe, headers = {} } = email
  const composer = new MailComposer({
    messageId: messageIdOf(email),
    date,
    from: mailbox(from),
    to: mailbox(to),
    ...(replyTo && { replyTo: mailbox(replyTo) }),
    // Quoted or encoded whole: "format=flowed" would take trailing spaces for its own.
    text: { content: text, contentTransferEncoding: transferEncoding(text) },
    ...(html !== undefined && { html: { content: html, contentTransferEncoding: transferEncoding(html) } }),
    headers: {
      subject: unstructured(subject),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, unstructured(value)])),
      ...(listUnsubscribe && unsubscribeHeaders(listUnsubscribe)),
    },
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  } as ConstructorParameters<typeof MailComposer>[0])
  return composer.compile().build()
}

function mailbox({ address, name }: Mailbox): { address: string; name: string } {
  return { address: asciiDomain(address)!, name: name ?? '' }
}

/** What only looks encoded must be encoded too, or it would be read as what it is not. */
function unstructured(text: string): string | { prepared: true; foldLines: true; value: string } {
  return text.includes('=?') ? { prepared: true, foldLines: true, value: encodeWord(text, 'B', WORD) } : text
}

/** Base64 where quoting would be longer. */
function transferEncoding(text: string): 'quoted-printable' | 'base64' {
  const quoted = text.match(/[^\x20-\x7e\r\n\t]|=/g)?.length ?? 0
  return quoted > text.length / 6 ? 'base64' : 'quoted-printable'
}

function unsubscribeHeaders({ url, mailto }: { url: string; mailto?: string }): Record<string, string> {
  return {
    'List-Unsubscribe': [url, mailto]
      .filter((each) => each !== undefined)
      .map((each) => `<${each}>`)
      .join(', '),
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  }
}
