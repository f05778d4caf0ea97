import type { Answered } from './api.ts'
import { make } from './dom.ts'
import type { Fault } from './fault.ts'
import { Field, type FieldDeps } from './field.ts'
import type { ClientQuestion } from './model.ts'

/** How long somebody who types must rest before it is saved. */
const REST_MS = 1_500
/** What the server takes of any text: nobody needs to hear of it before it is near. */
const MAX_CHARACTERS = 20_000
const NEAR_THE_END = 200

/** A question that is answered with ticks, a number, a date, text. */
export class ValueField extends Field {
  readonly #inputs: HTMLInputElement[]
  readonly #text: HTMLInputElement | HTMLTextAreaElement | undefined
  #given: string | undefined
  #resting: ReturnType<typeof setTimeout> | undefined

  constructor(root: HTMLElement, question: ClientQuestion, deps: FieldDeps) {
    super(root, question, deps)
    const all = [...root.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('[name^="a."]')]
    const isChoice = (input: Element): input is HTMLInputElement => input.matches('[type=radio], [type=checkbox]')
    this.#inputs = all.filter(isChoice)
    this.#text = all.find((input) => !isChoice(input))
    this.#given = JSON.stringify(this.value)
    root.addEventListener('input', () => this.#input())
    root.addEventListener('change', () => void this.leave())
    if (this.#text instanceof HTMLTextAreaElement) countCharacters(this.#text, deps)
  }

  get value(): unknown {
    if (this.#text) return this.#textValue(this.#text)
    const ticked = this.#inputs.filter((input) => input.checked && input.value !== '').map((input) => input.value)
    const [first] = ticked
    if (first === undefined) return undefined
    switch (this.question.type) {
      case 'rating':
        return Number(first)
      case 'yes_no':
        return first === 'yes'
      default:
        return this.question.several ? ticked : first
    }
  }

  #textValue(input: HTMLInputElement | HTMLTextAreaElement): unknown {
    const text = input.value
    if (text.trim() === '' || this.check() !== undefined) return undefined
    switch (this.question.type) {
      case 'number':
        return (input as HTMLInputElement).valueAsNumber
      case 'email':
      case 'date':
        return text.trim()
      default:
        return text
    }
  }

  get isAnswered(): boolean {
    return this.value !== undefined
  }

  /** Nothing is entered, rightly or wrongly. */
  get isEmpty(): boolean {
    if (!this.#text) return this.value === undefined
    return this.#text.value.trim() === '' && !this.#text.validity.badInput
  }

  check(): Fault | undefined {
    const { validity } = this.#text ?? {}
    if (!validity) return undefined
    if (validity.badInput || validity.typeMismatch) return this.question.type === 'text' ? 'invalid' : this.#kind()
    if (validity.rangeOverflow || validity.rangeUnderflow) return 'range'
    if (validity.stepMismatch) return 'step'
    if (validity.tooLong) return 'tooLong'
    return undefined
  }

  #kind(): Fault {
    const { type } = this.question
    return type === 'number' || type === 'email' || type === 'date' ? type : 'invalid'
  }

  override restore(saved: Answered | undefined): void {
    super.restore(saved)
    this.enter(saved?.value ?? undefined)
    this.#given = JSON.stringify(this.value)
  }

  /** Shows a value as if it had been entered. */
  enter(value: unknown): void {
    if (this.#text) {
      this.#text.value = value === undefined ? '' : String(value)
      this.#text.dispatchEvent(new Event('counted'))
      return
    }
    const values = (Array.isArray(value) ? value : value === undefined ? [''] : [value]).map((each) =>
      typeof each === 'boolean' ? (each ? 'yes' : 'no') : String(each),
    )
    for (const input of this.#inputs) input.checked = values.includes(input.value)
  }

  override async leave(): Promise<void> {
    clearTimeout(this.#resting)
    if (this.check() !== undefined) return
    const { value } = this
    const given = JSON.stringify(value)
    if (given === this.#given) return
    this.#given = given
    this.showFault(undefined)
    this.deps.changed()
    await this.deps.outbox.giveValue(this.question.key, value)
  }

  /** Half an address is not an answer yet, and half a sentence is not to be asked about. */
  #rest(): void {
    if (this.question.type !== 'email' && !this.question.probes) void this.leave()
  }

  #input(): void {
    this.showFault(undefined)
    this.deps.changed()
    clearTimeout(this.#resting)
    if (this.#text) this.#resting = setTimeout(() => this.#rest(), REST_MS)
  }
}

/** Tells how many characters are left, once some are written or the end is near. */
export function countCharacters(area: HTMLTextAreaElement, { texts }: Pick<FieldDeps, 'texts'>): void {
  if (area.maxLength <= 0) return
  const count = make('p', { class: 'hint count' })
  area.after(count)
  const update = () => {
    const left = area.maxLength - area.value.length
    const isLimited = area.maxLength < MAX_CHARACTERS && area.value !== ''
    count.textContent = isLimited || left <= NEAR_THE_END ? texts.charactersLeft(left) : ''
    // Only near the very end is it worth an interruption.
    count.setAttribute('aria-live', left <= 20 ? 'polite' : 'off')
  }
  area.addEventListener('input', update)
  area.addEventListener('counted', update)
  update()
}
