import type {
  ActionButton,
  BroadcastContent,
  ClickToCallContent,
  EmailContent,
  RsvpContent,
  SmsContent,
  SurveyContent,
  SurveyPhrase,
} from '../../domains/campaigns/index.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { Campaign } from './campaign.ts'
import { operationsOut } from './operation-ids.ts'

const ACTION_BUTTONS = 'What the keys of the telephone mean, at most 10; other keys mean nothing.'

export const ButtonActionEnum = builder.enumType('ButtonAction', {
  description: 'What a key of the telephone means.',
  values: {
    ACCEPT: { value: 'accept', description: 'Yes.' },
    DECLINE: { value: 'decline', description: 'No.' },
    OPT_OUT: { value: 'opt_out', description: 'Never call me again.' },
  } as const,
})

const ActionButtonType = builder.objectRef<ActionButton>('ActionButton').implement({
  description: 'A key of the telephone and what it means.',
  fields: (t) => ({
    button: t.exposeString('button', { description: 'The key, `0` to `9`.' }),
    action: t.field({ type: ButtonActionEnum, description: 'What it means.', resolve: ({ action }) => action }),
  }),
})

type RsvpVoiceFile = RsvpContent['voiceFiles'][number]

export const RsvpVoiceFileTypeEnum = builder.enumType('RsvpVoiceFileType', {
  description: 'At which point of an RSVP call a voice file is played.',
  values: {
    START: { value: 'start', description: 'First, when the call is answered.' },
    DATA: { value: 'data', description: 'Then: what it is about.' },
    ACTION_BUTTONS: { value: 'action_buttons', description: 'Then: which key means what. A key is waited for.' },
    ACCEPT: { value: 'accept', description: 'After a key that accepts.' },
    END: { value: 'end', description: 'Last, whatever was pressed.' },
  } as const,
})

const voiceFile = (query: object, id: string, { batches }: Context) =>
  batches.node('voiceFile', id, query) as unknown as Promise<never>

const RsvpVoiceFileObject = builder.objectRef<RsvpVoiceFile>('RsvpVoiceFile').implement({
  description: 'A voice file and the point of the call at which it is played.',
  fields: (t) => ({
    type: t.field({ type: RsvpVoiceFileTypeEnum, description: 'At which point.', resolve: ({ type }) => type }),
    voiceFile: t.prismaField({
      type: 'VoiceFile',
      nullable: true,
      description: 'What is played; null when it was deleted.',
      resolve: (query, { voiceFileId }, _args, context) => voiceFile(query, voiceFileId, context),
    }),
  }),
})

const EDITABLE = 'Whether what is sent, to whom and when can still be changed: until it has begun to address receivers.'

export const VoiceBroadcast = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'VoiceBroadcast',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Calls all receivers and plays them something.',
  fields: (t) => ({
    operations: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'What is done in a call, one after the other (docs/operations.md), with voice files by global id. Null when it is not of that vocabulary; `contentFault` says why.',
      select: { content: true },
      resolve: ({ content }) => operationsOut(contentOf<BroadcastContent>(content).operations),
    }),
    operationsText: t.string({
      nullable: true,
      description: 'The same as a client of Multisender wrote it, verbatim; null: none did.',
      select: { content: true },
      resolve: ({ content }) => contentOf<BroadcastContent>(content).operationsText,
    }),
    isEditable: t.boolean({
      description: EDITABLE,
      select: { startedAt: true, state: true },
      resolve: isEditable,
    }),
  }),
})

export const ClickToCall = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'ClickToCall',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Calls receivers one after another, in order, until one accepts.',
  fields: (t) => ({
    voiceFile: t.prismaField({
      type: 'VoiceFile',
      nullable: true,
      description: 'What is played when the call is answered; null when it was deleted.',
      select: { content: true },
      resolve: (query, { content }, _args, context) =>
        voiceFile(query, contentOf<ClickToCallContent>(content).voiceFileId, context),
    }),
    actionButtons: t.field({
      type: [ActionButtonType],
      extensions: { listSize: 3 },
      description: ACTION_BUTTONS,
      select: { content: true },
      resolve: ({ content }) => [...contentOf<ClickToCallContent | RsvpContent>(content).actionButtons],
    }),
  }),
})

export const RsvpCampaign = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'RsvpCampaign',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Calls receivers, several at once, until as many as wanted have accepted.',
  fields: (t) => ({
    acceptsWanted: t.exposeInt('acceptsWanted', {
      nullable: true,
      description: 'How many accepts complete it; null: as many as there are.',
    }),
    voiceFiles: t.field({
      type: [RsvpVoiceFileObject],
      extensions: { listSize: 5 },
      description: 'What is played at which point of a call, at most 5.',
      select: { content: true },
      resolve: ({ content }) => [...contentOf<RsvpContent>(content).voiceFiles],
    }),
    actionButtons: t.field({
      type: [ActionButtonType],
      extensions: { listSize: 3 },
      description: ACTION_BUTTONS,
      select: { content: true },
      resolve: ({ content }) => [...contentOf<ClickToCallContent | RsvpContent>(content).actionButtons],
    }),
  }),
})

export const SmsBroadcast = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'SmsBroadcast',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Sends all receivers an SMS.',
  fields: (t) => ({
    message: t.string({
      description: "The text. With a `link`, each receiver's own address of it stands in place of `{link}`.",
      select: { content: true },
      resolve: ({ content }) => contentOf<SmsContent>(content).message,
    }),
    sender: t.string({
      nullable: true,
      description:
        'Whom it seems to come from: a number or up to 11 letters and digits; null: what the server is set up with.',
      select: { content: true },
      resolve: ({ content }) => contentOf<SmsContent>(content).sender,
    }),
    isEditable: t.boolean({
      description: EDITABLE,
      select: { startedAt: true, state: true },
      resolve: isEditable,
    }),
  }),
})

export const EmailBroadcast = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'EmailBroadcast',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'Sends all receivers an e-mail.',
  fields: (t) => {
    const part = (key: Exclude<keyof EmailContent, 'subject'>, description: string) =>
      t.string({
        nullable: true,
        description,
        select: { content: true },
        resolve: ({ content }) => contentOf<EmailContent>(content)[key],
      })
    return {
      subject: t.string({
        description: 'The subject.',
        select: { content: true },
        resolve: ({ content }) => contentOf<EmailContent>(content).subject,
      }),
      html: part('html', 'The body as HTML; null: it has text only.'),
      text: part('text', 'The body as plain text; null: it has HTML only.'),
      fromEmail: part('fromEmail', 'Address of the sender; null: what the server is set up with.'),
      fromName: part('fromName', 'Name of the sender; null: what the server is set up with.'),
      isEditable: t.boolean({
        description: EDITABLE,
        select: { startedAt: true, state: true },
        resolve: isEditable,
      }),
    }
  },
})

const SurveyPhraseType = builder.objectRef<SurveyPhrase>('SurveyPhrase').implement({
  description: 'Something that the calls of a survey say: a text, or a voice file. One of the two is null.',
  fields: (t) => ({
    text: t.string({
      nullable: true,
      description: 'What the voice says; null: a voice file is played.',
      resolve: (phrase) => ('text' in phrase ? phrase.text : null),
    }),
    voiceFile: t.prismaField({
      type: 'VoiceFile',
      nullable: true,
      description: 'What is played; null: a text is said, or the voice file was deleted.',
      resolve: (query, phrase, _args, context) =>
        'voiceFileId' in phrase ? voiceFile(query, phrase.voiceFileId, context) : null,
    }),
  }),
})

const SurveyPromptType = builder.objectRef<SurveyContent['prompts'][number]>('SurveyPrompt').implement({
  description: 'A voice file that asks a question.',
  fields: (t) => ({
    fieldKey: t.exposeString('fieldKey', { description: 'The field key of the question.' }),
    voiceFile: t.prismaField({
      type: 'VoiceFile',
      nullable: true,
      description: 'What is played in place of the spoken prompt; null when it was deleted.',
      resolve: (query, { voiceFileId }, _args, context) => voiceFile(query, voiceFileId, context),
    }),
    explainsKeys: t.exposeBoolean('explainsKeys', {
      description: 'Whether it also says which keys to press; otherwise the voice does so after it.',
    }),
  }),
})

export const SurveyCalls = builder.prismaNode('Campaign', {
  id: { field: 'id', description: 'Global id.' },
  interfaces: [Campaign],
  variant: 'SurveyCalls',
  select: { id: true, kind: true },
  extensions: { readScope: 'campaigns:read' },
  description:
    'Calls all receivers and asks them the questions of a link. What they answer is a response to the link, as if given on its page.',
  fields: (t) => {
    const of = <Key extends keyof SurveyContent>(key: Key) => ({
      select: { content: true } as const,
      resolve: ({ content }: { content: unknown }) => contentOf<SurveyContent>(content)[key],
    })
    return {
      voiceCode: t.string({
        nullable: true,
        description: '`code` of the voice that speaks; null: nobody does, and only voice files are played.',
        ...of('voice'),
      }),
      greeting: t.field({
        type: SurveyPhraseType,
        nullable: true,
        description: "What is said first; null: the voice's own greeting, with the name of the link.",
        ...of('greeting'),
      }),
      goodbye: t.field({
        type: SurveyPhraseType,
        nullable: true,
        description: "What is said when all was asked; null: the voice's own farewell.",
        ...of('goodbye'),
      }),
      prompts: t.field({
        type: [SurveyPromptType],
        extensions: { listSize: 10 },
        description: 'Voice files in place of spoken prompts, at most 200; other questions are said by the voice.',
        ...of('prompts'),
      }),
      optOutKey: t.string({
        nullable: true,
        description:
          'The key for never being called again, `0` to `9` or `*`. Where it is a possible answer to the question, it is that. Null: there is none.',
        ...of('optOutKey'),
      }),
      tries: t.int({ description: 'How often one question is asked at most in a call.', ...of('tries') }),
      answerSeconds: t.float({
        description: 'Seconds in which an answer has to begin, after the question.',
        ...of('answerSeconds'),
      }),
      redialUnfinished: t.boolean({
        description:
          'Whether who hung up with questions left is called again, up to `maxAttempts` in all; the next call goes on with those.',
        ...of('redialUnfinished'),
      }),
      allowRepeats: t.boolean({
        description: 'Whether who has answered may be called and asked once more.',
        ...of('allowRepeats'),
      }),
      followUpSms: t.string({
        nullable: true,
        description:
          "The text of the SMS to whoever has answered all that a phone can ask, when the link asks more; `{link}` in it is the person's own address. Null: none is sent.",
        ...of('followUpSms'),
      }),
    }
  },
})

/** The kinds that call, and those that write. */
export const CALLING = [VoiceBroadcast, ClickToCall, RsvpCampaign, SurveyCalls] as const
export const WRITING = [SmsBroadcast, EmailBroadcast] as const

function contentOf<Content>(content: unknown): Content {
  return content as Content
}

function isEditable({ startedAt, state }: { startedAt: Date | null; state: string }): boolean {
  return startedAt === null && state !== 'completed'
}
