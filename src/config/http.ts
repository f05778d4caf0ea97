import { z } from 'zod'
import { type ProxyRule, parseProxies } from '../platform/proxies.ts'
import { integer, partsOf, type Settings, serverUrl } from './kinds.ts'

const origin = z
  .string()
  .refine(
    (text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text),
    'must be `*` or an origin such as https://app.example.com',
  )

const proxies = z.string().transform((text, context): ProxyRule | null => {
  const rule = parseProxies(text)
  if (rule !== undefined) return rule
  context.addIssue(
    'must be on, off, a number of proxies from 1 to 9, or IP addresses and ranges such as 10.0.0.0/8, separated by commas',
  )
  return z.NEVER
})

export const httpSettings = {
  PORT: integer(0, 65_535).default(4000),
  HOST: z.string().default('127.0.0.1'),
  PUBLIC_URL: serverUrl.optional(),
  LINK_ADDRESSES: z.enum(['path', 'subdomain'], 'must be path or subdomain').default('path'),
  TRUST_PROXY: proxies.default(null),
  CORS_ORIGINS: z.string().transform(partsOf).pipe(z.array(origin)).default([]),
  MAX_BODY_KB: integer(16, 102_400).default(1_024),
  SHUTDOWN_SECONDS: integer(1, 600).default(10),
}

export interface HttpConfig {
  port: number
  host: string
  /** The address that people and clients use; absent: that of the port. */
  publicUrl: URL | undefined
  linkAddresses: 'path' | 'subdomain'
  /** Whose `X-Forwarded-*` are believed; null: nobody's. */
  proxies: ProxyRule | null
  corsOrigins: readonly string[]
  maxBodyBytes: number
  shutdownMs: number
}

export function httpOf(e: Settings<typeof httpSettings>): HttpConfig {
  return {
    port: e.PORT,
    host: e.HOST,
    publicUrl: e.PUBLIC_URL ? new URL(e.PUBLIC_URL) : undefined,
    linkAddresses: e.LINK_ADDRESSES,
    proxies: e.TRUST_PROXY,
    corsOrigins: e.CORS_ORIGINS,
    maxBodyBytes: e.MAX_BODY_KB * 1_024,
    shutdownMs: e.SHUTDOWN_SECONDS * 1_000,
  }
}
