const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', copy: '©', reg: '®', trade: '™', euro: '€' },
  ...{ hellip: '…', ndash: '–', mdash: '—', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', bull: '•', middot: '·' },
  ...{
    auml: 'ä',
    ouml: 'ö',
    aring: 'å',
    Auml: 'Ä',
    Ouml: 'Ö',
    Aring: 'Å',
    uuml: 'ü',
    Uuml: 'Ü',
    eacute: 'é',
    szlig: 'ß',
  },
}

/** What is not read out: it says nothing to a reader. */
const SILENT = /<(script|style|head|title|template)\b[^>]*>[\s\S]*?<\/\1\s*>/gi
const COMMENT = /<!--[\s\S]*?-->/g
/** What stands on lines of its own. */
const BLOCK =
  /<\/?(address|article|blockquote|center|div|dl|dt|dd|figure|footer|form|h[1-6]|header|hr|main|ol|p|pre|section|table|tr|ul)\b[^>]*>/gi
const TAG = /<\/?[a-z][^>]*>|<![^>]*>|<\?[^>]*>/gi

/**
 * The text of an HTML body, for those who read mail as text: paragraphs between blank lines, list items behind dashes,
 * links with their addresses. Empty when there is nothing to read, as in a body of pictures only.
 */
export function plainTextOf(html: string): string {
  const spoken = html
    .replace(COMMENT, '')
    .replace(SILENT, '')
    .replace(/\s+/g, ' ')
    .replace(/<a\b[^>]*?\bhref\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>(.*?)<\/a\s*>/gi, linkText)
    .replace(/<img\b[^>]*?\balt\s*=\s*(?:"([^"]*)"|'([^']*)')[^>]*>/gi, (_, a?: string, b?: string) => a ?? b ?? '')
    .replace(/<br\b[^>]*>/gi, '\n')
    .replace(/<li\b[^>]*>/gi, '\n- ')
    .replace(/<\/li\s*>/gi, '')
    .replace(/<\/t[dh]\s*>/gi, ' ')
    .replace(BLOCK, '\n\n')
    .replace(TAG, '')
  return decoded(spoken)
    .split('\n')
    .map((line) => line.replace(/[ \t\u00a0]+/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function linkText(_: string, double: string | undefined, single: string | undefined, inner: string): string {
  const address = (double ?? single ?? '').trim()
  const text = inner.replace(TAG, '').trim()
  const isShown = !/^(https?|mailto):/i.test(address) || decoded(text) === decoded(address).replace(/^mailto:/i, '')
  return isShown ? inner : `${inner} (${address})`
}

function decoded(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi,
    (all, decimal?: string, hex?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? all
      const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal)
      const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      return isCharacter ? String.fromCodePoint(code) : '\ufffd'
    },
  )
}
