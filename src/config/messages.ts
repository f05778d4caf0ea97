import { z } from 'zod'
import { printable, type Settings } from './kinds.ts'

/** `Name <address>` or an address alone. */
const mailbox = z.string().transform((text, context): { address: string; name?: string } => {
  const [, name, named, alone] =
    text.match(/^(?:([^<>\p{Cc}]+?)\s*<([^\s@<>]+@[^\s@<>]+)>|([^\s@<>]+@[^\s@<>]+))$/u) ?? []
  const address = named ?? alone
  if (address) return { address, ...(name && { name: name.replace(/^"(.*)"$/, '$1') }) }
  context.addIssue('must be an e-mail address, or a name and one such as Saygraph <hello@example.com>')
  return z.NEVER
})

const smsSender = z
  .string()
  .regex(
    /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9._&-](?:[A-Za-z0-9 ._&-]{0,9}[A-Za-z0-9._&-])?)$/,
    'must be a number such as +358401234567, a short code, or a name of up to 11 letters and digits',
  )

export const messageSettings = {
  SMS_FROM: smsSender.default('Saygraph'),
  EMAIL_FROM: mailbox.optional(),
  PROVIDER_SECRET: printable.min(16, 'must have at least 16 characters').optional(),
}

export interface MessageConfig {
  /** Of SMS whose campaign names no sender. */
  smsFrom: string
  /** The same of e-mail; absent: `noreply` at the host of the public address. */
  emailFrom: { address: string; name?: string } | undefined
  /** What providers must show who call us back; absent: none can. */
  providerSecret: string | undefined
}

export function messagesOf(e: Settings<typeof messageSettings>): MessageConfig {
  return { smsFrom: e.SMS_FROM, emailFrom: e.EMAIL_FROM, providerSecret: e.PROVIDER_SECRET }
}
