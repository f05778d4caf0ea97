import type { LinkRow } from '../domains/links/index.ts'
import { webUrl } from '../platform/html.ts'

/**
 * The headers of every page. Nothing runs but the server's own script, which talks to nobody else; nothing is loaded but
 * the stylesheet and the pictures and films of the questions; any site may show the page in a frame.
 */
export function pageHeaders(link: LinkRow | undefined): Record<string, string> {
  const redirect = webUrl(link?.settings.redirectUrl)
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "style-src 'self'",
    'img-src https: http: data:',
    // Recordings are listened to before the server has them.
    "media-src 'self' blob: https: http:",
    // Chromium applies it to the redirect that answers a form, too.
    `form-action 'self'${redirect ? sourceOf(redirect) : ''}`,
    "base-uri 'none'",
    'frame-ancestors *',
  ]
  return {
    'cache-control': 'no-store',
    'content-security-policy': policy.join('; '),
    'content-type': 'text/html; charset=utf-8',
    // Personal addresses hold a token.
    'referrer-policy': 'no-referrer',
    vary: 'Accept, Accept-Language, Cookie',
    'x-content-type-options': 'nosniff',
  }
}

/** An origin behind a space; nothing for a host whose characters mean something in a policy, as `;` and `,` do. */
function sourceOf(address: string): string {
  const { host, origin } = new URL(address)
  return /^[A-Za-z0-9.:[\]-]+$/.test(host) ? ` ${origin}` : ''
}
