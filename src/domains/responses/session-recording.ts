import { NotFoundError } from '../../platform/errors.ts'
import { isVoice, type LinkRow } from '../links/index.ts'
import type { World } from '../world.ts'
import { sessionResponse } from './open-session.ts'
import { checkChangeable, questionOf } from './record-answer.ts'
import { storedForm } from './sound-forms.ts'
import { findAnswerUpload, type ReadyUpload } from './store.ts'
import type { TokenSigner } from './tokens.ts'

/**
 * What was said in answer to a question or a follow-up, for whoever said it, until it is submitted: the MP3 once it was
 * made, the recording as it came before. Throws NOT_FOUND (no such session or question, or no recording answers it),
 * LINK_DELETED, SESSION_COMPLETED.
 */
export async function sessionRecording(
  world: World,
  signer: TokenSigner,
  link: LinkRow,
  { token, fieldKey }: { token: string; fieldKey: string },
): Promise<Pick<ReadyUpload, 'storage_key' | 'media_type' | 'size'>> {
  const response = await sessionResponse(world, signer, link, token)
  checkChangeable(response, link)
  const { question } = await questionOf(world, response, fieldKey)
  const upload = isVoice(question.type) ? await findAnswerUpload(world.db, response, fieldKey) : undefined
  if (!upload) throw new NotFoundError('recording', ['fieldKey'])
  return storedForm(upload, 'mp3') ?? upload
}
