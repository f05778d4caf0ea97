import { type Answered, type Api, answerPath } from './api.ts'
import { button, clock, make, show } from './dom.ts'
import type { Fault } from './fault.ts'
import { Field, type FieldDeps } from './field.ts'
import { LiveTranscript } from './live-transcript.ts'
import type { ClientQuestion } from './model.ts'
import { play, silence } from './player.ts'
import { canRecord, type Listener, NoMicrophone, Recorder } from './recorder.ts'
import type { Take } from './shelf.ts'
import { countCharacters } from './value-field.ts'
import { drawWave } from './wave.ts'

/** As long as the server takes (contract/sayify.md 7). */
const LONGEST_SECONDS = 3_600
/** From here on the seconds that are left are counted. */
const COUNTDOWN_SECONDS = 10
/** How long nobody speaks before we wonder. */
const QUIET_SECONDS = 5
const REST_MS = 1_500
/** How long a recording may take to come back; an hour of it is many megabytes. */
const FETCH_MS = 120_000

type State =
  | { name: 'ready' }
  /** The microphone was asked for; `before` is what there is until it is given. */
  | { name: 'asking'; before: State }
  | { name: 'recording'; recorder: Recorder }
  | { name: 'stopping'; over: Promise<void> }
  /** Recorded here; `whole` is false for one that a reload cut off, which waits to be kept or deleted. */
  | { name: 'taken'; take: Take; blob: Blob }
  /** The server has a recording that this device has not. */
  | { name: 'saved'; sound?: Promise<Blob | undefined> }
  | { name: 'writing' }

/** A question that is answered by speaking, or by writing or with a file where that is allowed or nothing else works. */
export class VoiceField extends Field {
  readonly #api: Api
  readonly #live: boolean
  /** For words, or for a file made elsewhere: what the page without script asks with. */
  readonly #other: HTMLTextAreaElement | HTMLInputElement
  readonly #panel: HTMLElement
  readonly #wave: HTMLCanvasElement
  readonly #time: HTMLElement
  readonly #status: HTMLElement
  readonly #heard: HTMLElement
  readonly #controls: HTMLElement
  readonly #switch: HTMLButtonElement
  readonly #bar: HTMLProgressElement
  #state: State = { name: 'ready' }
  #given: string | undefined
  #resting: ReturnType<typeof setTimeout> | undefined
  #transcript: LiveTranscript | undefined
  #playing: HTMLAudioElement | undefined
  /** Why the recording ended by itself. */
  #reason: string | undefined

  constructor(root: HTMLElement, question: ClientQuestion, deps: FieldDeps, api: Api, live: boolean) {
    super(root, question, deps)
    this.#api = api
    this.#live = live
    this.#other = root.querySelector<HTMLTextAreaElement | HTMLInputElement>('textarea, [type=file]')!
    this.#wave = make('canvas', { class: 'wave', 'aria-hidden': 'true' })
    this.#time = make('p', { class: 'time' })
    this.#status = make('p', { class: 'said', role: 'status' })
    this.#heard = make('p', { class: 'heard' })
    this.#controls = make('div', { class: 'controls' })
    this.#bar = make('progress', { max: 1, 'aria-label': deps.texts.sending })
    this.#switch = button('link', '', () => this.#switchOver())
    this.#panel = make(
      'div',
      { class: 'recorder' },
      ...[this.#wave, this.#time, this.#controls, this.#bar, this.#status, this.#heard],
    )
    this.#other.before(this.#panel)
    root.append(this.#switch)
    root.setAttribute('role', 'group')
    root.setAttribute('aria-labelledby', this.prompt.id)
    // Words for pages without script.
    if (!this.#writes) root.querySelector('.hint')?.remove()
    root.querySelector('[name^="d."]')?.closest('label')?.remove()
    this.#listenToOther()
    new ResizeObserver(() => this.#draw()).observe(this.#wave)
    const isWritten = this.#other instanceof HTMLTextAreaElement && this.#other.value !== ''
    this.#enter(isWritten || !canRecord() ? { name: 'writing' } : { name: 'ready' })
    if (!canRecord()) this.#say(deps.texts.obstacles.unsupported)
  }

  get value(): unknown {
    const text = this.#writtenText
    return this.#state.name === 'writing' && text.trim() !== '' ? text : undefined
  }

  get isAnswered(): boolean {
    const state = this.#state.name === 'asking' ? this.#state.before : this.#state
    if (state.name === 'taken') return state.take.whole && !this.isRefused
    return ['saved', 'recording', 'stopping'].includes(state.name) || this.value !== undefined
  }

  get isRecording(): boolean {
    return this.#state.name === 'recording'
  }

  /** Whether the person has it before them. */
  get #isSeen(): boolean {
    return this.root.isConnected && !this.root.hidden
  }

  protected override get givesUpload(): boolean {
    return this.value === undefined
  }

  check(): Fault | undefined {
    return undefined
  }

  override restore(saved: Answered | undefined): void {
    super.restore(saved)
    if (this.#state.name === 'taken') return
    if (saved?.upload) {
      this.#enter({ name: 'saved' })
      return
    }
    if (typeof saved?.value !== 'string' || !(this.#other instanceof HTMLTextAreaElement)) return
    this.enter(saved.value)
  }

  /** Shows words as if they had been written. */
  enter(value: unknown): void {
    if (!(this.#other instanceof HTMLTextAreaElement)) return
    this.#other.value = value === undefined ? '' : String(value)
    this.#given = this.#other.value
    this.#other.dispatchEvent(new Event('counted'))
    if (value !== undefined) this.#enter({ name: 'writing' })
  }

  /** What a former visit recorded here. */
  resume(take: Take, blob: Blob): void {
    this.#enter({ name: 'taken', take, blob })
  }

  override refresh(): void {
    super.refresh()
    this.#render()
  }

  /** A recording that is under way ends here, and counts. */
  override async leave(): Promise<void> {
    silence()
    if (this.#state.name === 'recording' || this.#state.name === 'stopping') await this.#stop()
    else if (this.#state.name === 'writing') await this.#giveText()
    else if (this.#state.name === 'taken' && !this.#state.take.whole) await this.#keepUnfinished()
  }

  /** A recording is kept as it goes, and one that was cut off counts when the person says so. */
  override keep(): void {
    void this.#giveText()
  }

  override dismiss(): void {
    if (this.#state.name !== 'recording') return
    const { recorder } = this.#state
    this.#enter({ name: 'ready' })
    void recorder.discard()
  }

  get #writes(): boolean {
    return this.#other instanceof HTMLTextAreaElement
  }

  get #writtenText(): string {
    return this.#other instanceof HTMLTextAreaElement ? this.#other.value : ''
  }

  // -- Speaking

  async #record(): Promise<void> {
    const { texts, shelf, outbox } = this.deps
    silence()
    this.showFault(undefined)
    const before = this.#state
    this.#reason = undefined
    const asking: State & { name: 'asking' } = { name: 'asking', before }
    this.#enter(asking)
    this.#say(texts.askingMicrophone)
    const longest = this.question.seconds ?? LONGEST_SECONDS
    try {
      const listener: Listener = { tick: () => this.#tick(), ended: (why) => void this.#stop(why) }
      // Nobody is heard at a question that they do not see.
      const isWanted = () => this.#state === asking && this.#isSeen
      const recorder = await Recorder.start(shelf, this.question.key, longest, listener, isWanted)
      if (!recorder) return this.#takeBack(asking)
      // The earlier answer stays with the server until the new one replaces it.
      this.#enter({ name: 'recording', recorder }, true)
      this.#say(texts.recording)
      if (this.#live) this.#listenLive(recorder)
      await outbox.forget(this.question.key)
    } catch (error) {
      if (this.#state !== asking) return
      // What was recorded before is still there.
      this.#enter(before.name === 'taken' || before.name === 'saved' ? before : { name: 'writing' }, true)
      this.#say(texts.obstacles[error instanceof NoMicrophone ? error.obstacle : 'busy'])
    }
    this.deps.changed()
  }

  /** The microphone came too late. */
  #takeBack(asking: State & { name: 'asking' }): void {
    if (this.#state !== asking) return
    this.#enter(asking.before)
    this.#say('')
    this.#showSending()
    this.deps.changed()
  }

  #listenLive(recorder: Recorder): void {
    const isOn = () => this.#state.name === 'recording' && !recorder.isPaused
    this.#transcript = new LiveTranscript(
      this.#api,
      () => (isOn() ? recorder.soFar : undefined),
      (text) => {
        this.#heard.replaceChildren(make('span', { class: 'mark' }, `${this.deps.texts.transcript}: `), text)
      },
    )
  }

  #tick(): void {
    if (this.#state.name !== 'recording') return
    const { recorder } = this.#state
    const { texts } = this.deps
    const left = (this.question.seconds ?? LONGEST_SECONDS) - recorder.seconds
    if (left <= COUNTDOWN_SECONDS) {
      // Said once, shown every second.
      if (!this.#status.dataset.countdown) this.#say(texts.secondsLeft(COUNTDOWN_SECONDS))
      this.#status.dataset.countdown = 'yes'
    } else if (recorder.quietSeconds > QUIET_SECONDS) this.#say(texts.quiet)
    else if (this.#status.textContent === texts.quiet) this.#say(texts.recording)
    this.#showTime()
    this.#draw()
  }

  #pause(recorder: Recorder): void {
    if (recorder.isPaused) recorder.resume()
    else recorder.pause()
    this.#say(recorder.isPaused ? this.deps.texts.paused : this.deps.texts.recording)
    this.#render()
    this.#controls.querySelector('button')?.focus()
  }

  async #stop(why?: 'longest' | 'microphone'): Promise<void> {
    // A second end, by the clock while a finger is on its way, finds nothing to stop.
    if (this.#state.name === 'stopping') return this.#state.over
    if (this.#state.name !== 'recording') return
    const over = this.#take(this.#state.recorder, why)
    this.#enter({ name: 'stopping', over })
    return over
  }

  async #take(recorder: Recorder, why?: 'longest' | 'microphone'): Promise<void> {
    const { texts, outbox, changed } = this.deps
    const { take, blob } = await recorder.stop()
    this.#enter({ name: 'taken', take, blob }, true)
    const reason = why === 'longest' ? texts.reachedLongest : why === 'microphone' ? texts.microphoneGone : undefined
    this.#reason = reason
    this.#say(reason ?? texts.recorded(clock(take.seconds)))
    await outbox.giveTake(take, blob)
    changed()
  }

  async #keepUnfinished(): Promise<void> {
    if (this.#state.name !== 'taken') return
    const { take, blob } = this.#state
    take.whole = true
    take.size = blob.size
    await this.deps.shelf.putTake(take)
    await this.deps.outbox.giveTake(take, blob)
    this.deps.changed()
    this.#render()
    this.#focusFirst()
  }

  async #discard(): Promise<void> {
    const { outbox, changed } = this.deps
    const { key } = this.question
    silence()
    const wasSaved = this.saved !== undefined || outbox.standing(key).state === 'saved'
    this.saved = undefined
    await outbox.forget(key)
    if (wasSaved) await outbox.giveValue(key, undefined)
    this.#heard.textContent = ''
    this.showFault(undefined)
    this.#enter({ name: 'ready' }, true)
    this.#say('')
    changed()
  }

  #listen(): void {
    const state = this.#state
    if (this.#playing) {
      silence()
      return
    }
    if (state.name !== 'taken' && state.name !== 'saved') return
    const seconds = state.name === 'taken' ? state.take.seconds : 0
    const ended = () => {
      clearInterval(timer)
      this.#playing = undefined
      this.#render()
    }
    const audio = play(state.name === 'taken' ? state.blob : this.#fetched(state), {
      ended,
      failed: () => {
        ended()
        this.#say(this.deps.texts.cannotPlay)
      },
    })
    this.#playing = audio
    const timer = setInterval(() => this.#draw(audio.currentTime / Math.max(seconds, 0.1)), 50)
    this.#render()
  }

  /** What only the server has, fetched once; what could not be had is asked for again. */
  #fetched(state: State & { name: 'saved' }): Promise<Blob | undefined> {
    state.sound ??= this.#api.sound(`${answerPath(this.question.key)}/recording`, FETCH_MS).then((sound) => {
      if (!sound) state.sound = undefined
      return sound
    })
    return state.sound
  }

  // -- Writing, or a recording made elsewhere

  #listenToOther(): void {
    const other = this.#other
    if (other instanceof HTMLTextAreaElement) {
      countCharacters(other, this.deps)
      other.addEventListener('change', () => void this.#giveText())
      other.addEventListener('input', () => {
        this.showFault(undefined)
        this.deps.changed()
        clearTimeout(this.#resting)
        // Half a sentence is not to be asked about.
        if (!this.question.probes) this.#resting = setTimeout(() => void this.#giveText(), REST_MS)
      })
    } else other.addEventListener('change', () => void this.#chooseFile(other))
  }

  async #giveText(): Promise<void> {
    clearTimeout(this.#resting)
    const text = this.#writtenText
    if (this.#state.name !== 'writing' || text === (this.#given ?? '')) return
    this.#given = text
    await this.deps.outbox.giveValue(this.question.key, text.trim() === '' ? undefined : text)
    this.deps.changed()
  }

  async #chooseFile(input: HTMLInputElement): Promise<void> {
    const [file] = input.files ?? []
    if (!file) return
    const { shelf, outbox, changed } = this.deps
    const facts = { seconds: 0, peaks: [], whole: true, size: file.size, at: Date.now() }
    const take: Take = { key: this.question.key, kind: 'recording', name: file.name, mediaType: file.type, ...facts }
    await shelf.removeTake(take.key)
    await shelf.putPiece(take, 0, file)
    input.value = ''
    this.showFault(undefined)
    this.#enter({ name: 'taken', take, blob: file }, true)
    await outbox.giveTake(take, file)
    changed()
  }

  #switchOver(): void {
    if (this.#state.name !== 'writing') {
      silence()
      if (this.#writes) this.#enter({ name: 'writing' }, true)
      else this.#other.click()
      return
    }
    // Words that stand there stay the answer until something is recorded.
    this.#enter(this.saved?.upload ? { name: 'saved' } : { name: 'ready' }, true)
  }

  // -- What is seen

  #enter(state: State, focus = false): void {
    if (state.name !== 'recording') {
      this.#transcript?.stop()
      this.#transcript = undefined
    } else this.#heard.textContent = ''
    this.#state = state
    delete this.#status.dataset.countdown
    this.root.dataset.state = state.name
    this.#render()
    if (focus) this.#focusFirst()
  }

  #focusFirst(): void {
    if (this.#state.name === 'writing') this.#other.focus()
    else this.#controls.querySelector('button')?.focus()
  }

  #say(text: string): void {
    if (this.#status.textContent !== text) this.#status.textContent = text
  }

  #render(): void {
    const { texts } = this.deps
    const state = this.#state
    const isWriting = state.name === 'writing'
    show(this.#other, isWriting)
    const count = this.root.querySelector<HTMLElement>('.count')
    if (count) show(count, isWriting)
    show(this.#wave, state.name === 'recording' || (state.name === 'taken' && state.take.peaks.length > 0))
    show(this.#switch, canRecord() && ['ready', 'writing', 'saved'].includes(state.name))
    const otherwise = this.#writes ? texts.write : texts.chooseRecording
    this.#switch.querySelector('span')!.textContent = isWriting ? texts.speak : otherwise
    const hint = this.root.querySelector<HTMLElement>('.hint:not(.count)')
    if (hint) show(hint, isWriting)
    const focused = this.#controls.contains(document.activeElement)
    this.#controls.replaceChildren(...this.#buttons())
    if (focused && !this.#controls.contains(document.activeElement)) this.#controls.querySelector('button')?.focus()
    this.#showSending()
    this.#showTime()
    this.#draw()
  }

  #buttons(): HTMLButtonElement[] {
    const { texts } = this.deps
    const state = this.#state
    const record = (label: string) => button('round', label, () => void this.#record(), 'microphone')
    const listen = this.#playing
      ? button('round plain', texts.stopListening, () => this.#listen(), 'stop')
      : button('round plain', texts.listen, () => this.#listen(), 'play')
    switch (state.name) {
      case 'ready':
        return [record(texts.record)]
      case 'recording': {
        const { recorder } = state
        const toggle = recorder.isPaused
          ? button('round plain', texts.resume, () => this.#pause(recorder), 'microphone')
          : button('round plain', texts.pause, () => this.#pause(recorder), 'pause')
        return [button('round', texts.done, () => void this.#stop(), 'stop'), toggle]
      }
      case 'taken': {
        const again = button('round plain', texts.recordAgain, () => void this.#record(), 'again')
        const discard = button('round plain', texts.discard, () => void this.#discard(), 'remove')
        const keep = button('round', texts.keepUnfinished, () => void this.#keepUnfinished(), 'check')
        const makeAgain = canRecord() ? [again] : []
        return state.take.whole ? [listen, ...makeAgain, discard] : [keep, listen, discard]
      }
      case 'saved': {
        const again = button('round plain', texts.recordAgain, () => void this.#record(), 'again')
        const discard = button('round plain', texts.discard, () => void this.#discard(), 'remove')
        return canRecord() ? [listen, again, discard] : [listen, discard]
      }
      default:
        return []
    }
  }

  #showSending(): void {
    const { texts, outbox } = this.deps
    const state = this.#state
    const standing = outbox.standing(this.question.key)
    const isGoing = state.name === 'taken' && (standing.state === 'sending' || standing.state === 'waiting')
    show(this.#bar, isGoing)
    if (standing.state === 'sending') this.#bar.value = standing.part
    else this.#bar.removeAttribute('value')
    if (state.name === 'taken' && !state.take.whole) this.#say(texts.unfinished(clock(state.take.seconds)))
    else if (state.name === 'taken' && standing.state === 'saved') {
      this.#say(this.#reason === undefined ? texts.recordingSaved : `${this.#reason} ${texts.recordingSaved}`)
    } else if (state.name === 'saved') this.#say(texts.recordingSaved)
    else if (state.name === 'taken' && standing.state === 'refused') this.#say('')
  }

  #showTime(): void {
    const state = this.#state
    const { seconds: longest } = this.question
    const isTimed = state.name === 'recording' || (state.name === 'taken' && state.take.seconds > 0)
    show(this.#time, isTimed || (state.name === 'ready' && longest !== undefined))
    if (state.name === 'recording') {
      const { seconds } = state.recorder
      const left = longest === undefined ? undefined : longest - seconds
      const isNear = left !== undefined && left <= COUNTDOWN_SECONDS
      this.#time.textContent = isNear
        ? this.deps.texts.secondsLeft(Math.max(0, Math.ceil(left)))
        : longest === undefined
          ? clock(seconds)
          : `${clock(seconds)} / ${clock(longest)}`
      this.#time.classList.toggle('near', isNear)
    } else {
      this.#time.classList.remove('near')
      if (state.name === 'taken') this.#time.textContent = clock(state.take.seconds)
      else if (longest !== undefined) this.#time.textContent = this.deps.texts.longest(clock(longest))
    }
  }

  #draw(played = 0): void {
    const state = this.#state
    if (this.#wave.hidden) return
    if (state.name === 'recording') drawWave(this.#wave, state.recorder.take.peaks, 'recording')
    else if (state.name === 'taken') drawWave(this.#wave, state.take.peaks, this.#playing ? played : 1)
  }
}
