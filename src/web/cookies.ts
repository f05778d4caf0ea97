import type { LinkRow } from '../domains/links/index.ts'

/** Holds the session's token, for the page of one link. */
export const SESSION_COOKIE = 'saygraph_session'
/** Says nothing but that cookies work: the first post has no session yet and must know whether to redirect. */
const PROBE_COOKIE = 'saygraph_page'

/** The cookies of a request, the first of each name: the browser puts the one with the longest path first. */
function cookiesOf(header: string | undefined): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    if (at > 0 && !cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim())
  }
  return cookies
}

/** The session token that came as a cookie. */
export function sessionCookie(header: string | undefined): string | undefined {
  return cookiesOf(header).get(SESSION_COOKIE)
}

/** Whether the browser keeps the cookies of this page. */
export function keepsCookies(header: string | undefined): boolean {
  const cookies = cookiesOf(header)
  return cookies.has(SESSION_COOKIE) || cookies.has(PROBE_COOKIE)
}

export interface CookieScope {
  /** The address of the link's page; a slug holds nothing that a cookie could not. */
  path: string
  secure: boolean
}

export function sessionCookieOf(token: string, scope: CookieScope): string {
  return write(SESSION_COOKIE, token, scope)
}

export function probeCookie(scope: CookieScope): string {
  return write(PROBE_COOKIE, '1', scope)
}

function write(name: string, value: string, { path, secure }: CookieScope): string {
  return `${name}=${value}; Path=${path}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** Where the page of a link is, below the prefix that the request came by. */
export function pagePath(workspace: string | undefined, link: Pick<LinkRow, 'slug'>): string {
  return workspace === undefined ? `/i/${link.slug}` : `/w/${workspace}/i/${link.slug}`
}
