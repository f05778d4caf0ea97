import type { Bindings } from './bindings.ts'
import type { Json, RequestBody } from './entry.ts'

/** Where the legacy APIs carry a credential (contract/README.md, "Conventions side by side"). */
const HEADERS: ReadonlySet<string> = new Set(['x-access-token', 'x-authentication-token'])
const PARAMETERS: ReadonlySet<string> = new Set(['access_token', 'auth_token'])

export interface Credentialed {
  url: string
  headers: Record<string, string>
  body: RequestBody
}

/**
 * The request with `key` in every place where a credential was recorded; nothing is added where none was. A credential
 * that the recorded server itself gave out becomes the one that this server gave out instead.
 */
export function withCredentials(request: Credentialed, key: string | undefined, bindings: Bindings): Credentialed {
  const replaced = (recorded: string) => bindings.secretFor(recorded) ?? key ?? recorded
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => {
      if (HEADERS.has(name)) return [name, replaced(value)]
      const bearer = name === 'authorization' ? /^(Bearer +)(\S+)$/i.exec(value) : null
      return [name, bearer ? bearer[1]! + replaced(bearer[2]!) : value]
    }),
  )
  return { url: inQuery(request.url, replaced), headers, body: inBody(request.body, replaced) }
}

/** The address with its credentials left out, for people to read. */
export function withoutCredentials(url: string): string {
  return inQuery(url, () => '…')
}

/** Only what is replaced is written anew, so that the rest stays as it was recorded. */
function inQuery(url: string, replaced: (recorded: string) => string): string {
  return url.replace(/([?&])([^=&#]+)=([^&#]*)/g, (whole, mark: string, name: string, value: string) =>
    PARAMETERS.has(name) ? `${mark}${name}=${safely(replaced(plain(value)))}` : whole,
  )
}

function safely(text: string): string {
  return text === '…' ? text : encodeURIComponent(text)
}

function plain(text: string): string {
  return new URLSearchParams(`x=${text}`).get('x') ?? text
}

function inBody(body: RequestBody, replaced: (recorded: string) => string): RequestBody {
  if (body.kind === 'form') {
    return {
      kind: 'form',
      fields: body.fields.map(([name, value]) => [name, PARAMETERS.has(name) ? replaced(value) : value]),
    }
  }
  if (body.kind === 'multipart') {
    const parts = body.parts.map((part) =>
      PARAMETERS.has(part.name) ? { ...part, value: replaced(part.value) } : part,
    )
    return { kind: 'multipart', parts }
  }
  if (body.kind !== 'json' || typeof body.value !== 'object' || body.value === null || Array.isArray(body.value))
    return body
  const value: [string, Json][] = Object.entries(body.value).map(([name, item]) => [
    name,
    PARAMETERS.has(name) && typeof item === 'string' ? replaced(item) : item,
  ])
  return { kind: 'json', value: Object.fromEntries(value) }
}
