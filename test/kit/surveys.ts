import type { Tx } from '../../src/db/database.ts'
import { sql } from '../../src/db/sql.ts'
import type { CampaignDeps } from '../../src/domains/campaigns/index.ts'
import { type CreateLinkInput, createLink } from '../../src/domains/links/index.ts'
import type { Storage } from '../../src/providers/storage/index.ts'
import type { Behaviour } from '../../src/providers/telephony/index.ts'
import type { TestWorld } from './world.ts'

/** Speech that is there at once: whatever is to be said becomes a voice file of two seconds. */
export const INSTANT_SPEECH: Pick<CampaignDeps, 'voiceFiles'> = {
  voiceFiles: {
    queue: {
      async send(_task: unknown, { voiceFileId }: { voiceFileId: string }, { tx }: { tx: Tx }) {
        await tx.query(
          sql`UPDATE voice_file SET status = 'ready', duration_seconds = 2, media_type = 'audio/wav', sha256 = 'aa',
                     size = 1, mp3_size = 1, wav_size = 1, due_at = NULL WHERE id = ${voiceFileId}::uuid`,
        )
      },
    } as never,
    speech: { voices: () => [{ code: 'en' }, { code: 'fi' }] } as never,
  },
}

/** A question of each kind that a phone can ask, one that it cannot, and one that depends on an answer. */
export const QUESTIONS: CreateLinkInput['questions'] = [
  {
    prompt: 'How likely are you to recommend us?',
    fieldKey: 'nps',
    type: 'rating',
    required: true,
    configuration: { scale_type: 'nps' },
  },
  {
    ...{ prompt: 'How many things went wrong?', fieldKey: 'faults', type: 'number', required: true },
    ...{ configuration: { min: 0, max: 99, step: 1 }, condition: { field: 'nps', operator: 'less_than', value: 7 } },
  },
  { prompt: 'Would you come again?', fieldKey: 'again', type: 'yes_no', required: true },
  {
    prompt: 'Which room was yours?',
    fieldKey: 'room',
    type: 'multiple_choice',
    configuration: { options: ['Blue', 'Green'] },
  },
  {
    prompt: 'What would you change?',
    fieldKey: 'change',
    type: 'voice',
    required: true,
    configuration: { max_duration: 30 },
  },
] as CreateLinkInput['questions']

export async function surveyLink(t: TestWorld, questions = QUESTIONS, name = 'Your visit'): Promise<string> {
  const { id } = await createLink(t.world, t.viewer, { name, questions })
  return id
}

/** What a person presses, prompt by prompt: the first is the greeting. */
export function presses(...digits: (string | undefined)[]): Behaviour['replies'] {
  return digits.map((each) => (each === undefined ? undefined : { digits: each, afterMs: 400 }))
}

/** A storage that says what is in it. */
export function shelf(): { objects: Map<string, Buffer>; storage: Storage } {
  const objects = new Map<string, Buffer>()
  const storage: Storage = {
    async write(key, source) {
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      objects.set(key, Buffer.concat(chunks))
    },
    async read(key) {
      const bytes = objects.get(key)
      return (
        bytes && {
          size: bytes.length,
          stream: (async function* () {
            yield bytes
          })() as never,
        }
      )
    },
    async delete(key) {
      objects.delete(key)
    },
  }
  return { objects, storage }
}
