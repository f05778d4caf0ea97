/**
 * A browser without script, as far as this page needs one: it keeps cookies (or does not), follows redirects, reads
 * forms and sends what was filled in, in the order of the page.
 */
export class TestBrowser {
  readonly #origin: string
  readonly #cookies: Map<string, string> | undefined
  readonly headers: Record<string, string>
  status = 0
  path = ''
  /** What arrived. */
  source = ''
  /** What of it there is for a browser without script. */
  markup = ''
  /** Every address on the way to this page. */
  redirects: string[] = []
  responseHeaders = new Headers()

  constructor(origin: string, options: { cookies?: boolean; headers?: Record<string, string> } = {}) {
    this.#origin = origin
    this.#cookies = options.cookies === false ? undefined : new Map()
    this.headers = options.headers ?? {}
  }

  async open(path: string): Promise<void> {
    this.redirects = []
    await this.#load(path, {})
  }

  /** Loads the page again, without what was typed. */
  reload(): Promise<void> {
    return this.open(this.path)
  }

  async #load(path: string, init: RequestInit): Promise<void> {
    const cookie = [...(this.#cookies ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(new URL(path, this.#origin), {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html,*/*;q=0.8', ...this.headers, ...(cookie && { cookie }) },
    })
    for (const header of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(header)!
      this.#cookies?.set(name!, value!)
    }
    this.status = response.status
    this.responseHeaders = response.headers
    this.source = await response.text()
    // Where no script runs, a template is nothing.
    this.markup = this.source.replace(/<template[\s\S]*?<\/template>/g, '')
    const location = response.headers.get('location')
    if (!location) {
      this.path = path
      return
    }
    this.redirects.push(location)
    const next = new URL(location, new URL(path, this.#origin))
    if (next.origin === this.#origin) await this.#load(next.pathname + next.search, {})
  }

  get title(): string {
    return plain(/<title>([\s\S]*?)<\/title>/.exec(this.markup)?.[1] ?? '')
  }

  /** The text that a person sees or hears. */
  get text(): string {
    return plain(this.markup.replace(/<head>[\s\S]*?<\/head>/, '').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ')
  }

  get prompts(): string[] {
    return [...this.markup.matchAll(/class="prompt"[^>]*><span[^>]*>([\s\S]*?)<\/span>/g)].map((match) =>
      plain(match[1]!),
    )
  }

  get inputs(): Input[] {
    const form = /<form[\s\S]*<\/form>/.exec(this.markup)?.[0] ?? ''
    const found = form.matchAll(/<(input|button|textarea)\b([^>]*)>(?:(?<=<textarea\b[^>]*>)([\s\S]*?)<\/textarea>)?/g)
    return [...found].map(([, tag, written, content]) => {
      const attributes = attributesOf(written!)
      // A line feed right after the tag is not content.
      const value = tag === 'textarea' ? plain((content ?? '').replace(/^\n/, '')) : (attributes.get('value') ?? '')
      return { tag: tag!, type: attributes.get('type') ?? tag!, name: attributes.get('name') ?? '', value, attributes }
    })
  }

  /** The inputs of one question, found by its prompt. */
  inputsOf(prompt: string): Input[] {
    const question = this.markup.split('<div class="question').find((part) => {
      const found = /class="prompt"[^>]*><span[^>]*>([\s\S]*?)<\/span>/.exec(part)?.[1]
      return found !== undefined && plain(found) === prompt
    })
    const id = question && /name="shown" value="([^"]*)"/.exec(question)?.[1]
    if (!id) throw new Error(`no question "${prompt}" on the page`)
    return this.inputs.filter((input) => input.name === `a.${id}` || input.name === `d.${id}`)
  }

  /**
   * Sends the form. `entries` says by prompt what is entered: text, the values to tick, or a file; what is not named
   * keeps what the page shows.
   */
  async submit(entries: Record<string, Entry> = {}): Promise<void> {
    this.redirects = []
    await this.#load(this.formAction(), { method: 'POST', body: this.formData(entries) })
  }

  formAction(): string {
    const [, action] = /<form[^>]*action="([^"]*)"/.exec(this.markup) ?? []
    if (action === undefined) throw new Error(`no form on the page: ${this.text}`)
    return plain(action)
  }

  formData(entries: Record<string, Entry> = {}): FormData {
    const entered = new Map<string, Entry>()
    for (const [prompt, entry] of Object.entries(entries)) {
      for (const { name } of this.inputsOf(prompt)) if (!name.startsWith('d.')) entered.set(name, entry)
      if (entry === REMOVE) entered.set(this.inputsOf(prompt).find(({ name }) => name.startsWith('d.'))!.name, REMOVE)
    }
    const form = new FormData()
    const written = new Set<string>()
    for (const { type, name, value, attributes } of this.inputs) {
      const entry = entered.get(name)
      if (name === '' || type === 'submit') continue
      if (type === 'file') {
        const file = entry && typeof entry === 'object' && !Array.isArray(entry) ? entry : undefined
        form.append(name, new File(file ? [new Uint8Array(file.bytes)] : [], file?.name ?? ''))
      } else if (type === 'radio' || type === 'checkbox') {
        const ticked =
          entry === REMOVE || (entry === undefined ? attributes.has('checked') : list(entry).includes(value))
        if (ticked) form.append(name, value)
        const values = this.inputs.filter((input) => input.name === name).map((input) => input.value)
        const unknown = list(entry ?? value).find((wanted) => !values.includes(wanted))
        if (unknown !== undefined) throw new Error(`no such choice for ${name}: ${unknown}`)
      } else if (entry === undefined || !written.has(name)) {
        form.append(name, typeof entry === 'string' ? entry : value)
      }
      written.add(name)
    }
    return form
  }
}

export interface Input {
  tag: string
  type: string
  name: string
  value: string
  attributes: Map<string, string>
}

/** Ticks the box that takes a file back. */
export const REMOVE = Symbol('remove')
export type Entry = string | string[] | { name: string; bytes: Uint8Array } | typeof REMOVE

function list(entry: Entry): string[] {
  if (Array.isArray(entry)) return entry
  return typeof entry === 'string' ? [entry] : []
}

function attributesOf(written: string): Map<string, string> {
  return new Map(
    [...written.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name!, plain(value ?? '')]),
  )
}

function plain(markup: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return markup.replace(/&([a-z#0-9]+);/g, (whole, name: string) => entities[name] ?? whole)
}
