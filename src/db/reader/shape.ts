import type { Model } from './model.ts'
import { Unsupported } from './unsupported.ts'

/**
 * The arguments of a read, taken apart: `key` is their shape, as JSON in which `LEAF` and `LIST` stand where a value
 * was, and `leaves` are those values in the order of their places. What is compiled is the key alone, so a value
 * cannot reach the text of a statement.
 */
export interface Shape {
  key: string
  leaves: unknown[]
}

export const LEAF = '?'
export const LIST = '?[]'
/** The value of `take` when it is negative, which reverses the order and so makes another statement. */
export const NEGATIVE = '?-'

const OPERATORS =
  'select include where orderBy take skip cursor AND OR NOT some none every is isNot equals not in notIn lt lte gt ' +
  'gte contains startsWith endsWith mode has sort nulls _count'
const ORDER_WORDS = new Set<unknown>(['asc', 'desc', 'first', 'last'])

/** Every name that may stand in arguments: whoever uses another one is answered by Prisma. */
export function vocabularyOf(models: Iterable<Model>): ReadonlySet<string> {
  const words = new Set(OPERATORS.split(' '))
  for (const model of models) {
    for (const names of [model.columns, model.relations, model.compoundKeys]) {
      for (const name of names.keys()) if (/^\w+$/.test(name)) words.add(name)
    }
  }
  return words
}

/** One walk over arguments. Names come from the vocabulary, so the key needs no escaping and cannot be forged. */
export class ShapeScan implements Shape {
  key = ''
  leaves: unknown[] = []
  readonly #vocabulary: ReadonlySet<string>

  constructor(vocabulary: ReadonlySet<string>) {
    this.#vocabulary = vocabulary
  }

  /** Arguments of a read, of a relation or of `_count`. */
  args(given: unknown): void {
    const args = plain(given)
    let separator = '{"'
    for (const name in args) {
      const value = args[name]
      if (value === undefined) continue
      this.#name(separator, name)
      if (name === 'select' || name === 'include') this.#selection(plain(value))
      else if (name === 'where' || name === 'cursor') this.#where(plain(value))
      else if (name === 'orderBy') this.#order(value)
      else if (name === 'take' && Number.isSafeInteger(value))
        this.#leaf((value as number) < 0 ? NEGATIVE : LEAF, value)
      else if (name === 'skip' && Number.isSafeInteger(value) && (value as number) >= 0) this.#leaf(LEAF, value)
      else throw new Unsupported(`the argument ${name}`)
      separator = ',"'
    }
    this.key += separator === '{"' ? '{}' : '}'
  }

  #selection(selection: Record<string, unknown>): void {
    let separator = '{"'
    for (const name in selection) {
      const value = selection[name]
      if (value === undefined || value === false) continue
      this.#name(separator, name)
      if (value === true) this.key += 'true'
      else this.args(value)
      separator = ',"'
    }
    this.key += separator === '{"' ? '{}' : '}'
  }

  #where(where: Record<string, unknown>): void {
    let separator = '{"'
    for (const name in where) {
      const value = where[name]
      if (value === undefined) continue
      this.#name(separator, name)
      if (value === null) this.key += 'null'
      else if (name === 'mode' && (value === 'insensitive' || value === 'default')) this.key += `"${value}"`
      else if (typeof value !== 'object' || value instanceof Date) this.#leaf(LEAF, value)
      else if (!Array.isArray(value)) this.#where(plain(value))
      else if (name === 'AND' || name === 'OR' || name === 'NOT') this.#list(value, (each) => this.#where(plain(each)))
      else this.#leaf(LIST, value)
      separator = ',"'
    }
    this.key += separator === '{"' ? '{}' : '}'
  }

  #order(order: unknown): void {
    if (ORDER_WORDS.has(order)) {
      this.key += `"${order}"`
      return
    }
    if (Array.isArray(order)) {
      this.#list(order, (each) => this.#order(each))
      return
    }
    const names = plain(order)
    let separator = '{"'
    for (const name in names) {
      if (names[name] === undefined) continue
      this.#name(separator, name)
      this.#order(names[name])
      separator = ',"'
    }
    this.key += separator === '{"' ? '{}' : '}'
  }

  #list(items: unknown[], each: (item: unknown) => void): void {
    this.key += '['
    for (let i = 0; i < items.length; i++) {
      if (i > 0) this.key += ','
      each(items[i])
    }
    this.key += ']'
  }

  #name(separator: string, name: string): void {
    if (!this.#vocabulary.has(name)) throw new Unsupported(`the name ${name}`)
    this.key += `${separator}${name}":`
  }

  #leaf(tag: string, value: unknown): void {
    this.key += `"${tag}"`
    this.leaves.push(value)
  }
}

function plain(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === null) return value as Record<string, unknown>
  }
  throw new Unsupported('a value that is no plain object')
}
