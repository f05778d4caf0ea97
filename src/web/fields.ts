import { type Configuration, MAX_TEXT_CHARACTERS, type QuestionRow } from '../domains/links/index.ts'
import { type AnswerRow, ratingBounds } from '../domains/responses/index.ts'
import { attributes, type Html, html, type Slot, webUrl } from '../platform/html.ts'
import type { Fault } from './client/fault.ts'
import { clientQuestion } from './client-question.ts'
import { FIELD } from './form.ts'
import { takesFile, takesLongText, takesSeveral } from './form-values.ts'
import type { Texts } from './texts.ts'

/** One question of the page, with what was entered before. */
export interface Field {
  question: QuestionRow
  /** What the inputs show. */
  entered: readonly string[]
  /** What is saved. */
  answer: AnswerRow | undefined
  fault: Fault | undefined
  /** Shown once other answers ask for it; the script has it at hand, a page without script asks the server. */
  isLater?: boolean
  /** The field key of the answer that it asks about. */
  follows?: string | undefined
  /** BCP 47, where it is not what the link is written in. */
  writtenIn?: string | null | undefined
}

/** The page around a question. */
export interface Surroundings {
  texts: Texts
  /** BCP 47: what the page speaks. */
  language: string
  /** What the link is written in; null: nobody said. */
  writtenIn: string | null
}

/** The attribute of what is written in another language than its page, so that it is read as that. */
export function lang(writtenIn: string | null, page: string) {
  const isSame = writtenIn === null || primary(writtenIn) === primary(page)
  return { lang: isSame ? null : writtenIn }
}

function primary(tag: string): string {
  return tag.split('-', 1)[0]!.toLowerCase()
}

/** The id of a question's first input: where links to the question lead. */
export function inputId(question: QuestionRow): string {
  return `a-${question.id}`
}

const promptId = (question: QuestionRow) => `p-${question.id}`
const hintId = (question: QuestionRow) => `h-${question.id}`
const faultId = (question: QuestionRow) => `e-${question.id}`
/** The longest e-mail address (RFC 5321 with a full path). */
const MAX_EMAIL = 320
const EMOJIS = ['😢', '😞', '😐', '😊', '😄'] as const

/** A question with its inputs. */
export function renderField(field: Field, { texts, language, writtenIn }: Surroundings): Html {
  const { question } = field
  const own = lang(field.writtenIn ?? writtenIn, language)
  const shown = html`<input type="hidden" name="${FIELD.shown}" value="${question.id}">`
  const body = isGroup(question) ? group(field, texts, own) : single(field, texts, own)
  const described = attributes({
    class: field.fault ? 'question faulty' : 'question',
    'data-question': JSON.stringify(clientQuestion(question, field.follows)),
  })
  const whole = html`<div${described}>${shown}${body}</div>`
  return field.isLater ? html`<template>${whole}</template>` : whole
}

/** Radios and boxes: the question is the legend of several inputs. */
function isGroup({ type }: QuestionRow): boolean {
  return type === 'multiple_choice' || type === 'rating' || type === 'image_choice' || type === 'yes_no'
}

/** What the owner of the link wrote, in what language it may be. */
type Lang = ReturnType<typeof lang>

function single(field: Field, texts: Texts, own: Lang): Html {
  const { question } = field
  const hint = hintOf(field, texts)
  const described = { ...describedBy(field, hint), ...invalid(field) }
  return html`<label class="prompt" id="${promptId(question)}" for="${inputId(question)}">${prompt(question, texts, own)}</label>
${remark(question, hint)}${faultText(field, texts)}${control(field, described)}${removal(field, texts)}`
}

function group(field: Field, texts: Texts, own: Lang): Html {
  const { question } = field
  const several = takesSeveral(question)
  const hint = several ? [texts.chooseSeveral] : []
  const role = several
    ? {}
    : { role: 'radiogroup', 'aria-required': question.required ? 'true' : null, ...invalid(field) }
  return html`<fieldset${attributes({ ...role, ...describedBy(field, hint) })}>
<legend class="prompt" id="${promptId(question)}">${prompt(question, texts, own)}</legend>
${remark(question, hint)}${faultText(field, texts)}${choices(field, texts, own)}</fieldset>`
}

function prompt(question: QuestionRow, texts: Texts, own: Lang): Html {
  return html`<span${attributes(own)}>${question.prompt}</span>${question.required && html` <span class="mark">(${texts.required})</span>`}`
}

function remark(question: QuestionRow, hint: readonly string[]): Slot {
  return hint.length > 0 && html`<p class="hint" id="${hintId(question)}">${hint.join(' ')}</p>`
}

function faultText({ question, fault }: Field, texts: Texts): Slot {
  return fault && html`<p class="fault" id="${faultId(question)}">${texts.faults[fault]}</p>`
}

function describedBy({ question, fault }: Field, hint: readonly string[]) {
  const ids = [hint.length > 0 && hintId(question), fault && faultId(question)].filter(Boolean)
  return { 'aria-describedby': ids.join(' ') || null }
}

function invalid({ fault }: Field) {
  return { 'aria-invalid': fault ? 'true' : null }
}

function hintOf({ question, answer }: Field, texts: Texts): string[] {
  const { type, configuration } = question
  const hints: string[] = []
  if (takesFile(question)) {
    if (answer?.upload_id) hints.push(texts.fileKept(answer.file_name ?? texts.unnamedFile), texts.fileReplace)
    else if (type === 'voice') hints.push(texts.recordingHint)
    const { allowed_types = [], max_size_mb } = configuration as Configuration<'file_upload'>
    if (type === 'file_upload' && allowed_types.length > 0) hints.push(texts.fileTypes(allowed_types.join(', ')))
    if (type === 'file_upload' && max_size_mb !== undefined) hints.push(texts.maxSize(String(max_size_mb)))
  } else if (takesLongText(question)) {
    if (answer?.upload_id) hints.push(texts.recordingKept)
    const { max_characters } = configuration as Configuration<'text'>
    if (max_characters !== undefined) hints.push(texts.maxCharacters(max_characters))
  } else if (type === 'number') {
    const { min, max } = configuration as Configuration<'number'>
    if (min !== undefined && max !== undefined) hints.push(texts.between(min, max))
    else if (min !== undefined) hints.push(texts.atLeast(min))
    else if (max !== undefined) hints.push(texts.atMost(max))
  }
  return hints
}

function control({ question, entered, answer }: Field, described: Record<string, string | null>): Html {
  const { type, required, configuration } = question
  const common = { id: inputId(question), name: FIELD.answer(question.id), ...described }
  if (takesFile(question)) {
    const { allowed_types = [] } = configuration as Configuration<'file_upload'>
    const accept =
      type === 'voice' ? 'audio/*' : allowed_types.map((extension) => `.${extension.replace(/^\./, '')}`).join(',')
    const capture = type === 'voice' ? { capture: 'user' } : {}
    const needed = required && !answer?.upload_id
    return html`<input${attributes({ type: 'file', ...common, accept: accept || null, ...capture, required: needed })}>`
  }
  if (takesLongText(question)) {
    const { max_characters: maxlength = MAX_TEXT_CHARACTERS } = configuration as Configuration<'text'>
    const needed = required && !answer?.upload_id
    // Parsers drop a line feed right after the tag, so that one is given to them.
    return html`<textarea${attributes({ ...common, rows: 4, maxlength, required: needed })}>
${entered[0]}</textarea>`
  }
  const filled = { ...common, value: entered[0], required }
  if (type === 'number') {
    const { min, max, step = 'any' } = configuration as Configuration<'number'>
    return html`<input${attributes({ type, inputmode: 'decimal', ...filled, min, max, step })}>`
  }
  if (type === 'email') {
    return html`<input${attributes({ type, autocomplete: 'email', maxlength: MAX_EMAIL, ...filled })}>`
  }
  return html`<input${attributes({ type: 'date', ...filled })}>`
}

/** A chosen file cannot be emptied out of its input, so taking it back needs a box of its own. */
function removal({ question, answer }: Field, texts: Texts): Slot {
  if (question.required || !answer?.upload_id) return null
  return html`<label class="choice"><input type="checkbox" name="${FIELD.remove(question.id)}" value="yes"><span>${texts.fileRemove}</span></label>`
}

interface Choice {
  value: string
  label: Slot
  /** Stands beside the label, not within it: a player has controls of its own. */
  beside?: Html
}

function choices(field: Field, texts: Texts, own: Lang): Html {
  const { question, entered } = field
  const several = takesSeveral(question)
  const type = several ? 'checkbox' : 'radio'
  const { className, list, before } = choicesOf(question, texts, own)
  const items = list.map(({ value, label, beside }, index) => {
    const input = attributes({
      type,
      id: index === 0 ? inputId(question) : null,
      name: FIELD.answer(question.id),
      value,
      checked: entered.includes(value),
      required: question.required && !several,
      ...(several ? invalid(field) : {}),
    })
    const choice = html`<label class="choice"><input${input}>${label}</label>`
    return beside ? html`<div class="beside">${beside}${choice}</div>` : choice
  })
  // A radio cannot be taken back without script, only exchanged.
  const none =
    !several &&
    !question.required &&
    html`<label class="choice none"><input${attributes({
      type,
      name: FIELD.answer(question.id),
      value: '',
      checked: entered.length === 0,
    })}><span>${texts.noAnswer}</span></label>`
  return html`${before}<div class="${className}">${items}</div>${none}`
}

function choicesOf(
  question: QuestionRow,
  texts: Texts,
  own: Lang,
): { className: string; list: Choice[]; before?: Html } {
  switch (question.type) {
    case 'yes_no':
      return {
        className: 'choices row',
        list: [
          { value: 'yes', label: html`<span>${texts.yes}</span>` },
          { value: 'no', label: html`<span>${texts.no}</span>` },
        ],
      }
    case 'image_choice':
      return { className: 'choices cards', list: cards(question.configuration as Configuration<'image_choice'>, own) }
    case 'rating':
      return rating(question.configuration as Configuration<'rating'>, texts)
    default: {
      const { options } = question.configuration as Configuration<'multiple_choice'>
      return {
        className: 'choices',
        list: options.map((option) => ({ value: option, label: html`<span${attributes(own)}>${option}</span>` })),
      }
    }
  }
}

function cards({ cards }: Configuration<'image_choice'>, own: Lang): Choice[] {
  return cards.map(({ id, label, media_url, media_type }) => {
    const text = html`<span${attributes(own)}>${label ?? id}</span>`
    const source = webUrl(media_url)
    if (!source) return { value: id, label: text }
    if (media_type === 'video') {
      return { value: id, label: text, beside: html`<video src="${source}" controls preload="metadata"></video>` }
    }
    // The label says what it is; a second text for the picture would only be read twice.
    return { value: id, label: html`<img src="${source}" alt="" loading="lazy">${text}` }
  })
}

function rating(configuration: Configuration<'rating'>, texts: Texts) {
  const { scale_type: scale = 'stars' } = configuration
  const { lowest, highest } = ratingBounds(configuration)
  const list = Array.from({ length: highest - lowest + 1 }, (_, index): Choice => {
    const n = lowest + index
    return { value: String(n), label: ratingLabel(scale, n, lowest, highest, texts) }
  })
  const ends = html`<p class="ends" aria-hidden="true"><span>0 – ${texts.npsLow}</span><span>10 – ${texts.npsHigh}</span></p>`
  return { className: `choices scale ${scale}`, list, before: scale === 'nps' ? ends : undefined }
}

function ratingLabel(scale: string, n: number, lowest: number, highest: number, texts: Texts): Html {
  const spoken = (text: string) => html`<span class="spoken">${text}</span>`
  switch (scale) {
    case 'stars':
      return html`<span><span class="sign" aria-hidden="true">★</span><span class="digit" aria-hidden="true">${n}</span>${spoken(texts.stars(n, highest))}</span>`
    case 'emojis': {
      const at = Math.round(((n - lowest) / (highest - lowest)) * (EMOJIS.length - 1))
      const name = highest - lowest + 1 === EMOJIS.length ? texts.emojis[at]! : texts.scale(n, highest)
      return html`<span><span class="sign" aria-hidden="true">${EMOJIS[at]}</span>${spoken(name)}</span>`
    }
    case 'nps': {
      const end = n === lowest ? texts.npsLow : n === highest ? texts.npsHigh : undefined
      return html`<span>${n}${end && spoken(` – ${end}`)}</span>`
    }
    default:
      return html`<span>${n}</span>`
  }
}
