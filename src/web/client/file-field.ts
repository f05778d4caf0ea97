import type { Answered } from './api.ts'
import { button, make, show } from './dom.ts'
import type { Fault } from './fault.ts'
import { Field, type FieldDeps } from './field.ts'
import type { ClientQuestion } from './model.ts'
import type { Take } from './shelf.ts'

/** What is larger goes from where it lies; a page that is closed meanwhile asks for it again. */
const SHELVED_BYTES = 50_000_000
const MEGABYTE = 1_000_000

/** A question that is answered with a file. */
export class FileField extends Field {
  readonly #input: HTMLInputElement
  readonly #row: HTMLElement
  readonly #name: HTMLElement
  readonly #bar: HTMLProgressElement
  #take: Take | undefined

  constructor(root: HTMLElement, question: ClientQuestion, deps: FieldDeps) {
    super(root, question, deps)
    const { texts } = deps
    this.#input = root.querySelector<HTMLInputElement>('[type=file]')!
    this.#name = make('span', { class: 'name', role: 'status' })
    this.#bar = make('progress', { max: 1, 'aria-label': texts.sending })
    this.#row = make(
      'div',
      { class: 'file' },
      this.#name,
      this.#bar,
      button('small', texts.remove, () => void this.#remove()),
    )
    this.#input.after(this.#row)
    this.#input.addEventListener('change', () => void this.#choose())
    // The box and the words for pages without script.
    root.querySelector('[name^="d."]')?.closest('label')?.remove()
    this.#render()
  }

  get value(): undefined {
    return undefined
  }

  get isAnswered(): boolean {
    return this.#take !== undefined || Boolean(this.saved?.upload)
  }

  protected override get givesUpload(): boolean {
    return true
  }

  check(): Fault | undefined {
    return undefined
  }

  override restore(saved: Answered | undefined): void {
    super.restore(saved)
    this.#render()
  }

  /** What a former visit had chosen and could not send. */
  resume(take: Take): void {
    this.#take = take
    this.#render()
  }

  override refresh(): void {
    super.refresh()
    if (this.deps.outbox.standing(this.question.key).state === 'refused') {
      this.#take = undefined
      this.saved = undefined
      this.#input.value = ''
    }
    this.#render()
  }

  async #choose(): Promise<void> {
    const { outbox, shelf, changed } = this.deps
    const [file] = this.#input.files ?? []
    if (!file) return
    const { megabytes } = this.question
    if (megabytes !== undefined && file.size > megabytes * MEGABYTE) return this.#refuse('fileTooLarge')
    if (file.size === 0) return this.#refuse('fileEmpty')
    const take: Take = {
      key: this.question.key,
      kind: 'file',
      name: file.name,
      mediaType: file.type,
      seconds: 0,
      peaks: [],
      whole: true,
      size: file.size,
      at: Date.now(),
    }
    this.#take = take
    this.showFault(undefined)
    await shelf.removeTake(take.key)
    // A device without room for it still sends it.
    if (file.size <= SHELVED_BYTES) await shelf.putPiece(take, 0, file)
    await outbox.giveTake(take, file)
    changed()
    this.#render()
    this.#row.querySelector('button')!.focus()
  }

  #refuse(fault: Fault): void {
    this.#input.value = ''
    this.showFault(fault)
    this.#input.focus()
  }

  async #remove(): Promise<void> {
    const { outbox, changed } = this.deps
    const { key } = this.question
    const wasSaved = this.saved !== undefined || outbox.standing(key).state === 'saved'
    this.#take = undefined
    this.saved = undefined
    this.#input.value = ''
    await outbox.forget(key)
    if (wasSaved) await outbox.giveValue(key, undefined)
    changed()
    this.#render()
    this.#input.focus()
  }

  #render(): void {
    const { outbox, texts } = this.deps
    const standing = outbox.standing(this.question.key)
    show(this.#row, this.isAnswered)
    show(this.#input, !this.isAnswered)
    show(this.#bar, standing.state === 'sending' || standing.state === 'waiting')
    if (standing.state === 'sending') this.#bar.value = standing.part
    else this.#bar.removeAttribute('value')
    const name = this.#take?.name ?? this.saved?.upload?.fileName ?? ''
    const isSaved = this.#take === undefined || standing.state === 'saved'
    const text = isSaved ? texts.fileSaved(name) : name
    if (this.#name.textContent !== text) this.#name.textContent = text
  }
}
