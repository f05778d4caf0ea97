import { readDate } from './dates.ts'
import type { Json } from './entry.ts'
import { isUuid, secretForm, UUIDS } from './forms.ts'

/** Where UUIDs and the recording's own ids live: they mean the same thing wherever they stand. */
const EVERYWHERE = ''

/**
 * Which recorded id stands for which actual one. Numbers repeat from one kind of thing to the next, so they are bound
 * within the kind that the key, the object around it or the path names: `contact` 3 and `group` 3 are different.
 */
export class Bindings {
  readonly #actual = new Map<string, string>()
  readonly #recorded = new Map<string, string>()
  readonly #listed: ReadonlySet<string>
  readonly #kinds: Readonly<Record<string, string>>
  /** Recorded secrets and what this server gave out in their place. */
  readonly #secrets = new Map<string, string>()
  /** UUIDs and dates that the client chose: they must come back as they were sent. */
  readonly #chosen = new Set<string>()
  /** Dates that the recorded server chose. */
  readonly #answered = new Set<string>()

  constructor(listed: Iterable<string> = [], kinds: Readonly<Record<string, string>> = {}) {
    this.#listed = new Set(listed)
    this.#kinds = kinds
  }

  /** Whether the recording says that this text is an id, or it looks like one wherever it stands. */
  isId(text: string): boolean {
    return this.#listed.has(text) || isUuid(text)
  }

  isListed(text: string): boolean {
    return this.#listed.has(text)
  }

  /** Binds the two; what speaks against it otherwise. `kind` is for ids that are numbers. */
  bind(recorded: string, actual: string, kind = EVERYWHERE): string | undefined {
    const known = this.#actual.get(keyOf(kind, recorded))
    if (known !== undefined && known !== actual) return `${recorded} stood for ${known} before`
    const other = this.#recorded.get(keyOf(kind, actual))
    if (other !== undefined && other !== recorded) return `${actual} stands for ${other} already`
    this.#actual.set(keyOf(kind, recorded), actual)
    this.#recorded.set(keyOf(kind, actual), recorded)
    return undefined
  }

  bindSecret(recorded: string, actual: string): void {
    this.#secrets.set(recorded, actual)
  }

  secretFor(recorded: string): string | undefined {
    return this.#secrets.get(recorded)
  }

  /** What to send in the place of a text of the recording. */
  actualText(text: string): string {
    if (this.#listed.has(text)) return this.#actual.get(keyOf(EVERYWHERE, text)) ?? text
    if (secretForm(text)) return this.#secrets.get(text) ?? text
    return text.replace(UUIDS, (uuid) => this.#actual.get(keyOf(EVERYWHERE, uuid)) ?? uuid)
  }

  /** What to send in the place of a number that is an id. */
  actualNumber(kind: string, recorded: string): string {
    return this.#actual.get(keyOf(kind, recorded)) ?? recorded
  }

  /** The kind that an id under this key belongs to, `undefined` when the key holds no ids. */
  kindOf(key: string, around: string): string | undefined {
    if (Object.hasOwn(this.#kinds, key)) return singular(this.#kinds[key]!)
    if (/^_?(id|uuid|pk)s?$/i.test(key)) return around
    const named = /^(.+?)(?:_id|_uuid|Id|Uuid|ID|UUID)s?$/.exec(key)
    return named ? singular(named[1]!) : undefined
  }

  /** Told of everything that is sent. */
  sent(text: string): void {
    if (isUuid(text) && !this.#actual.has(keyOf(EVERYWHERE, text))) this.#chosen.add(text)
    const instant = readDate(text)?.instant
    if (instant !== undefined && !this.#answered.has(instant)) this.#chosen.add(instant)
  }

  /** Told of every date of a recorded answer, once it is compared. */
  answered(instant: string): void {
    if (!this.#chosen.has(instant)) this.#answered.add(instant)
  }

  /** Whether the client chose this UUID or instant. */
  isChosen(text: string): boolean {
    return this.#chosen.has(text)
  }
}

function keyOf(kind: string, id: string): string {
  return `${kind}\n${id}`
}

/** `accounts` and `account`, `click_to_calls` and `clickToCall`, `smses` and `sms` name one kind each. */
export function singular(name: string): string {
  const plain = name.toLowerCase().replaceAll('_', '')
  if (/^sms(es)?$/.test(plain)) return 'sms'
  return plain.replace(/ies$/, 'y').replace(/([^s])s$/, '$1')
}

/** The kind that a segment of a path belongs to when it is a number: what stands before it says it. */
export function kindOfSegment(segments: readonly string[], index: number): string {
  const before = segments[index - 1] ?? ''
  // `/groups/12/808` is an account in a group (contract/multisender.md 4, operation 13).
  return /^\d+$/.test(before) && segments[index - 2] === 'groups' ? 'account' : singular(before)
}

/** Keys of envelopes say nothing of what is in them. */
const ENVELOPES: ReadonlySet<string> = new Set(['', 'data', 'result', 'results', 'item', 'items', 'body', 'rows'])

/** The kind of thing that an object below `key` is. */
export function kindAround(key: string, around: string): string {
  return ENVELOPES.has(key) ? around : singular(key)
}

/** Visits every text and number of a JSON value with the key it stands under and the kind of thing around it. */
export function mapLeaves(
  value: Json,
  change: (leaf: string | number, key: string, around: string) => Json,
  key = '',
  around = '',
): Json {
  if (typeof value === 'string' || typeof value === 'number') return change(value, key, around)
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change, key, around))
  if (value === null || typeof value !== 'object') return value
  const inside = kindAround(key, around)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapLeaves(item, change, name, inside)]))
}
