import type { Tx } from '../../db/database.ts'
import { sql } from '../../db/sql.ts'
import type { Emit } from '../../events/index.ts'
import {
  type CampaignRow,
  closedSurvey,
  type FlowState,
  FOLLOW_UP_SAID_MS,
  followUpBySms,
  isProbing,
  isSurveyScript,
  newAnswers,
  type PhoneFollowUp,
  START,
  type SurveyContent,
  type SurveyScript,
  type SurveyState,
  surveyStart,
} from '../campaigns/index.ts'
import {
  type CallingStatus,
  finishPhoneResponse,
  followUpsOfCall,
  moveStatus,
  openPhoneSession,
  recordPhoneAnswers,
} from '../responses/index.ts'
import { addSpeech, dropSpeech, readinessOf } from '../voice-files/index.ts'
import type { CallRow } from './call-row.ts'
import type { CallDeps } from './deps.ts'

const PAUSE = { kind: 'silence', durationMs: 400 } as const

interface Given {
  respondentId: string
  callId: string
  answers: { fieldKey: string; value: unknown; commandId: string | null }[]
  /** Nothing is left that a phone can ask. */
  done: { unaskable: readonly string[]; campaign: CampaignRow } | undefined
}

/**
 * What calls of surveys bring to respondents and their responses, within a batch of news. Sessions are opened as calls are
 * answered; answers and states are written when the batch is, responses before respondents, as the page locks them.
 */
export class SurveyBatch {
  readonly #deps: CallDeps
  readonly #tx: Tx
  readonly #emit: Emit
  readonly #workspaceId: string
  /** In the order in which it was said. */
  readonly #given: Given[] = []
  readonly #moves = new Map<string, CallingStatus>()
  /** What the follow-ups that were heard of ask, by respondent and field key. */
  readonly #prompts = new Map<string, string>()
  /** Whether a voice is to say something for a call. */
  speaks = false

  constructor(deps: CallDeps, tx: Tx, emit: Emit, workspaceId: string) {
    this.#deps = deps
    this.#tx = tx
    this.#emit = emit
    this.#workspaceId = workspaceId
  }

  /**
   * The flow of a call as it was, or of one that begins to ask with what its respondent has answered before, in an
   * earlier call or on the page.
   */
  async startOf(call: CallRow): Promise<FlowState> {
    const flow = call.flow ?? START
    if (call.respondent_id === null || !call.script || !isSurveyScript(call.script.script)) return flow
    // Of who was erased meanwhile nothing is begun.
    if (call.phone === null) return flow
    if (flow.survey) return this.#informed(call, call.respondent_id, call.script.script, flow, flow.survey)
    if (flow.step !== null) return flow
    const { world } = this.#deps
    const { answers, closed } = await openPhoneSession(
      world,
      this.#tx,
      this.#emit,
      this.#workspaceId,
      call.respondent_id,
    )
    const start = surveyStart(answers)
    return { ...flow, survey: { ...start, over: closed } }
  }

  /** The same with what was asked about what was said in the call, as far as its response has come. */
  async #informed(
    call: CallRow,
    respondentId: string,
    script: SurveyScript,
    flow: FlowState,
    survey: SurveyState,
  ): Promise<FlowState> {
    if (!script.followUpSaying || !isProbing(script, survey)) return flow
    // About what was deleted nothing more is asked.
    const { judged, open } = flow.forgotten
      ? { judged: Object.keys(survey.given), open: [] }
      : await followUpsOfCall(this.#tx, this.#workspaceId, respondentId)
    for (const { fieldKey, prompt } of open) this.#prompts.set(`${call.id} ${fieldKey}`, prompt)
    const { followUps: known = [], answers, skipped } = survey
    const fresh = open.flatMap(({ fieldKey, follows, isLast }): PhoneFollowUp[] => {
      const input = script.asks.find((ask) => ask.fieldKey === follows)?.input
      if (input?.kind !== 'voice' || known.some((one) => one.fieldKey === fieldKey)) return []
      return [{ fieldKey, follows, isLast, input, voiceFileId: null, durationMs: null, sounds: [] }]
    })
    const readiness = await readinessOf(
      this.#tx,
      this.#workspaceId,
      known.flatMap(({ voiceFileId, durationMs }) => (voiceFileId !== null && durationMs === null ? voiceFileId : [])),
    )
    const followUps = known.map((one): PhoneFollowUp => {
      const durationMs = readiness.get(one.voiceFileId ?? '')?.durationMs
      return durationMs == null ? one : { ...one, durationMs }
    })
    // What was replied to or taken back otherwise, and what no voice can say, is not asked.
    const isDropped = ({ fieldKey, voiceFileId, durationMs }: PhoneFollowUp) => {
      if (Object.hasOwn(answers, fieldKey) || skipped.includes(fieldKey)) return false
      if (!open.some((one) => one.fieldKey === fieldKey)) return true
      if (durationMs !== null) return durationMs > FOLLOW_UP_SAID_MS
      return voiceFileId !== null && readiness.get(voiceFileId)?.status !== 'pending'
    }
    const dropped = followUps.filter(isDropped).map(({ fieldKey }) => fieldKey)
    return {
      ...flow,
      survey: { ...survey, judged, followUps: [...followUps, ...fresh], skipped: [...skipped, ...dropped] },
    }
  }

  /** Has a voice say the follow-ups that a call has just heard of. */
  async spoken(call: CallRow, flow: FlowState): Promise<FlowState> {
    const saying = call.script && isSurveyScript(call.script.script) ? call.script.script.followUpSaying : undefined
    const { survey } = flow
    if (!saying || !survey?.followUps?.some(({ voiceFileId }) => voiceFileId === null)) return flow
    const followUps: PhoneFollowUp[] = []
    for (const one of survey.followUps) {
      const prompt = this.#prompts.get(`${call.id} ${one.fieldKey}`)
      if (one.voiceFileId !== null || prompt === undefined) {
        followUps.push(one)
        continue
      }
      const voiceFileId = await addSpeech(
        { world: this.#deps.world, queue: this.#deps.voiceFiles.queue },
        ...([this.#tx, this.#emit, this.#workspaceId] as const),
        { name: 'Follow-up', description: null, text: `${prompt} ${saying.menu}`, voice: saying.voice },
      )
      this.speaks = true
      followUps.push({ ...one, voiceFileId, sounds: [{ kind: 'voice_file', voiceFileId }, PAUSE] })
    }
    return { ...flow, survey: { ...survey, followUps } }
  }

  /** A call is over: whoever was only waited for or asked more has answered; what was said for it is not needed. */
  async closed(call: CallRow, campaign: CampaignRow): Promise<FlowState | null> {
    const { flow, script } = call
    if (!flow?.survey || !script || !isSurveyScript(script.script)) return flow
    const speech = (flow.survey.followUps ?? []).flatMap(({ voiceFileId }) => voiceFileId ?? [])
    await dropSpeech(this.#deps.world, this.#tx, this.#emit, this.#workspaceId, speech)
    const survey = closedSurvey(script.script, flow.survey)
    if (survey === flow.survey) return flow
    const after = { ...flow, survey }
    this.answered(call, flow, after, campaign)
    return after
  }

  /** Notes what a call has brought between two of its states. */
  answered(call: CallRow, before: FlowState, after: FlowState, campaign: CampaignRow): void {
    if (call.respondent_id === null || !after.survey || !call.script) return
    const answers = newAnswers(before.survey, after.survey)
    // Of who was erased meanwhile nothing is kept, nor for a response that was deleted.
    if (call.phone === null || after.forgotten) return
    const isDone = after.survey.over === 'answered' && (before.survey?.over ?? null) === null
    if (answers.length === 0 && !isDone) return
    const { unaskable } = call.script.script as SurveyScript
    this.#given.push({
      ...{ respondentId: call.respondent_id, callId: call.id, answers },
      done: isDone ? { unaskable, campaign } : undefined,
    })
  }

  /** The respondent's status follows the call; the last one said counts. */
  follow({ respondent_id: respondentId }: CallRow, status: CallingStatus): void {
    if (respondentId !== null) this.#moves.set(respondentId, status)
  }

  /** The recordings of the batch must have been written before. */
  async save(): Promise<void> {
    const { world } = this.#deps
    for (const { respondentId, callId, answers, done } of this.#given) {
      const recordings = await this.#recordingsOf(callId, answers)
      const known = answers.map(({ fieldKey, value, commandId }) => ({
        ...{ fieldKey, value, recordingId: commandId === null ? null : (recordings.get(commandId) ?? null) },
      }))
      await recordPhoneAnswers(world, this.#tx, this.#emit, this.#workspaceId, { respondentId, callId, answers: known })
      if (!done) continue
      const { unaskable, campaign } = done
      const { followUpSms } = campaign.content as SurveyContent
      const { left } = await finishPhoneResponse(world, this.#tx, this.#emit, this.#workspaceId, {
        ...{ respondentId, unaskable, later: followUpSms !== null },
      })
      if (left) await followUpBySms(this.#deps, this.#tx, this.#emit, campaign, respondentId)
    }
    await moveStatus(this.#tx, this.#emit, this.#workspaceId, this.#moves, world.clock.now())
  }

  async #recordingsOf(callId: string, answers: Given['answers']): Promise<Map<string, string>> {
    const commands = answers.flatMap(({ commandId }) => commandId ?? [])
    if (commands.length === 0) return new Map()
    const rows = await this.#tx.query<{ id: string; command_id: string }>(
      sql`SELECT id, command_id FROM recording
          WHERE workspace_id = ${this.#workspaceId}::uuid AND call_id = ${callId}::uuid
            AND command_id = ANY(${commands}::text[])`,
    )
    return new Map(rows.map((row) => [row.command_id, row.id]))
  }
}
