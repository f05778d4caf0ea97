import type { IncomingMessage } from 'node:http'
import { type AddressInfo, createServer, isIP } from 'node:net'
import type { Config } from './config/index.ts'
import type { OwnAddresses } from './domains/messaging/index.ts'

/** How the public page of a link is reached. */
export function linkAddresses(config: Config, publicUrl: URL) {
  return (workspaceSlug: string, linkSlug: string, query: Record<string, string> = {}): string => {
    const url =
      config.http.linkAddresses === 'subdomain'
        ? new URL(`/i/${linkSlug}`, `${publicUrl.protocol}//${workspaceSlug}.${publicUrl.host}`)
        : new URL(`/w/${workspaceSlug}/i/${linkSlug}`, publicUrl)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url.href
  }
}

/** Who sends messages whose campaign names nobody. */
export function ownSenders({ messages: { smsFrom, emailFrom } }: Config, publicUrl: URL) {
  return { sms: smsFrom, email: emailFrom ?? noReply(publicUrl) }
}

/** By what the server reaches people where a campaign does not say. */
export function ownAddresses(config: Config, publicUrl: URL): OwnAddresses {
  const { sms, email } = ownSenders(config, publicUrl)
  const { telephony } = config
  const call = telephony.adapter === 'asterisk' ? telephony.callerId : undefined
  return { sms, email: email.address, call: call ?? 'SAYGRAPH' }
}

/** Mail from an IP address is none. */
function noReply({ hostname }: URL): { address: string; name?: string } {
  const host = isIP(hostname.replace(/^\[|\]$/g, '')) ? 'localhost' : hostname
  return { address: `noreply@${host}` }
}

/** Pages of the server itself always, others as configured. */
export function originRule({ http: { corsOrigins } }: Config, publicUrl: URL) {
  const allowed = new Set([...corsOrigins, publicUrl.origin])
  return (origin: string, request: IncomingMessage): boolean => {
    if (allowed.has('*') || allowed.has(origin)) return true
    return URL.canParse(origin) && new URL(origin).host === request.headers.host
  }
}

/** Addresses that the server gives out hold its port, so it must be known before it listens. */
export async function freePort(host: string): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, host, resolve)
  })
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/**
 * The address as it was sent, or, when its path holds escapes that stand for nothing (`%zz`, `%ff`), one that names them
 * literally: it is then answered like any other name that nobody has, by the entrance that it was meant for.
 */
export function decodableUrl({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const [path = ''] = url.split(/[?#]/, 1)
  if (!path.includes('%')) return url
  try {
    decodeURIComponent(path)
    return url
  } catch {
    return path.replaceAll('%', '%25') + url.slice(path.length)
  }
}
