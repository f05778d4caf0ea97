import type { CampaignFieldsInput } from '../../domains/campaigns/index.ts'
import type { ReceiverInput } from '../../domains/contacts/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { idOrNull } from '../global-id.ts'
import { type CalendarInput, calendarPath, calendarRulesOf } from './calendar.ts'
import { type CampaignKind, campaignOf } from './campaign.ts'
import { ButtonActionEnum, RsvpVoiceFileTypeEnum } from './campaign-kinds.ts'
import { mapPaths } from './mutation-kit.ts'
import { NOBODY, voiceFileUuid } from './operation-ids.ts'

export const ReceiverInputType = builder.inputType('ReceiverInput', {
  description: 'Whom to address: exactly one of these.',
  fields: (t) => ({
    contactId: t.id({ description: 'Global id of a contact.' }),
    listId: t.id({ description: 'Global id of a list: whoever is on it.' }),
    segmentId: t.id({ description: 'Global id of a segment: whoever is in it.' }),
    phone: t.string({
      description:
        'A telephone number as people write it: the contact that has it, or a new one. Without a country code it is of the `defaultCountry` of the workspace.',
    }),
    email: t.string({ description: 'An e-mail address: the contact that has it, or a new one.' }),
  }),
})

const ActionButtonInput = builder.inputType('ActionButtonInput', {
  description: 'A key of the telephone and what it means.',
  fields: (t) => ({
    button: t.string({ required: true, description: 'The key, `0` to `9`; each once.' }),
    action: t.field({ type: ButtonActionEnum, required: true, description: 'What it means.' }),
  }),
})
const RsvpVoiceFileInput = builder.inputType('RsvpVoiceFileInput', {
  description: 'A voice file and the point of the call at which it is played.',
  fields: (t) => ({
    type: t.field({ type: RsvpVoiceFileTypeEnum, required: true, description: 'At which point; each once.' }),
    voiceFileId: t.id({ required: true, description: 'Global id of a voice file that is `READY`.' }),
  }),
})

const BUTTONS = 'What the keys mean, at least one.'

export const VoiceBroadcastContentInput = builder.inputType('VoiceBroadcastContentInput', {
  description: 'What a voice broadcast does in a call.',
  fields: (t) => ({
    operations: t.field({
      type: 'JSON',
      required: true,
      description:
        'A list of operations, one after the other: play, say, pause, gather, record, hangUp (docs/operations.md). Voice files are named by global id and must be `READY`.',
    }),
  }),
})
export const ClickToCallContentInput = builder.inputType('ClickToCallContentInput', {
  description: 'What a click to call plays, and what keys mean.',
  fields: (t) => ({
    voiceFileId: t.id({ required: true, description: 'Global id of a voice file that is `READY`.' }),
    actionButtons: t.field({ type: [ActionButtonInput], required: true, description: BUTTONS }),
  }),
})
export const RsvpContentInput = builder.inputType('RsvpContentInput', {
  description: 'What an RSVP campaign plays, and what keys mean.',
  fields: (t) => ({
    voiceFiles: t.field({ type: [RsvpVoiceFileInput], required: true, description: 'What is played, at least one.' }),
    actionButtons: t.field({ type: [ActionButtonInput], required: true, description: BUTTONS }),
  }),
})
export const SmsContentInput = builder.inputType('SmsContentInput', {
  description: 'What an SMS says.',
  fields: (t) => ({
    message: t.string({ required: true, description: 'The text, 1 to 1,600 characters.' }),
    sender: t.string({
      description: 'Whom it seems to come from, up to 20 characters; when absent, what the server is set up with.',
    }),
    linkId: t.id({
      description:
        "Global id of a link. The text must then have `{link}` in it, in whose place each receiver's own address of the survey stands; who gets one becomes a respondent.",
    }),
  }),
})

const SurveyPhraseInput = builder.inputType('SurveyPhraseInput', {
  description: 'Something that the calls of a survey say: exactly one of these.',
  fields: (t) => ({
    text: t.string({ description: 'What the voice says, 1 to 1,000 characters.' }),
    voiceFileId: t.id({ description: 'Global id of a voice file that is `READY`.' }),
  }),
})
const SurveyPromptInput = builder.inputType('SurveyPromptInput', {
  description: 'A voice file that asks a question.',
  fields: (t) => ({
    fieldKey: t.string({ required: true, description: 'The field key of a question of the link; each once.' }),
    voiceFileId: t.id({ required: true, description: 'Global id of a voice file that is `READY`.' }),
    explainsKeys: t.boolean({
      description: 'Whether it also says which keys to press; when absent or false, the voice does so after it.',
    }),
  }),
})
export const SurveyCallsContentInput = builder.inputType('SurveyCallsContentInput', {
  description: 'What the calls of a survey ask, and how.',
  fields: (t) => ({
    linkId: t.id({
      required: true,
      description:
        'Global id of the link whose questions are asked; it needs one that a phone can ask. It stays the same for ever.',
    }),
    voiceCode: t.string({
      description:
        '`code` of one of `voices`, who speaks; when absent the first of them, or nobody on a server that cannot speak.',
    }),
    greeting: t.field({
      type: SurveyPhraseInput,
      description: "What is said first; when absent the voice's own greeting, with the name of the link.",
    }),
    goodbye: t.field({
      type: SurveyPhraseInput,
      description: "What is said when all was asked; when absent the voice's own farewell.",
    }),
    prompts: t.field({
      type: [SurveyPromptInput],
      description: 'Voice files in place of spoken prompts. Without a voice, only questions that have one are asked.',
    }),
    optOutKey: t.string({
      description:
        'The key for never being called again, `0` to `9` or `*`; `*` when absent, null: there is none. Where it is a possible answer to the question, it is that.',
    }),
    tries: t.int({ description: 'How often one question is asked at most in a call, 1 to 5; 3 when absent.' }),
    answerSeconds: t.float({
      description: 'Seconds in which an answer has to begin, after the question, 2 to 60; 6 when absent.',
    }),
    redialUnfinished: t.boolean({
      description:
        'Whether who hung up with questions left is called again, up to `maxAttempts` in all; the next call goes on with those. False when absent.',
    }),
    allowRepeats: t.boolean({
      description: 'Whether who has answered may be called and asked once more; false when absent.',
    }),
    followUpSms: t.string({
      description:
        "An SMS to whoever has answered all that a phone can ask, when the link asks more: up to 1,000 characters with `{link}` in them, in whose place the person's own address stands. None when absent.",
    }),
  }),
})
export const EmailContentInput = builder.inputType('EmailContentInput', {
  description: 'What an e-mail says; it needs text or HTML.',
  fields: (t) => ({
    subject: t.string({ required: true, description: 'The subject, 1 to 998 characters in one line.' }),
    html: t.string({ description: 'The body as HTML, up to 500,000 characters.' }),
    text: t.string({ description: 'The body as plain text, up to 500,000 characters.' }),
    fromEmail: t.string({ description: 'Address of the sender; when absent, what the server is set up with.' }),
    fromName: t.string({ description: 'Name of the sender; when absent, what the server is set up with.' }),
  }),
})

/** What every kind of campaign takes when it is made, and when it is changed. */
export interface CommonInput {
  name?: string | null | undefined
  startsAt?: Date | null | undefined
  endsAt?: Date | null | undefined
  calendar?: typeof CalendarInput.$inferInput | null | undefined
  meta?: Record<string, unknown> | null | undefined
  lines?: number | null | undefined
  maxAttempts?: number | null | undefined
  redialAfterMinutes?: number | null | undefined
  acceptsWanted?: number | null | undefined
  receivers?: readonly (typeof ReceiverInputType.$inferInput)[] | null | undefined
}

const COMMON = ['name', 'startsAt', 'endsAt', 'meta', 'lines', 'maxAttempts', 'redialAfterMinutes'] as const

/** The fields as the domain takes them; what was not given is absent, null stays null. */
export function campaignFieldsOf(input: CommonInput): CampaignFieldsInput {
  const fields: Record<string, unknown> = {}
  for (const key of [...COMMON, 'acceptsWanted'] as const) if (input[key] !== undefined) fields[key] = input[key]
  if (input.calendar !== undefined) fields.calendar = input.calendar && calendarRulesOf(input.calendar)
  return fields
}

/** Receivers with UUIDs for global ids. */
export function receiversOf(receivers: readonly (typeof ReceiverInputType.$inferInput)[]): ReceiverInput[] {
  const id = (type: string, globalId: string | null | undefined) =>
    globalId == null ? null : (idOrNull(type, globalId) ?? NOBODY)
  return receivers.map(({ contactId, listId, segmentId, phone, email }) => ({
    contactId: id('Contact', contactId),
    listId: id('ContactList', listId),
    segmentId: id('Segment', segmentId),
    phone: phone ?? null,
    email: email ?? null,
  }))
}

/** The content of an SMS with a UUID for the global id of its link. */
export function smsOf({ linkId, ...content }: typeof SmsContentInput.$inferInput) {
  return { ...content, linkId: linkId == null ? null : linkUuid(linkId) }
}

/** The content of a survey's calls with UUIDs for global ids; which keys of a phrase were given stays to be judged. */
export function surveyOf({
  linkId,
  greeting,
  goodbye,
  prompts,
  voiceCode,
  ...content
}: typeof SurveyCallsContentInput.$inferInput) {
  const phrase = (given: typeof SurveyPhraseInput.$inferInput | null | undefined) =>
    given && {
      ...(given.text == null ? {} : { text: given.text }),
      ...(given.voiceFileId == null ? {} : { voiceFileId: voiceFileUuid(given.voiceFileId) }),
    }
  return {
    ...content,
    ...(voiceCode === undefined ? {} : { voice: voiceCode }),
    ...{ linkId: linkUuid(linkId), greeting: phrase(greeting), goodbye: phrase(goodbye) },
    prompts: prompts?.map((prompt) => ({ ...prompt, voiceFileId: voiceFileUuid(prompt.voiceFileId) })),
  }
}

function linkUuid(globalId: string): string {
  return idOrNull('Link', globalId) ?? NOBODY
}

/** The campaign that an input names, of the kind that its mutation is for. Throws NOT_FOUND. */
export function campaignIn(globalId: string, kind?: CampaignKind): { id: string; kind: CampaignKind } {
  const found = campaignOf(globalId)
  if (!found || (kind !== undefined && found.kind !== kind)) throw new NotFoundError('campaign', ['id'])
  return found
}

/** Runs a domain function, with the places of broken rules as the input has them. */
export function atInput<T>({ calendar }: Pick<CommonInput, 'calendar'>, run: () => Promise<T>): Promise<T> {
  return mapPaths((path) => {
    const [field, ...rest] = path
    if (field === 'calendar' && calendar) return ['calendar', ...calendarPath(rest, calendar)]
    return field === 'content' && rest[0] === 'voice' ? ['content', 'voiceCode', ...rest.slice(1)] : path
  }, run)
}
