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

/** What is not read out, with all within it. */
const SILENT = new Set(['script', 'style', 'head', 'title', 'template'])
/** What stands on lines of its own. */
const BLOCKS = new Set([
  ...[
    'address',
    'article',
    'blockquote',
    'center',
    'div',
    'dl',
    'dt',
    'dd',
    'figure',
    'footer',
    'form',
    'h1',
    'h2',
    'h3',
  ],
  ...['h4', 'h5', 'h6', 'header', 'hr', 'main', 'ol', 'p', 'pre', 'section', 'table', 'tr', 'ul'],
])

/**
 * The text of an HTML body, for those who read mail as text: paragraphs between blank lines, list items behind dashes,
 * links with their addresses. Empty when there is nothing to read, as in a body of pictures only. Takes time in proportion
 * to the length, whatever it is given.
 */
export function plainTextOf(html: string): string {
  return new Reader(html)
    .read()
    .split('\n')
    .map((line) => line.replace(/[ \t\u00a0]+/g, ' ').trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

class Reader {
  readonly #html: string
  /** For finding names, at the same places. */
  readonly #lower: string
  #at = 0
  #out = ''
  /** The link that is open, and where its text begins. */
  #link: { address: string; from: number } | undefined

  constructor(html: string) {
    this.#html = html
    this.#lower = html.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  }

  read(): string {
    const html = this.#html
    while (this.#at < html.length) {
      const open = html.indexOf('<', this.#at)
      this.#text(open === -1 ? html.length : open)
      if (open === -1) break
      if (html.startsWith('<!--', open)) this.#skipBehind('-->', open + 4)
      else if (!/[a-z/!?]/i.test(html.charAt(open + 1))) this.#text(open + 1)
      else {
        const end = this.#tagEnd(open)
        // Nothing ends it, so neither does anything end what comes after it.
        if (end === -1) this.#text(html.length)
        else {
          this.#at = end + 1
          this.#tag(html.slice(open + 1, end))
        }
      }
    }
    this.#endLink()
    return this.#out
  }

  /** Reads on to `end` as it stands there. */
  #text(end: number): void {
    this.#out += decoded(this.#html.slice(this.#at, end).replace(/\s+/g, ' '))
    this.#at = end
  }

  #skipBehind(what: string, from: number): void {
    const found = this.#lower.indexOf(what, from)
    this.#at = found === -1 ? this.#html.length : found + what.length
  }

  /** The `>` of a tag, which within quotes is none. */
  #tagEnd(open: number): number {
    let quote = ''
    for (let at = open + 1; at < this.#html.length; at++) {
      const letter = this.#html[at]!
      if (quote !== '') {
        if (letter === quote) quote = ''
      } else if (letter === '>') return at
      else if ((letter === '"' || letter === "'") && this.#html[at - 1] === '=') quote = letter
    }
    return -1
  }

  #tag(tag: string): void {
    const name = /^\/?[a-z][a-z0-9]*/i.exec(tag)?.[0].toLowerCase() ?? ''
    if (SILENT.has(name)) {
      this.#skipBehind(`</${name}`, this.#at)
      this.#skipBehind('>', this.#at)
    } else if (name === 'a') {
      this.#endLink()
      const address = attribute(tag, 'href')
      if (/^(https?|mailto):/i.test(address)) this.#link = { address, from: this.#out.length }
    } else if (name === '/a') this.#endLink()
    else if (name === 'img') this.#out += attribute(tag, 'alt')
    else if (name === 'br') this.#out += '\n'
    else if (name === 'li') this.#out += '\n- '
    else if (name === '/td' || name === '/th') this.#out += ' '
    else if (BLOCKS.has(name.replace('/', ''))) this.#out += '\n\n'
  }

  #endLink(): void {
    if (!this.#link) return
    const { address, from } = this.#link
    this.#link = undefined
    const shown = this.#out.slice(from).trim()
    if (shown !== '' && shown !== address.replace(/^mailto:/i, '') && shown !== address) this.#out += ` (${address})`
  }
}

function attribute(tag: string, name: string): string {
  const [, double, single, bare] =
    new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag) ?? []
  return decoded(double ?? single ?? bare ?? '').trim()
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
