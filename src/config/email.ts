import { resolve } from 'node:path'
import { z } from 'zod'
import { flag, hostAndPort, hostUrl, integer, type Settings } from './kinds.ts'

export const emailSettings = {
  EMAIL: z.enum(['outbox', 'smtp'], 'must be outbox or smtp').default('outbox'),
  EMAIL_DIR: z.string().optional(),
  SMTP_URL: hostUrl(['smtp', 'smtps']).optional(),
  SMTP_STARTTLS: flag.default(true),
  SMTP_USER: z.string().optional(),
  SMTP_PASSWORD: z.string().optional(),
  SMTP_RETURN_PATH: z
    .string()
    .regex(/^[^\s@<>]+@[^\s@<>]+$/, 'must be an e-mail address')
    .optional(),
  SMTP_CONNECTIONS: integer(1, 100).default(5),
  SMTP_TIMEOUT: integer(1, 600).default(30),
  SMTP_VERIFY: flag.default(false),
}

export const emailNeeds = { 'EMAIL=smtp': ['SMTP_URL'] } as const

/** Either needs the other. */
export const emailPairs = [['SMTP_USER', 'SMTP_PASSWORD']] as const

export type EmailConfig =
  | { adapter: 'outbox'; folder: string }
  | {
      adapter: 'smtp'
      host: string
      port: number
      security: 'starttls' | 'tls' | 'off'
      auth: { user: string; password: string } | undefined
      returnPath: string | undefined
      connections: number
      /** For each silence of the relay. */
      timeoutMs: number
      verifyAtStart: boolean
    }

export function emailOf(e: Settings<typeof emailSettings>, dataFolder: string): EmailConfig {
  if (e.EMAIL === 'outbox') {
    return { adapter: 'outbox', folder: e.EMAIL_DIR ? resolve(e.EMAIL_DIR) : resolve(dataFolder, 'email') }
  }
  const { scheme, host, port } = hostAndPort(e.SMTP_URL ?? '', { smtp: 587, smtps: 465 })
  return {
    adapter: 'smtp',
    host,
    port,
    security: scheme === 'smtps' ? 'tls' : e.SMTP_STARTTLS ? 'starttls' : 'off',
    auth: e.SMTP_USER && e.SMTP_PASSWORD ? { user: e.SMTP_USER, password: e.SMTP_PASSWORD } : undefined,
    returnPath: e.SMTP_RETURN_PATH,
    connections: e.SMTP_CONNECTIONS,
    timeoutMs: e.SMTP_TIMEOUT * 1_000,
    verifyAtStart: e.SMTP_VERIFY,
  }
}
