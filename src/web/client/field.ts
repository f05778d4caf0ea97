import type { Answered } from './api.ts'
import { make } from './dom.ts'
import { type Fault, faultOf } from './fault.ts'
import type { ClientQuestion } from './model.ts'
import type { Outbox, Standing } from './outbox.ts'
import type { Shelf } from './shelf.ts'
import type { ClientTexts } from './texts.ts'

export interface FieldDeps {
  texts: ClientTexts
  outbox: Outbox
  shelf: Shelf
  /** An answer was given, changed or taken back: conditions may see it differently. */
  changed: () => void
}

/** One question: its markup, which the server made, and what is answered. */
export abstract class Field {
  readonly question: ClientQuestion
  readonly root: HTMLElement
  protected readonly deps: FieldDeps
  /** What the server has. */
  protected saved: Answered | undefined
  readonly #id: string

  constructor(root: HTMLElement, question: ClientQuestion, deps: FieldDeps) {
    this.root = root
    this.question = question
    this.deps = deps
    this.#id = root.querySelector<HTMLInputElement>('input[name=shown]')?.value ?? question.key
  }

  /** What conditions see; undefined for no answer, one that is wrong, and a file. */
  abstract get value(): unknown
  abstract get isAnswered(): boolean
  /** What is wrong with what was given, as far as it can be told here. */
  abstract check(): Fault | undefined

  /** The person goes on: whatever is still being given is given now. */
  async leave(): Promise<void> {}

  /** The page may go away: what is being typed is kept. */
  keep(): void {
    void this.leave()
  }

  /** The question is asked no more: whatever is still going on ends, and counts for nothing. */
  dismiss(): void {}

  /** What the server has of it, after a reload. */
  restore(saved: Answered | undefined): void {
    this.saved = saved
  }

  /** How it stands with the server has changed. */
  refresh(): void {
    const standing = this.deps.outbox.standing(this.question.key)
    if (standing.state === 'refused') this.refused(standing)
    else if (standing.state === 'saved') {
      this.showFault(undefined)
      const upload = this.givesUpload ? { fileName: null, mediaType: '', size: 0 } : null
      this.saved = this.isAnswered ? { value: this.value ?? null, upload } : undefined
    }
  }

  protected get isRefused(): boolean {
    return this.deps.outbox.standing(this.question.key).state === 'refused'
  }

  protected refused({ rule }: Standing & { state: 'refused' }): void {
    this.showFault(faultOf(this.question.type, rule, this.givesUpload))
  }

  /** Whether what was given last is a file or a recording. */
  protected get givesUpload(): boolean {
    return false
  }

  get fault(): string | undefined {
    return this.root.querySelector('.fault')?.textContent ?? undefined
  }

  /** Where the person reads what is asked. */
  get prompt(): HTMLElement {
    return this.root.querySelector<HTMLElement>('.prompt')!
  }

  get promptText(): string {
    return this.prompt.querySelector('span')?.textContent ?? ''
  }

  /** BCP 47: what the question is written in. */
  get language(): string {
    return this.prompt.querySelector('span')?.closest<HTMLElement>('[lang]')?.lang ?? ''
  }

  /** The first thing to answer with that is there to be used. */
  focusControl(): void {
    const controls = this.root.querySelectorAll<HTMLElement>('input:not([type=hidden]), textarea, button')
    const control = [...controls].find((each) => each.offsetParent !== null)
    ;(control ?? this.prompt).focus()
  }

  showFault(fault: Fault | undefined): void {
    const shown = this.root.querySelector('.fault')
    const text = fault && this.deps.texts.faults[fault]
    if ((shown?.textContent ?? undefined) === text) return
    shown?.remove()
    const id = `e-${this.#id}`
    if (text !== undefined) {
      const anchor = this.root.querySelector('.hint') ?? this.prompt
      anchor.after(make('p', { class: 'fault', id, role: 'alert' }, text))
    }
    this.root.classList.toggle('faulty', text !== undefined)
    for (const input of this.root.querySelectorAll('[role=radiogroup], [type=checkbox], textarea, input:not([type])')) {
      mark(input, text !== undefined)
    }
    for (const input of this.root.querySelectorAll('[type=number], [type=email], [type=date], [type=file]')) {
      mark(input, text !== undefined)
    }
    for (const described of this.root.querySelectorAll('fieldset, textarea, input[id]:not([type=radio])')) {
      const ids = (described.getAttribute('aria-describedby') ?? '').split(' ').filter((each) => each && each !== id)
      if (text !== undefined) ids.push(id)
      if (ids.length > 0) described.setAttribute('aria-describedby', ids.join(' '))
      else described.removeAttribute('aria-describedby')
    }
  }
}

function mark(input: Element, isInvalid: boolean): void {
  if (isInvalid) input.setAttribute('aria-invalid', 'true')
  else input.removeAttribute('aria-invalid')
}
