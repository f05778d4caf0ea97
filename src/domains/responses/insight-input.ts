import { z } from 'zod'
import { line, text } from '../../platform/validation.ts'
import type { Sentiment } from './analysis-store.ts'
import { type FindingKind, isNamed } from './evidence.ts'

const MAX_SUMMARY_CHARACTERS = 5_000
const MAX_TOPICS = 50
/** As many as a question can ask for (`evaluator_config.custom_fields`), with names as long. */
const MAX_CUSTOM_FIELDS = 50
const MAX_NAME_CHARACTERS = 200
const MAX_VALUE_CHARACTERS = 5_000
const MAX_EVIDENCE = 500

/** What somebody says that an answer says. It takes the place of an earlier insight as a whole, so it must say something. */
export interface InsightInput {
  sentiment?: Sentiment | null
  /** From 0, as negative as can be, by 0.5 to 1, as positive as can be. */
  sentimentScore?: number | null
  actionable?: boolean | null
  keyTopics?: readonly string[] | null
  summary?: string | null
  /** From 0 to 100: how well the answer answers. */
  clarity?: number | null
  /** Each name once; a value of null: the answer does not say. */
  customFields?: readonly { name: string; value?: string | null }[] | null
  /** What its findings rest on. `start` and `end` are UTF-16 units of the text that it was read from, half open. */
  evidence?: readonly { finding: FindingKind; name?: string | null; start: number; end: number }[] | null
}

const name = line(MAX_NAME_CHARACTERS)
const position = z.int('must be a whole number').min(0, 'must be at least 0')

export const insightInput = z
  .object({
    sentiment: z
      .enum(['positive', 'neutral', 'negative', 'mixed'], 'must be positive, neutral, negative or mixed')
      .nullish(),
    sentimentScore: z.number('must be a number').min(0, 'must be at least 0').max(1, 'must be at most 1').nullish(),
    actionable: z.boolean('must be true or false').nullish(),
    keyTopics: z.array(line(200)).max(MAX_TOPICS, `must have at most ${MAX_TOPICS} topics`).nullish(),
    summary: line(MAX_SUMMARY_CHARACTERS).nullish(),
    clarity: z.int('must be a whole number').min(0, 'must be at least 0').max(100, 'must be at most 100').nullish(),
    customFields: z
      .array(z.object({ name, value: text(MAX_VALUE_CHARACTERS).nullish() }))
      .max(MAX_CUSTOM_FIELDS, `must have at most ${MAX_CUSTOM_FIELDS} fields`)
      .nullish(),
    evidence: z
      .array(
        z.object({
          finding: z.enum(['sentiment', 'actionable', 'clarity', 'summary', 'topic', 'customField'] as const),
          name: name.nullish(),
          ...{ start: position, end: position },
        }),
      )
      .max(MAX_EVIDENCE, `must have at most ${MAX_EVIDENCE} stretches`)
      .nullish(),
  })
  .refine((found) => Object.values(found).some((value) => (Array.isArray(value) ? value.length > 0 : value != null)), {
    params: { rule: 'required' },
    message: 'must say something',
  })
  .superRefine((found, context) => {
    const names = (found.customFields ?? []).map((field) => field.name)
    names.forEach((each, index) => {
      if (names.indexOf(each) === index) return
      const issue = { code: 'custom', params: { rule: 'duplicate' }, message: 'must not be named twice' } as const
      context.addIssue({ ...issue, path: ['customFields', index, 'name'] })
    })
    const said = { topic: found.keyTopics ?? [], customField: names }
    for (const [index, { finding, name }] of (found.evidence ?? []).entries()) {
      const known = isNamed(finding) ? name != null && said[finding].includes(name) : name == null
      if (known && (isNamed(finding) || found[finding] != null)) continue
      const message = isNamed(finding)
        ? `must be a ${finding === 'topic' ? 'topic' : 'custom field'} of this insight`
        : known
          ? 'must be something that this insight says'
          : 'must be absent: only topics and custom fields have names'
      const path = ['evidence', index, isNamed(finding) || !known ? 'name' : 'finding']
      context.addIssue({ code: 'custom', path, params: { rule: 'unknown' }, message })
    }
  })

/** The rules that stretches break which are not of this text, each with its path in the insight. */
export function strayEvidence(
  { evidence }: Pick<z.output<typeof insightInput>, 'evidence'>,
  text: string,
): { path: (string | number)[]; rule: string; message: string }[] {
  return (evidence ?? []).flatMap(({ start, end }, index) => {
    const at = ['evidence', index]
    if (end <= start) return { path: [...at, 'end'], rule: 'too_small', message: 'must be beyond start' }
    if (end > text.length) {
      const message = `must be at most ${text.length}, the length of the text in UTF-16 units`
      return { path: [...at, 'end'], rule: 'too_large', message }
    }
    if (start < 0 || text.slice(start, end).isWellFormed()) return []
    return { path: at, rule: 'unstorable_character', message: 'must not begin or end within a character' }
  })
}
