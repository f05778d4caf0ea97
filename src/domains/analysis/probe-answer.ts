import { listQuestions, probingOf, type QuestionRow } from '../links/index.ts'
import type { WorkOptions } from './deps.ts'
import {
  findProbed,
  holdResponse,
  insertFollowUp,
  type ProbedAnswer,
  saidIn,
  settleProbing,
} from './follow-up-store.ts'
import { askFollowUp, type UnderstandDeps, understand } from './understand.ts'

/** What fits one breath; what is longer is no question that anybody answers. */
const LONGEST_PROMPT = 400

/**
 * Judges an answer whose probing is pending, together with what was asked about it and replied, and asks one more
 * question when it is unclear and more may be asked. Given a reply it judges the answer that is replied about. Nobody
 * waits for what cannot be judged: it is settled. What was said anew meanwhile is left to whoever was told of that. Two at
 * once ask once. Rejects with what the analyser rejects with, but for the `last` time, and with the signal's reason.
 */
export async function probeAnswer(
  deps: UnderstandDeps,
  { workspaceId, answerId }: { workspaceId: string; answerId: string },
  { signal, last }: WorkOptions,
): Promise<void> {
  const { world } = deps
  const answer = await findProbed(world.db, workspaceId, answerId)
  if (!answer) return
  const questions = await listQuestions(world.db, workspaceId, answer.link_id)
  const said = saidIn(answer)
  const own = said.find(({ id }) => id === answerId)
  if (own?.probing !== 'pending') return
  // Somebody else still listens to another part, and judges then.
  if (own.text !== null && said.some((one) => one !== own && one.text === null && one.probing === 'pending')) return
  const next = await nextQuestion().catch((error) => {
    if (signal.aborted || !last) throw error
    return null
  })
  await world.events.write(workspaceId, async (tx, emit) => {
    await holdResponse(tx, workspaceId, answer.response_id)
    const now = await findProbed(tx, workspaceId, answerId)
    if (!now) return
    if (next && now.is_open) {
      if (!isSame(answer, now)) return
      const id = world.newId()
      const { fieldKey, number, found, method } = next
      await insertFollowUp(tx, { id, answer, fieldKey, number, found, method, now: world.clock.now() })
      const { link_id: linkId, response_id: responseId } = answer
      emit('followUp.asked', { linkId, responseId, answerId: answer.id, followUpId: id, fieldKey })
    } else if (now.is_open && !isSame(answer, now)) return
    await settleProbing(
      tx,
      workspaceId,
      saidIn(now).map(({ id }) => id),
    )
  })

  async function nextQuestion() {
    const question = questions.find(({ id }) => id === answer!.question_id)
    const about = question && aboutToAsk(answer!, question, questions)
    if (!about) return null
    const { text, number, clarityThreshold, fieldKey } = about
    const { question_text: asked, exchanges, link_language: ofLink } = answer!
    const language = said.findLast((one) => one.language !== null)?.language ?? ofLink
    const of = { workspaceId, question: asked, language }
    const understood = await understand(deps, { ...of, text, customFields: [] }, signal, { last })
    if (!understood || understood.found.clarity >= clarityThreshold) return null
    const talk = [
      { question: asked, answer: answer!.text! },
      ...exchanges.map(({ prompt, reply }) => ({ question: prompt, answer: reply!.text! })),
    ]
    const more = await askFollowUp(deps, { ...of, exchanges: talk }, signal, { last })
    const prompt = more?.found?.prompt.replaceAll('\0', '').trim().slice(0, LONGEST_PROMPT).toWellFormed()
    if (!more?.found || !prompt) return null
    return { fieldKey, number, found: { ...more.found, prompt }, method: more.method }
  }
}

/** What would be judged, and asked next; undefined when nothing is to be asked. */
function aboutToAsk(answer: ProbedAnswer, question: QuestionRow, questions: readonly QuestionRow[]) {
  const probing = probingOf(question)
  const { is_open: isOpen, exchanges, field_key: parent } = answer
  if (!probing || !isOpen || exchanges.length >= probing.maxFollowUps) return undefined
  // One at a time: what was asked last is open.
  if (exchanges.some(({ reply }) => reply === null)) return undefined
  const texts = saidIn(answer).map(({ text }) => text)
  // What nobody could transcribe cannot be judged, and silence is not asked about.
  if (texts.includes(null) || texts.every((text) => text!.trim() === '')) return undefined
  const number = (exchanges.at(-1)?.number ?? 0) + 1
  const fieldKey = `${parent}__follow_up_${number}`
  // The link has a question of that name.
  if (questions.some((each) => each.field_key === fieldKey)) return undefined
  return { text: texts.join('\n'), number, fieldKey, clarityThreshold: probing.clarityThreshold }
}

/** Whether nothing was said or asked meanwhile. */
function isSame(before: ProbedAnswer, after: ProbedAnswer): boolean {
  const facts = (answer: ProbedAnswer) =>
    JSON.stringify([
      saidIn(answer).map(({ id, text, probing }) => [id, text, probing]),
      answer.exchanges.map(({ id }) => id),
    ])
  return facts(before) === facts(after)
}
