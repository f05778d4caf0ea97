import type { AnswerView, ResponseView } from '../../domains/responses/index.ts'
import type { SayifyDeps } from './deps.ts'
import { writeInstant } from './instants.ts'

export type Addresses = Pick<SayifyDeps, 'mediaUrl'>

/** The response object of contract/sayify.md 6.5, with the extra keys of A6. */
export function writeResponse(
  addresses: Addresses,
  workspaceId: string,
  view: ResponseView,
  more: (answer: AnswerView) => object = () => ({}),
) {
  return {
    uuid: view.id,
    session_id: view.sessionId,
    answers: view.answers.map((answer) => ({ ...writeAnswer(addresses, workspaceId, answer), ...more(answer) })),
    respondent_email: view.respondentEmail,
    submitted_at: writeInstant(view.submittedAt),
    status: view.status,
  }
}

function writeAnswer({ mediaUrl }: Addresses, workspaceId: string, answer: AnswerView) {
  const { upload, insight } = answer
  // What every browser plays, once it was made.
  const url = upload && mediaUrl(workspaceId, upload.id, upload.hasMp3 ? 'audio/mpeg' : upload.mediaType)
  const isRecording = upload !== null && answer.type !== 'file_upload'
  return {
    uuid: answer.id,
    question_text: answer.questionText,
    audio_url: isRecording ? url : null,
    transcription: isRecording ? answer.transcript : writtenText(answer),
    duration: isRecording ? upload.durationSeconds : null,
    ai_insights: insight && {
      sentiment: insight.sentiment,
      sentiment_score: insight.sentimentScore,
      actionable: insight.actionable,
      key_topics: insight.keyTopics,
      summary: insight.summary,
    },
    field_key: answer.fieldKey,
    ...(answer.followUpTo === null ? {} : { follow_up_to: answer.followUpTo }),
    response_type: answer.type,
    value:
      upload && !isRecording
        ? { file_name: upload.fileName, media_type: upload.mediaType, size: upload.size, url }
        : (answer.value ?? null),
  }
}

/** What was written instead of spoken. */
function writtenText({ type, value }: AnswerView): string | null {
  const writes = type === 'text' || type === 'voice' || type === 'voice_text_fallback'
  return writes && typeof value === 'string' ? value : null
}
