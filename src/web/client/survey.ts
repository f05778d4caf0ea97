import type { Answered, Api, FollowUp, Refused, SessionView } from './api.ts'
import { Refused as RefusedError } from './api.ts'
import { Chrome } from './chrome.ts'
import type { Field, FieldDeps } from './field.ts'
import { FileField } from './file-field.ts'
import { cloneFollowUp } from './follow-up.ts'
import type { Memory } from './memory.ts'
import type { ClientPage, ClientQuestion } from './model.ts'
import { Outbox } from './outbox.ts'
import { silence } from './player.ts'
import { followUpsOf } from './probing.ts'
import { ReadAloud } from './read-aloud.ts'
import type { Shelf } from './shelf.ts'
import { Steps } from './steps.ts'
import type { ClientTexts } from './texts.ts'
import { ValueField } from './value-field.ts'
import { VoiceField } from './voice-field.ts'

/** A pause that is shorter than this is none. */
const NOTICED_MS = 400
/** As long as anybody would wait for a question. */
const PATIENCE_MS = 15_000
const RETRY_MS = 3_000
/** Before the style sheet shows all questions at once, which it does where no script leads. */
const HASTE_MS = 2_500
/** Long enough to read the thanks. */
const REDIRECT_MS = 5_000

export interface SurveyDeps {
  form: HTMLFormElement
  page: ClientPage
  texts: ClientTexts
  api: Api
  memory: Memory
  shelf: Shelf
}

/** What the person looks at. */
type View = { name: 'step' | 'thinking'; key: string } | { name: 'waiting' | 'review' | 'sending' | 'over' }

/** The conversation: one question at a time, each answer saved as it is given, and at the end everything is sent. */
export class Survey {
  readonly #deps: SurveyDeps
  readonly #fieldDeps: FieldDeps
  readonly #outbox: Outbox
  readonly #steps: Steps
  readonly #chrome: Chrome
  readonly #reading: ReadAloud
  /** Answers of which something may still become, by field key. */
  readonly #probes = new Map<string, { stop: AbortController; over: Promise<void> }>()
  #view: View = { name: 'step', key: '' }
  #isGoing = false
  /** Looks again at how things stand, for those who wait for it. */
  readonly #watchers = new Set<() => void>()

  constructor(deps: SurveyDeps) {
    this.#deps = deps
    const { form, page, texts, api, shelf } = deps
    this.#outbox = new Outbox({
      api,
      shelf,
      changed: (key) => this.#standingChanged(key),
      stopped: (refused) => this.#stopped(refused),
    })
    this.#fieldDeps = { texts, outbox: this.#outbox, shelf, changed: () => this.#answersChanged() }
    for (const later of form.querySelectorAll<HTMLTemplateElement>('template')) later.replaceWith(later.content)
    const roots = [...form.querySelectorAll<HTMLElement>('[data-question]')]
    const fields = roots.map((root) => this.#fieldOf(root, JSON.parse(root.dataset.question!)))
    this.#steps = new Steps(fields.filter(({ question }) => question.follows === undefined))
    for (const field of fields) {
      const { follows } = field.question
      if (follows !== undefined) this.#steps.addFurther(field, follows, follows)
    }
    this.#reading = new ReadAloud(api, () => this.#render())
    this.#chrome = new Chrome(form, texts, {
      next: () => void this.#next(),
      back: () => this.#back(),
      ...(page.readsAloud ? { readAloud: () => this.#readAloud() } : {}),
    })
  }

  /** Until what was answered before is known, nothing is asked: what is entered meanwhile would be written over. */
  async waitFor<Known>(known: Promise<Known>): Promise<Known> {
    const result = await Promise.race([known.then((value) => ({ value })), after(HASTE_MS)])
    if (result) return result.value
    this.#view = { name: 'waiting' }
    this.#chrome.live()
    this.#render()
    return known
  }

  /** `session`: what the server has; undefined when it does not say, and what the page shows stays. */
  async begin(session: SessionView | undefined): Promise<void> {
    const { memory } = this.#deps
    for (const followUp of session?.followUps ?? []) this.#addFollowUp(followUp, followUp.follows)
    if (session) for (const field of this.#steps.all) field.restore(session.answers[field.question.key])
    await this.#unshelve(session?.answers ?? {})
    addEventListener('popstate', ({ state }) => this.#recall(state))
    addEventListener('online', () => this.#render())
    addEventListener('offline', () => this.#render())
    addEventListener('pagehide', () => this.#keep())
    document.addEventListener('visibilitychange', () => document.hidden && this.#keep())
    const { shown } = this.#steps
    const faulty = shown.find((field) => field.fault !== undefined)
    const remembered = shown.find((field) => field.question.key === memory.read().at)
    const unanswered = shown.some((field) => field.isAnswered) && shown.find((field) => !field.isAnswered)
    const first = faulty ?? remembered ?? (unanswered || undefined) ?? shown[0]
    this.#chrome.live()
    if (!first) return this.#end(false)
    this.#go(first, { focus: false, history: 'replace' })
  }

  // -- Fields

  #fieldOf(root: HTMLElement, question: ClientQuestion): Field {
    const { api, page } = this.#deps
    if (question.speaks) return new VoiceField(root, question, this.#fieldDeps, api, page.transcribesLive === true)
    return question.attaches
      ? new FileField(root, question, this.#fieldDeps)
      : new ValueField(root, question, this.#fieldDeps)
  }

  /** What a former visit gave and could not send. */
  async #unshelve(saved: Record<string, Answered>): Promise<void> {
    const { shelf } = this.#deps
    const values = await shelf.values()
    const takes = await shelf.takes()
    for (const [key, value] of values) {
      const field = this.#steps.field(key)
      if (field instanceof ValueField || field instanceof VoiceField) field.enter(value)
    }
    for (const { take, blob } of takes) {
      const field = this.#steps.field(take.key)
      const isThere = take.whole && saved[take.key]?.upload?.size === blob.size
      if (isThere) await shelf.removeTake(take.key)
      else if (field instanceof VoiceField) field.resume(take, blob)
      else if (field instanceof FileField) field.resume(take)
    }
    const asked = (key: string) => this.#steps.field(key) !== undefined
    this.#outbox.restore(
      new Map([...values].filter(([key]) => asked(key))),
      takes.filter(({ take, blob }) => asked(take.key) && saved[take.key]?.upload?.size !== blob.size),
    )
  }

  get #current(): Field | undefined {
    return this.#view.name === 'step' ? this.#steps.field(this.#view.key) : undefined
  }

  // -- Going on

  #go(field: Field, { focus = true, history: mode = 'push' as 'push' | 'replace' | 'none' } = {}): void {
    const { key } = field.question
    this.#reading.stop()
    silence()
    this.#view = { name: 'step', key }
    if (mode === 'push') history.pushState({ key }, '')
    if (mode === 'replace') history.replaceState({ key }, '')
    this.#deps.memory.write({ at: key })
    this.#render()
    if (focus) this.#chrome.arrive(field.prompt)
    if (focus && this.#reading.isWanted) this.#reading.read(key, field.promptText, field.language)
  }

  /** The browser's own back and forward. */
  #recall(state: unknown): void {
    if (this.#view.name === 'over' || this.#view.name === 'sending') return
    void this.#current?.leave()
    // Whoever goes elsewhere waits no longer.
    this.#chrome.onGoOn()
    const key = (state as { key?: string } | null)?.key
    const field = this.#steps.shown.find((each) => each.question.key === key)
    if (field) this.#go(field, { history: 'none' })
  }

  /** What is being typed is kept, whatever becomes of the page; a recording is kept as it goes. */
  #keep(): void {
    this.#current?.keep()
  }

  #back(): void {
    const { shown } = this.#steps
    const current = this.#current
    void current?.leave()
    const before = current ? shown[shown.indexOf(current) - 1] : shown.at(-1)
    if (before) this.#go(before)
  }

  /** Whoever touches twice goes on once. */
  async #next(): Promise<void> {
    if (this.#isGoing) return
    this.#isGoing = true
    try {
      await this.#goOn()
    } finally {
      this.#isGoing = false
    }
  }

  async #goOn(): Promise<void> {
    if (this.#view.name === 'review') return void this.#submit()
    const field = this.#current
    if (!field) return
    const from = this.#view
    const isSending = this.#sends(field)
    await field.leave()
    if (this.#view !== from || this.#refuses(field)) return
    const mayThink = this.#mayProbe(field) && !this.#outbox.isOffline && navigator.onLine
    if (mayThink && !(await this.#think(field))) return
    const { shown } = this.#steps
    const following = shown[shown.indexOf(field) + 1]
    if (following) this.#go(following)
    else this.#end(isSending)
  }

  /** Whether something must be put right before the person goes on. */
  #refuses(field: Field): boolean {
    const fault = field.check() ?? (field.question.required && !field.isAnswered ? 'required' : undefined)
    if (field.fault === undefined && fault === undefined) return false
    // A refused recording that need not be there does not hold anybody.
    if (fault === undefined && !field.question.required && !field.isAnswered) return false
    if (field.fault === undefined) field.showFault(fault)
    field.focusControl()
    return true
  }

  /** Whether the button says "Send" here: nothing comes after, nothing is missing, nothing can come of the answer. */
  #sends(field: Field): boolean {
    const { shown } = this.#steps
    return shown.at(-1) === field && !this.#mayProbe(field) && this.#missing(field).length === 0
  }

  #missing(except?: Field): Field[] {
    return this.#steps.shown.filter(
      (field) => field !== except && ((field.question.required && !field.isAnswered) || field.fault !== undefined),
    )
  }

  /** The end of the questions. */
  #end(isSending: boolean): void {
    if (isSending && this.#missing().length === 0) return void this.#submit()
    this.#reading.stop()
    this.#view = { name: 'review' }
    this.#render()
    this.#chrome.arrive(this.#chrome.panel)
  }

  // -- Sending

  async #submit(): Promise<void> {
    const { api, shelf, memory } = this.#deps
    this.#view = { name: 'sending' }
    this.#render()
    this.#chrome.arrive(this.#chrome.panel)
    await this.#outbox.emptied()
    if (this.#view.name !== 'sending') return
    if (this.#missing().length > 0) return this.#end(false)
    try {
      const answer = await api.call<{ thankYouMessage: string; redirectUrl: string | null }>('POST', '/session/submit')
      await shelf.clear()
      memory.clear()
      this.#over(answer.redirectUrl)
    } catch (error) {
      if (error instanceof RefusedError && error.code === 'VALIDATION_FAILED') return this.#reviewIssues(error)
      if (error instanceof RefusedError && !error.passes) return this.#stopped(error)
      // Nobody answered: once more, as soon as there is hope.
      await after(RETRY_MS)
      return this.#submit()
    }
  }

  #reviewIssues(refused: Refused): void {
    for (const { path, rule } of refused.issues) {
      const field = this.#steps.field(String(path[0]))
      if (field && rule === 'required') field.showFault('required')
    }
    this.#end(false)
  }

  #over(redirectUrl: string | null): void {
    const { page } = this.#deps
    this.#close()
    // The page judged the address already: only http and https go on.
    const onward = redirectUrl === null ? undefined : page.redirect
    this.#chrome.thank(onward)
    if (onward !== undefined) setTimeout(() => location.assign(onward), REDIRECT_MS)
  }

  /** The server takes no more: closed, deleted, submitted in another tab. */
  #stopped(_refused: Refused): void {
    this.#close()
    this.#chrome.stop()
  }

  /** Nothing is answered here any more, and nobody is recorded. */
  #close(): void {
    for (const field of this.#steps.all) field.dismiss()
    this.#view = { name: 'over' }
    this.#render()
  }

  // -- Further questions

  #mayProbe({ question }: Field): boolean {
    return question.probes === true
  }

  /**
   * Waits a while for what becomes of an answer; the person may go on at any moment. False when they went elsewhere, or
   * the page is over, meanwhile.
   */
  async #think(field: Field): Promise<boolean> {
    const { key } = field.question
    const from = this.#view
    if (!field.isAnswered) return true
    let isSettled = false
    const settled = this.#settled(key).then(() => {
      isSettled = true
    })
    const goneOn = new Promise<void>((resolve) => {
      this.#chrome.onGoOn = resolve
    })
    await Promise.race([settled, goneOn, after(NOTICED_MS)])
    if (this.#view !== from) return false
    if (isSettled) return true
    const thinking: View = { name: 'thinking', key }
    this.#view = thinking
    this.#render()
    this.#chrome.arrive(this.#chrome.panel)
    await Promise.race([settled, goneOn, after(PATIENCE_MS)])
    if (this.#view !== thinking) return false
    this.#view = { name: 'step', key }
    return true
  }

  /** Resolves when the answer is with the server and nothing more becomes of it, or when that cannot be known. */
  async #settled(key: string): Promise<void> {
    for (;;) {
      const { state } = this.#outbox.standing(key)
      if (state !== 'sending' && state !== 'waiting') break
      if (this.#outbox.isOffline) return
      await new Promise<void>((resolve) => this.#watchers.add(resolve))
    }
    await this.#probes.get(key)?.over
  }

  /** An answer arrived: something may come of it. */
  #probe(field: Field): void {
    const { key, follows = key } = field.question
    this.#probes.get(key)?.stop.abort()
    if (!field.isAnswered) return
    const stop = new AbortController()
    const over = followUpsOf(this.#deps.api, [key, follows], stop.signal).then((followUps) => {
      if (stop.signal.aborted || !followUps) return
      const asked = new Set(followUps.map(({ fieldKey }) => fieldKey))
      this.#forget(this.#steps.dropUnasked(follows, asked), follows)
      for (const followUp of followUps) {
        if (followUp.follows === follows) this.#addFollowUp(followUp, this.#anchor(key))
      }
      this.#render()
    })
    this.#probes.set(key, { stop, over })
  }

  /** Further questions that are no longer asked leave the page; whoever was at one is back at what it followed. */
  #forget(gone: readonly Field[], follows: string): void {
    const current = this.#current
    for (const field of gone) {
      field.dismiss()
      field.root.remove()
      // An answer that is still on its way would find nothing that it answers.
      void this.#outbox.forget(field.question.key)
    }
    const before = this.#steps.field(follows)
    if (current && gone.includes(current) && before) this.#go(before, { history: 'replace' })
  }

  /** Behind its answer, or, when the person is further, behind where they are: it comes next. */
  #anchor(key: string): string {
    const { shown } = this.#steps
    const current = this.#current
    const answer = this.#steps.field(key)
    if (!current || !answer) return key
    return shown.indexOf(current) > shown.indexOf(answer) ? current.question.key : key
  }

  #addFollowUp(followUp: FollowUp, after: string): void {
    if (this.#steps.field(followUp.fieldKey)) return
    const parent = this.#steps.field(followUp.follows)
    if (!parent) return
    const root = cloneFollowUp(followUp, parent.question)
    this.#steps.field(after)?.root.after(root)
    const speaks = followUp.type !== 'text' && parent.question.speaks === true
    const question: ClientQuestion = {
      key: followUp.fieldKey,
      type: followUp.type,
      speaks,
      writes: parent.question.writes,
      seconds: parent.question.seconds,
      probes: true,
      follows: followUp.follows,
    }
    const field = this.#fieldOf(root, question)
    field.root.hidden = true
    this.#steps.addFurther(field, followUp.follows, after)
  }

  // -- What is seen

  #standingChanged(key: string): void {
    const field = this.#steps?.field(key)
    if (!field) return
    field.refresh()
    const { state } = this.#outbox.standing(key)
    if (state === 'saved' && this.#mayProbe(field)) this.#probe(field)
    // What came of an earlier answer is void with it.
    else if (state === 'waiting') this.#forget(this.#steps.dropUnasked(key, new Set()), key)
    for (const watcher of this.#watchers) watcher()
    this.#watchers.clear()
    this.#render()
  }

  #answersChanged(): void {
    this.#render()
  }

  #readAloud(): void {
    const field = this.#current
    if (!field) return
    const { key } = field.question
    if (this.#reading.isReading(key)) {
      this.#reading.isWanted = false
      this.#reading.stop()
    } else {
      this.#reading.isWanted = true
      this.#reading.read(key, field.promptText, field.language)
    }
  }

  #render(): void {
    // Fields speak while they are made, before there is anything to show them in.
    if (!this.#chrome) return
    const { shown } = this.#steps
    const field = this.#current
    const view = this.#view
    const { name } = view
    const at = 'key' in view ? shown.findIndex(({ question }) => question.key === view.key) : shown.length
    for (const each of this.#steps.all) each.root.hidden = each !== field
    this.#chrome.show({
      view: name,
      at,
      of: shown.length,
      canGoBack: name === 'step' ? at > 0 : name === 'review',
      next: !field ? 'send' : this.#sends(field) ? 'send' : this.#isSkipped(field) ? 'skip' : 'next',
      isBusy: field instanceof VoiceField && field.isRecording,
      missing: name === 'review' ? this.#missing() : [],
      goTo: (missing) => this.#go(missing),
      reading: this.#deps.page.readsAloud && field ? this.#reading.isReading(field.question.key) : undefined,
      connection: this.#outbox.isEmpty || !this.#isCutOff ? 'good' : navigator.onLine ? 'retrying' : 'offline',
      progress: this.#outbox.progress,
    })
  }

  get #isCutOff(): boolean {
    return !navigator.onLine || this.#outbox.isOffline
  }

  #isSkipped(field: Field): boolean {
    if (field.question.required || field.isAnswered) return false
    return !(field instanceof ValueField) || field.isEmpty
  }
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
