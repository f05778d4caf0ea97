import { button, icon, make, show } from './dom.ts'
import type { Field } from './field.ts'
import type { ClientTexts } from './texts.ts'

export interface Shown {
  view: 'waiting' | 'step' | 'review' | 'thinking' | 'sending' | 'over'
  /** Which question, from 0. */
  at: number
  of: number
  canGoBack: boolean
  next: 'next' | 'skip' | 'send'
  /** Whether something is going on that comes first: a recording. */
  isBusy: boolean
  missing: readonly Field[]
  goTo: (field: Field) => void
  /** Whether the question is being read aloud; undefined where nothing is. */
  reading: boolean | undefined
  connection: 'good' | 'offline' | 'retrying'
  /** Of the files on their way, 0 to 1. */
  progress: number
}

/** Everything around the questions: progress, panels, buttons, the word about the connection. */
export class Chrome {
  /** What stands in the place of a question. */
  readonly panel: HTMLElement
  /** Called when somebody does not want to wait. */
  onGoOn: () => void = () => {}
  readonly #form: HTMLFormElement
  readonly #texts: ClientTexts
  readonly #title = document.title
  readonly #progress: HTMLElement
  readonly #count: HTMLElement
  readonly #bar: HTMLProgressElement
  readonly #reader: HTMLButtonElement | undefined
  readonly #nav: HTMLElement
  readonly #back: HTMLButtonElement
  readonly #next: HTMLButtonElement
  readonly #goOn: HTMLButtonElement
  readonly #connection: HTMLElement
  #panelOf = ''
  #isFirst = true

  constructor(
    form: HTMLFormElement,
    texts: ClientTexts,
    act: { next: () => void; back: () => void; readAloud?: () => void },
  ) {
    this.#form = form
    this.#texts = texts
    this.#count = make('p', { class: 'step' })
    this.#bar = make('progress', { class: 'way', 'aria-hidden': 'true' })
    const { readAloud } = act
    this.#reader = readAloud && button('small', texts.readAloud, readAloud, 'speaker')
    this.#progress = make('div', { class: 'progress' }, this.#bar, this.#count, this.#reader)
    this.panel = make('div', { class: 'panel', tabindex: -1 })
    this.#back = button('quiet', texts.back, act.back)
    this.#next = form.querySelector<HTMLButtonElement>('button[type=submit]')!
    this.#goOn = button('quiet', texts.goOn, () => this.onGoOn())
    this.#nav = make('div', { class: 'nav' }, this.#back, this.#goOn)
    this.#connection = make('p', { class: 'connection', role: 'status' })
    // Said for pages without script.
    form.querySelector(':scope > .hint')?.remove()
    form.before(this.#progress)
    this.#next.before(this.panel)
    this.#nav.append(this.#next)
    form.append(this.#nav, this.#connection)
    form.noValidate = true
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      act.next()
    })
  }

  /** From here on the script leads. */
  live(): void {
    document.documentElement.classList.add('live')
  }

  /** A new thing is there: it is seen from its top, and what reads the page aloud begins there. */
  arrive(target: HTMLElement): void {
    if (this.#isFirst) {
      this.#isFirst = false
      document.querySelector('.notice')?.remove()
    }
    target.tabIndex = -1
    target.focus({ preventScroll: true })
    window.scrollTo({ top: 0 })
  }

  show(shown: Shown): void {
    const { view, at, of } = shown
    const isStep = view === 'step'
    show(this.#progress, view !== 'over' && view !== 'waiting')
    const label = isStep ? this.#texts.step(at + 1, of) : ''
    this.#count.textContent = label
    this.#bar.max = Math.max(1, of)
    this.#bar.value = at
    document.title = label ? `${label} – ${this.#title}` : this.#title
    document.documentElement.classList.toggle('first', isStep && at === 0)
    if (this.#reader) {
      show(this.#reader, isStep && shown.reading !== undefined)
      this.#reader.setAttribute('aria-pressed', String(shown.reading === true))
      this.#reader.querySelector('span')!.textContent = shown.reading ? this.#texts.stopReading : this.#texts.readAloud
    }
    show(this.panel, !isStep)
    this.#fillPanel(shown)
    show(this.#nav, isStep || view === 'review' || view === 'thinking')
    show(this.#back, shown.canGoBack)
    show(this.#goOn, view === 'thinking')
    const cannotSend = view === 'review' && shown.missing.length > 0
    show(this.#next, view !== 'thinking' && !cannotSend)
    this.#next.textContent = this.#texts[shown.next]
    this.#next.classList.toggle('plain', shown.next === 'skip' || shown.isBusy)
    const word = shown.connection === 'good' ? '' : this.#texts[shown.connection]
    if (this.#connection.textContent !== word) this.#connection.textContent = word
  }

  #fillPanel({ view, missing, goTo, progress, connection }: Shown): void {
    const { panel } = this
    const texts = this.#texts
    // Filled once per occasion, so that whoever is in it is not thrown out.
    const occasion = `${view} ${missing.map((field) => field.question.key).join(' ')}`
    if (occasion !== this.#panelOf) {
      this.#panelOf = occasion
      panel.className = view === 'step' ? 'panel' : `panel ${view}`
      if (view === 'review' && missing.length > 0) {
        const items = missing.map((field) => {
          const go = button('link', field.promptText, () => goTo(field))
          go.lang = field.language
          const fault = field.fault && make('p', { class: 'fault' }, field.fault)
          return make('li', {}, go, fault || undefined)
        })
        panel.replaceChildren(
          make('h2', {}, texts.missingTitle),
          make('p', {}, texts.missingText),
          make('ul', {}, ...items),
        )
      } else if (view === 'review') {
        panel.replaceChildren(make('h2', {}, texts.completeTitle), make('p', {}, texts.completeText))
      } else if (view === 'thinking' || view === 'waiting') {
        const word = view === 'thinking' ? texts.thinking : texts.fetching
        panel.replaceChildren(dots(), make('p', { role: 'status' }, word))
      } else if (view === 'sending') {
        panel.replaceChildren(
          make('p', { role: 'status' }, texts.submitting),
          make('progress', { max: 1, 'aria-label': texts.sending }),
          make('p', { class: 'later' }),
        )
      }
    }
    if (view !== 'sending') return
    const bar = panel.querySelector('progress')!
    if (progress < 1) bar.value = progress
    else bar.removeAttribute('value')
    panel.querySelector('.later')!.textContent = connection === 'good' ? '' : texts.submitLater
  }

  /** The thanks, which the server has written in a template. */
  thank(onward: string | undefined): void {
    const template = document.querySelector<HTMLTemplateElement>('#thanks')!
    this.panel.className = 'panel over'
    this.panel.replaceChildren(make('div', { class: 'done' }, icon('check')), template.content.cloneNode(true))
    if (onward !== undefined) {
      this.panel.append(make('p', { class: 'hint' }, this.#texts.onward(new URL(onward).host)))
    }
    this.arrive(this.panel)
  }

  /** Nothing more can be answered here. */
  stop(): void {
    const { stoppedTitle, stoppedText, reload } = this.#texts
    this.panel.className = 'panel over'
    this.panel.replaceChildren(
      make('h2', {}, stoppedTitle),
      make('p', {}, stoppedText),
      button('', reload, () => location.reload()),
    )
    this.arrive(this.panel)
  }

  get form(): HTMLFormElement {
    return this.#form
  }
}

function dots(): HTMLElement {
  return make('div', { class: 'dots', 'aria-hidden': 'true' }, make('i'), make('i'), make('i'))
}
