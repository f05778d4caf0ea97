import { z } from 'zod'

/** What several settings are, each read from text. */

/** A group of settings as it was understood. */
export type Settings<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>

export const integer = (lowest: number, highest: number) =>
  z.string().transform((text, context) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value
    context.addIssue(`must be a whole number from ${lowest} to ${highest}`)
    return z.NEVER
  })

export const flag = z.enum(['on', 'off'], 'must be on or off').transform((text) => text === 'on')

/** The parts between commas, trimmed; empty ones are left out. */
export function partsOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** Paths are the server's own, from the root of its host on. */
export const serverUrl = z
  .string()
  .refine(
    (text) => /^https?:\/\/[^/?#]+\/?$/.test(text) && URL.canParse(text),
    'must be an http or https URL without a path, such as https://say.example.com',
  )

export const urlOf = (protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )

/** `smpp://smsc.example:2775`: a host, maybe a port, and nothing else. */
export const hostUrl = (schemes: readonly [string, string]) =>
  z
    .string()
    .refine(
      (text) =>
        /^[a-z]+:\/\/[^/?#@\s]+\/?$/.test(text) &&
        URL.canParse(text) &&
        schemes.includes(text.slice(0, text.indexOf(':'))),
      `must be a host and a port such as ${schemes[0]}://host.example:1234, or with ${schemes[1]}:// for TLS`,
    )

/** What a `hostUrl` says; `ports` are those of its schemes where it names none. */
export function hostAndPort(url: string, ports: Readonly<Record<string, number>>) {
  const { protocol, hostname, port } = new URL(url)
  const scheme = protocol.slice(0, -1)
  return { scheme, host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : (ports[scheme] ?? 0) }
}

export const printable = z.string().regex(/^[!-~]+$/, 'must be printable ASCII without spaces')
