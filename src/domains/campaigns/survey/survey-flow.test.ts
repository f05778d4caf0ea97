import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CallEvent, Command } from '../../../providers/telephony/index.ts'
import type { QuestionRow } from '../../links/index.ts'
import { advance, commandOf, patienceMs } from '../flow.ts'
import { type FlowState, type PhoneFollowUp, START, type SurveyState } from '../flow-state.ts'
import type { Sound } from '../sound.ts'
import { closedSurvey, isProbing, newAnswers, surveyOutcome, surveyStart } from './survey-flow.ts'
import { FOLLOW_UP_SAID_MS, longestSurveyMs, MOST_WAITS, shownIn, surveyScript, WAIT_MS } from './survey-script.ts'

const CONTENT = {
  ...{ linkId: '', voice: 'en', greeting: null, goodbye: null, prompts: [], optOutKey: '*', tries: 3 },
  ...{ answerSeconds: 6, redialUnfinished: false, allowRepeats: false, followUpSms: null },
}
const question = (field_key: string, type: QuestionRow['type'], more: Partial<QuestionRow> = {}): QuestionRow => ({
  ...{ id: field_key, prompt: `${field_key}?`, field_key, type, order: 0, required: true, configuration: {} },
  ...{ condition: {}, enable_dynamic_probing: false, fallback_to_text: false, evaluator_config: {} },
  ...more,
})
/** As a question says it that must be answered. */
const YES_OR_NO = 'For yes, press 1. For no, press 2. To hear this question again, press only the hash key.'
const said = ({ text }: { text: string }): Sound => ({ kind: 'voice_file', voiceFileId: text })
const scriptOf = (questions: QuestionRow[], content: Partial<typeof CONTENT> = {}) =>
  surveyScript({ name: 'Visit' }, questions, { ...CONTENT, ...content }, said)

const media = (sound: Sound) => (sound.kind === 'silence' ? sound : ({ kind: 'url', url: sound.voiceFileId } as const))

let clock = 0
beforeEachTest()
function beforeEachTest() {
  clock = Date.parse('2026-11-22T10:00:00Z')
}
type News = Omit<CallEvent, 'eventId' | 'callId' | 'at'> & Record<string, unknown>
const event = (news: News, at = ++clock): CallEvent =>
  ({ eventId: String(at), callId: 'c', at: new Date(at), ...news }) as CallEvent

/** A call, driven by what happens to the command that is under way. */
function callOf(script: ReturnType<typeof scriptOf>, start: FlowState = START) {
  let state = advance(script, start, event({ type: 'answered' }))
  const command = () => commandOf(script, state, media)!
  return {
    get state() {
      return state
    },
    command,
    hears: () => {
      const now = command() as { media?: { url?: string }[] }
      return (now.media ?? []).flatMap(({ url }) => url ?? [])
    },
    tell(news: News) {
      state = advance(script, state, event({ commandId: command().id, ...news }))
    },
    press(digits: string, outcome = 'complete') {
      this.tell({ type: 'collected', outcome, digits })
    },
    played() {
      this.tell({ type: 'playback', outcome: 'finished' })
    },
    says(durationMs = 4_000) {
      this.tell({ type: 'recorded', outcome: 'terminated', durationMs })
    },
    /** What the response brings between two news. */
    learns(known: Pick<SurveyState, 'judged' | 'followUps'>) {
      state = { ...state, survey: { ...state.survey!, ...known } }
    },
  }
}

describe('a call of a survey', () => {
  test('greets, asks, and says goodbye; what it hears is what the keys mean', () => {
    const script = scriptOf([question('again', 'yes_no'), question('room', 'voice')])
    const call = callOf(script)
    expect(call.hears()).toEqual([
      'Hello. This is a short survey: Visit.',
      'If you do not want to be called again, press star.',
    ])
    expect(call.command()).toMatchObject({ id: 'step-0', kind: 'play', interruptedBy: '*#' })
    call.played()
    expect(call.command()).toMatchObject({ id: 'step-1', kind: 'collect', maxDigits: 1, terminators: '#' })
    expect(call.hears()).toEqual([`again? ${YES_OR_NO}`])
    call.press('1')
    expect(call.command()).toMatchObject({ kind: 'play', interruptedBy: '*#' })
    call.played()
    expect(call.command()).toMatchObject({
      ...{ kind: 'record', maxDurationMs: 120_000, maxSilenceMs: 4_000, terminateOn: '#', beep: true },
    })
    call.tell({ type: 'recorded', outcome: 'terminated', durationMs: 4_000 })
    expect(call.hears()).toEqual(['Thank you. That was all. Goodbye.'])
    expect(call.state.survey).toMatchObject({
      over: 'answered',
      answers: { again: true, room: null },
      given: { again: null, room: 'step-3' },
    })
    call.played()
    expect(call.command()).toEqual({ id: 'hang_up', kind: 'hangUp' })
  })

  test.each<[QuestionRow['type'], boolean, string, string | undefined]>([
    ['yes_no', true, 'en', 'To hear this question again, press only the hash key.'],
    ['yes_no', false, 'en', 'To skip this question, press only the hash key.'],
    ['number', true, 'en', 'To hear this question again, press only the hash key.'],
    ['voice', true, 'en', undefined],
    ['voice', false, 'en', 'To skip this question, press the hash key right after the tone.'],
    ['yes_no', true, 'fi', 'Kysymyksen voi kuunnella uudelleen painamalla pelkkää ruutua.'],
    ['yes_no', false, 'fi', 'Kysymyksen voi ohittaa painamalla pelkkää ruutua.'],
    ['voice', false, 'fi', 'Kysymyksen voi ohittaa painamalla ruutua heti äänimerkin jälkeen.'],
  ])('says of %s (required: %s, %s) what the hash key does there, and it does', (type, required, voice, hint) => {
    const call = callOf(scriptOf([question('one', type, { required }), question('two', 'yes_no')], { voice }))
    expect(call.hears().join()).not.toMatch(/hash|ruutu/)
    call.played()
    const asked = call.hears()
    if (hint) expect(asked.join()).toMatch(new RegExp(`${hint}$`))
    else expect(asked.join()).not.toMatch(/again|skip/)
    if (type === 'voice') {
      call.tell({ type: 'keypress', digit: '#' })
      call.tell({ type: 'playback', outcome: 'interrupted' })
      expect(call.command().kind).toBe('record')
      call.tell({ type: 'recorded', outcome: 'terminated', durationMs: 300 })
    } else call.press('', 'terminated')
    if (required) expect(call.hears().at(-1)).toBe(asked.at(-1))
    else expect(call.hears().join()).toContain('two?')
  })

  test('tells why it asks again, and how often', () => {
    const call = callOf(scriptOf([question('again', 'yes_no')]))
    call.played()
    call.press('7')
    expect(call.hears()).toEqual(['That is not a possible answer.', `again? ${YES_OR_NO}`])
    call.press('', 'timeout')
    expect(call.hears()[0]).toBe('There was no answer.')
    call.press('', 'timeout')
    expect(call.state.survey).toMatchObject({ over: 'unfinished', skipped: ['again'] })
    expect(call.hears()).toEqual(['Thank you. Some questions are left open. Goodbye.'])
    expect(surveyOutcome(call.state.survey)).toBe('nothing')
  })

  test.each<[string, Record<string, unknown>, object]>([
    ['a recording without a word', { outcome: 'silence', durationMs: 300 }, { at: 'question', notice: 'not_heard' }],
    ['one that was broken off at once', { outcome: 'terminated', durationMs: 400 }, { at: 'question' }],
    ['one that failed', { outcome: 'failed', durationMs: 0 }, { at: 'question', notice: null }],
    ['what was said until the person hung up', { outcome: 'hung_up', durationMs: 3_000 }, { over: 'answered' }],
    ['one of the longest duration', { outcome: 'max_duration', durationMs: 120_000 }, { over: 'answered' }],
    ['words, and then silence', { outcome: 'silence', durationMs: 9_000 }, { over: 'answered' }],
    ['one word, and then silence', { outcome: 'silence', durationMs: 1_200 }, { over: 'answered' }],
  ])('takes %s for what it is', (_what, recorded, survey) => {
    const call = callOf(scriptOf([question('room', 'voice')]))
    call.played()
    call.played()
    call.tell({ type: 'recorded', ...recorded })
    expect(call.state.survey).toMatchObject(survey)
  })

  test('records no answer to a question that could not be played, and asks it again, as it does by keys', () => {
    const call = callOf(scriptOf([question('room', 'voice'), question('again', 'yes_no', { required: false })]))
    call.played()
    const room = call.hears()
    call.tell({ type: 'playback', outcome: 'failed' })
    expect(call.command()).toMatchObject({ id: 'step-2', kind: 'play' })
    expect(call.hears()).toEqual(room)
    call.tell({ type: 'playback', outcome: 'failed' })
    call.tell({ type: 'playback', outcome: 'failed' })
    expect(call.state.survey).toMatchObject({ skipped: ['room'], over: 'unfinished' })
  })

  test('leaves out what is hidden and what was answered before, and asks what an answer shows', () => {
    const shownBy = (value: unknown) => ({ condition: { field: 'again', operator: 'equals' as const, value } })
    const script = scriptOf([
      question('again', 'yes_no'),
      question('why', 'yes_no', shownBy(false)),
      question('when', 'yes_no', shownBy(true)),
    ])
    const call = callOf(script)
    call.played()
    call.press('2')
    expect(call.hears()[0]).toContain('why?')
    const resumed = callOf(script, { ...START, survey: surveyStart({ again: true }) })
    resumed.played()
    expect(resumed.hears()[0]).toContain('when?')
    // Nothing is left: it thanks and hangs up, without a greeting.
    const done = callOf(script, { ...START, survey: surveyStart({ again: true, when: true }) })
    expect(done.hears()).toEqual(['Thank you. That was all. Goodbye.'])
  })

  test.each([
    ['a key while it greets', (call: ReturnType<typeof callOf>) => call.tell({ type: 'keypress', digit: '*' })],
    [
      'the news of the key after that of what it broke off',
      (call: ReturnType<typeof callOf>) => {
        call.tell({ type: 'playback', outcome: 'interrupted' })
        clock--
        call.tell({ type: 'keypress', digit: '*' })
      },
    ],
  ])('opts out by %s', (_what, act) => {
    const call = callOf(scriptOf([question('n', 'number')]))
    act(call)
    expect(call.state).toMatchObject({ reply: 'opt_out', survey: { over: 'opted_out' } })
    expect(call.hears()).toEqual(['You will not be called again. Goodbye.'])
  })

  test('a decimal point is no wish to be left alone', () => {
    const call = callOf(scriptOf([question('n', 'number')]))
    call.played()
    call.tell({ type: 'keypress', digit: '4' })
    call.tell({ type: 'keypress', digit: '*' })
    expect(call.state.reply).toBeNull()
    call.press('4*5', 'terminated')
    expect(call.state.survey).toMatchObject({ answers: { n: 4.5 }, over: 'answered' })
  })

  test('plays voice files in place of prompts, and asks nothing but them where there is no voice', () => {
    const prompts = [{ fieldKey: 'b', voiceFileId: 'file-b', explainsKeys: false }]
    const questions = [question('a', 'yes_no'), question('b', 'yes_no')]
    const spoken = callOf(scriptOf(questions, { prompts } as never))
    spoken.played()
    spoken.press('1')
    expect(spoken.hears()).toEqual(['file-b', YES_OR_NO])
    const script = scriptOf(questions, { prompts, voice: null as never } as never)
    expect(script.unaskable).toEqual(['a'])
    const silent = callOf(script)
    silent.played()
    expect(silent.hears()).toEqual(['file-b'])
  })
})

const followUp = (follows: string, number: number, more: Partial<PhoneFollowUp> = {}): PhoneFollowUp => ({
  ...{ fieldKey: `${follows}__follow_up_${number}`, follows, isLast: number >= 2 },
  input: { kind: 'voice', maxDurationMs: 120_000, maxSilenceMs: 4_000 },
  ...{ voiceFileId: `about ${follows} ${number}`, durationMs: 2_000 },
  sounds: [{ kind: 'voice_file', voiceFileId: `about ${follows} ${number}` }],
  ...more,
})

describe('what is asked about what was said', () => {
  const probed = (key: string, more: Partial<QuestionRow> = {}) =>
    question(key, 'voice', { enable_dynamic_probing: true, ...more })
  const MOMENT = 'One moment, please.'

  test('is asked before the good-bye, each as often as it comes, and its reply is judged as well', () => {
    const call = callOf(scriptOf([probed('change'), question('again', 'yes_no')]))
    call.played()
    call.played()
    call.says()
    // Nobody waits while there is something else to ask.
    expect(call.hears()[0]).toContain('again?')
    call.learns({ judged: ['change'], followUps: [followUp('change', 1)] })
    call.press('1')
    expect(call.hears()).toEqual(['about change 1'])
    call.played()
    expect(call.command()).toMatchObject({ kind: 'record', maxDurationMs: 120_000 })
    call.says()
    expect(call.hears()).toEqual([MOMENT])
    expect(call.command()).toMatchObject({ kind: 'play', interruptedBy: '*' })
    call.learns({
      judged: ['change', 'change__follow_up_1'],
      followUps: [followUp('change', 1), followUp('change', 2)],
    })
    call.played()
    expect(call.hears()).toEqual(['about change 2'])
    call.played()
    call.says()
    // The last one: nothing is waited for.
    expect(call.hears()).toEqual(['Thank you. That was all. Goodbye.'])
    expect(call.state.survey).toMatchObject({
      over: 'answered',
      waits: 1,
      given: { change: 'step-2', again: null, change__follow_up_1: 'step-5', change__follow_up_2: 'step-8' },
    })
  })

  test('is waited for no longer than a while, in all of a call', () => {
    const script = scriptOf([probed('change')])
    const call = callOf(script)
    call.played()
    call.played()
    call.says()
    const waited: unknown[] = []
    for (; call.state.survey!.at === 'waiting'; call.played()) waited.push(call.hears())
    expect(waited).toEqual([[MOMENT], ...Array(MOST_WAITS - 1).fill([])])
    expect(MOST_WAITS * WAIT_MS).toBeLessThanOrEqual(8_000)
    expect(call.state.survey).toMatchObject({ over: 'answered' })
  })

  test.each<[string, Pick<SurveyState, 'judged' | 'followUps'>, number]>([
    ['once it was judged', { judged: ['change'] }, 1],
    [
      'while a voice learns to say it',
      { judged: ['change'], followUps: [followUp('change', 1, { durationMs: null })] },
      MOST_WAITS,
    ],
    ['when it was judged and replied to otherwise', { judged: ['change'], followUps: [] }, 1],
  ])('is not waited for %s', (_when, known, waits) => {
    const call = callOf(scriptOf([probed('change')]))
    call.played()
    call.played()
    call.says()
    for (let n = 1; call.state.survey!.at === 'waiting'; n++) {
      expect(n).toBeLessThanOrEqual(waits)
      call.learns(known)
      call.played()
    }
    expect(call.state.survey).toMatchObject({ waits, over: 'answered' })
  })

  test('is asked once: whoever says nothing to it is thanked all the same', () => {
    const call = callOf(scriptOf([probed('change', { required: true })]))
    call.played()
    call.played()
    call.says()
    call.learns({ judged: ['change'], followUps: [followUp('change', 1)] })
    call.played()
    call.played()
    call.tell({ type: 'recorded', outcome: 'silence', durationMs: 200 })
    expect(call.state.survey).toMatchObject({ skipped: ['change__follow_up_1'], over: 'answered' })
    expect(call.hears()).toEqual(['Thank you. That was all. Goodbye.'])
  })

  test('is not asked about what nobody probes, nor what was answered before the call, nor by who cannot speak', () => {
    const plain = callOf(scriptOf([question('change', 'voice')]))
    plain.played()
    plain.played()
    plain.says()
    expect(plain.state.survey!.over).toBe('answered')
    const script = scriptOf([probed('change'), question('again', 'yes_no')])
    const resumed = callOf(script, { ...START, survey: surveyStart({ change: null }) })
    resumed.played()
    resumed.press('1')
    expect(resumed.state.survey!.over).toBe('answered')
    const prompts = [{ fieldKey: 'change', voiceFileId: 'file', explainsKeys: true }]
    const mute = scriptOf([probed('change')], { prompts, voice: null as never } as never)
    expect(mute.moment).toBeUndefined()
  })

  test('ends with the call, which counts as answered; a key opts out of it as of all else', () => {
    const script = scriptOf([probed('change')])
    const call = callOf(script)
    call.played()
    expect(closedSurvey(script, call.state.survey!)).toBe(call.state.survey)
    call.played()
    call.says()
    expect(surveyOutcome(call.state.survey)).toBe('partial')
    expect(surveyOutcome(closedSurvey(script, call.state.survey!))).toBe('surveyed')
    call.tell({ type: 'keypress', digit: '*' })
    expect(call.state).toMatchObject({ reply: 'opt_out', survey: { over: 'opted_out' } })
    expect(closedSurvey(script, call.state.survey!)).toBe(call.state.survey)
  })
})

describe('whatever happens', () => {
  const questions = fc
    .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1, maxLength: 5 })
    .chain((keys) =>
      fc.tuple(
        ...keys.map((key, n) =>
          fc.record({
            type: fc.constantFrom<QuestionRow['type']>('yes_no', 'rating', 'number', 'voice', 'voice', 'text', 'date'),
            required: fc.boolean(),
            field: fc.constantFrom(...keys.slice(0, n + 1)),
            isConditional: fc.boolean(),
            value: fc.constantFrom<unknown>(true, false, 3),
            isProbed: fc.boolean(),
            key: fc.constant(key),
          }),
        ),
      ),
    )
    .map((all) =>
      all.map(({ key, type, required, field, isConditional, value, isProbed }) =>
        question(key, type, {
          enable_dynamic_probing: isProbed,
          ...{ required, condition: isConditional ? { field, operator: 'equals', value } : {} },
        }),
      ),
    )
  const digits = fc.stringMatching(/^[0-9*#]{0,4}$/)
  const act = fc.oneof(
    fc.record({
      type: fc.constant('collected'),
      outcome: fc.constantFrom('complete', 'terminated', 'timeout', 'failed', 'stopped'),
      digits,
    }),
    fc.record({
      type: fc.constant('playback'),
      outcome: fc.constantFrom('finished', 'interrupted', 'failed', 'stopped'),
    }),
    fc.record({
      type: fc.constant('recorded'),
      outcome: fc.constantFrom('terminated', 'silence', 'hung_up', 'failed', 'max_duration'),
      durationMs: fc.integer({ min: 0, max: 20_000 }),
    }),
    fc.record({ type: fc.constant('keypress'), digit: fc.constantFrom(...'0123456789*#') }),
    fc.constant({ type: 'ringing' }),
    fc.constant({ type: 'answered' }),
  )
  /** What the response brings meanwhile: something is judged, asked about, can be said. */
  const learn = fc.record({
    type: fc.constant('learn' as const),
    key: fc.nat(5),
    does: fc.constantFrom('judge' as const, 'ask' as const, 'say' as const, 'drop' as const),
  })
  function learnt(survey: SurveyState, { key, does }: { key: number; does: 'judge' | 'ask' | 'say' | 'drop' }) {
    const spoken = Object.entries(survey.given).flatMap(([each, command]) => (command === null ? [] : each))
    const followUps = survey.followUps ?? []
    const one = spoken[key % Math.max(1, spoken.length)]
    if (one === undefined) return survey
    if (does === 'judge') return { ...survey, judged: [...new Set([...(survey.judged ?? []), one])] }
    const follows = followUps.find((each) => each.fieldKey === one)?.follows ?? one
    const number = followUps.filter((each) => each.follows === follows).length + 1
    if (does === 'ask' && number <= 2) {
      return { ...survey, followUps: [...followUps, followUp(follows, number, { durationMs: null })] }
    }
    if (does === 'say') return { ...survey, followUps: followUps.map((each) => ({ ...each, durationMs: 2_000 })) }
    const dropped = followUps.find(({ fieldKey }) => !Object.hasOwn(survey.answers, fieldKey))?.fieldKey
    return dropped && does === 'drop' ? { ...survey, skipped: [...new Set([...survey.skipped, dropped])] } : survey
  }

  /** The present command comes to its end as people end it, so that calls get far. */
  const go = fc.record({ type: fc.constant('go' as const), digits: fc.constantFrom('1', '2', '3', '#') })
  function goneOn(command: Command, digits: string): News {
    if (command.kind === 'collect') return { type: 'collected', outcome: 'terminated', digits: digits.replace('#', '') }
    if (command.kind === 'record') return { type: 'recorded', outcome: 'terminated', durationMs: 4_000 }
    return { type: 'playback', outcome: 'finished' }
  }

  const happening = fc.oneof(
    { weight: 4, arbitrary: go },
    { weight: 2, arbitrary: learn },
    { weight: 1, arbitrary: act },
  )
  /** Of which command it tells: the present one, or one before. */
  const acts = fc.array(fc.tuple(happening, fc.nat(3)), { maxLength: 60, size: 'max' })

  test('a call only goes forward, gives answers of shown questions only, and comes to its end when each command ends', () => {
    fc.assert(
      fc.property(questions, acts, (asked, happenings) => {
        const script = scriptOf(asked)
        let state: FlowState = advance(script, START, event({ type: 'answered' }))
        const given: string[] = []
        const step = (news: CallEvent) => {
          const next = advance(script, state, news)
          // What is told twice changes nothing the second time.
          const again = advance(script, next, news)
          if (news.type !== 'keypress') expect(again === next || again.step !== next.step).toBe(true)
          for (const { fieldKey } of newAnswers(state.survey, next.survey!)) {
            expect(given).not.toContain(fieldKey)
            const asked = state.survey!.followUps?.find((each) => each.fieldKey === fieldKey)
            expect(shownIn(script, state.survey!.answers).has(asked?.follows ?? fieldKey)).toBe(true)
            // Nobody answers what could not be heard.
            if (asked) expect(asked.durationMs).not.toBeNull()
            given.push(fieldKey)
          }
          if (typeof state.step === 'number' && typeof next.step === 'number') {
            expect(next.step - state.step).toBeGreaterThanOrEqual(0)
            expect(next.step - state.step).toBeLessThanOrEqual(1)
          }
          if (state.step === 'hang_up') expect(next).toBe(state)
          if (state.survey!.over !== null) expect(next.survey!.over).toBe(state.survey!.over)
          // It fits a column.
          expect(JSON.parse(JSON.stringify(next))).toEqual(next)
          state = next
        }
        for (const [what, back] of happenings) {
          if (what.type === 'learn') {
            if (isProbing(script, state.survey!)) state = { ...state, survey: learnt(state.survey!, what) }
            continue
          }
          if (what.type === 'go') {
            const command = commandOf(script, state, media)!
            step(event({ ...goneOn(command, what.digits), commandId: command.id } as never))
            continue
          }
          const current = typeof state.step === 'number' ? state.step : 0
          const commandId = back === 0 ? `step-${current}` : `step-${Math.max(0, current - back)}`
          const before = state
          step(event({ ...what, commandId } as never))
          // Of a command that is over nothing is heard any more.
          if (back > 0 && current >= back && 'outcome' in what && commandId !== `step-${current}`)
            expect(state).toBe(before)
        }
        // From wherever it is: who says nothing any more is let go.
        const more = MOST_WAITS + 2 * (state.survey!.followUps?.length ?? 0)
        const most = 3 * script.tries * (script.asks.length + 1) + 5 + more
        for (let n = 0; state.step !== 'hang_up'; n++) {
          expect(n).toBeLessThan(most)
          const command = commandOf(script, state, media) as Command
          const longest = longestSurveyMs(script, () => 10_000) + (more > MOST_WAITS ? FOLLOW_UP_SAID_MS : 0)
          expect(patienceMs(script, state, () => 2_000)).toBeLessThan(5_000 + longest)
          const { id: commandId } = command
          if (command.kind === 'collect') step(event({ type: 'collected', outcome: 'timeout', digits: '', commandId }))
          else if (command.kind === 'record')
            step(event({ type: 'recorded', outcome: 'silence', durationMs: 200, commandId }))
          else step(event({ type: 'playback', outcome: 'finished', commandId }))
        }
        expect(state.survey!.over).not.toBeNull()
        const open = script.asks.filter(
          ({ fieldKey, required }) =>
            required && shownIn(script, state.survey!.answers).has(fieldKey) && !given.includes(fieldKey),
        )
        if (state.survey!.over === 'answered') expect(open).toEqual([])
      }),
      { numRuns: 400 },
    )
  })
})
