import {
  addReceivers,
  type CampaignContentInput,
  createCampaign,
  deleteCampaign,
  setCampaignState,
  updateCampaign,
} from '../../domains/campaigns/index.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId } from '../global-id.ts'
import { CalendarInput } from './calendar.ts'
import { CAMPAIGN_TYPES, Campaign, type CampaignKind } from './campaign.ts'
import {
  atInput,
  ClickToCallContentInput,
  type CommonInput,
  campaignFieldsOf,
  campaignIn,
  EmailContentInput,
  ReceiverInputType,
  RsvpContentInput,
  receiversOf,
  SmsContentInput,
  SurveyCallsContentInput,
  smsOf,
  surveyOf,
  VoiceBroadcastContentInput,
} from './campaign-input.ts'
import {
  ClickToCall,
  EmailBroadcast,
  RsvpCampaign,
  SmsBroadcast,
  SurveyCalls,
  VoiceBroadcast,
} from './campaign-kinds.ts'
import { COMMON_ERRORS, ERRORS, IDEMPOTENCY_KEY } from './mutation-kit.ts'
import { operationsIn, voiceFileUuid } from './operation-ids.ts'

const { NotFoundError, ConflictError } = ERRORS

type InputBuilder = Parameters<NonNullable<Parameters<typeof builder.inputType>[1]>['fields']>[0]

/** What a new campaign of any kind takes. */
const newFields = (t: InputBuilder) => ({
  name: t.string({ description: 'What you call it, 1 to 200 characters.' }),
  receivers: t.field({
    type: [ReceiverInputType],
    required: true,
    description: 'Whom to address, 1 to 100,000. Who is reached by several of them is addressed once.',
  }),
  startsAt: t.field({
    type: 'DateTime',
    description: 'When it begins, at most an hour ago; at once when absent.',
  }),
  endsAt: t.field({
    type: 'DateTime',
    description: 'After it nothing is begun. When absent: never; a click to call ends a week after it begins.',
  }),
  calendar: t.field({ type: CalendarInput, description: 'When receivers may be addressed; at any time when absent.' }),
  halted: t.boolean({ description: 'Whether it waits for `resumeCampaign`; false when absent.' }),
  maxAttempts: t.int({
    description:
      'How often to try to reach one receiver, 1 to 20. When absent 4, of a voice broadcast 1, of messages and of surveys 3.',
  }),
  redialAfterMinutes: t.float({
    description: 'Minutes between two attempts, up to a week; what the server is set up with when absent.',
  }),
  meta: t.field({
    type: 'JSONObject',
    description: 'Your own object, up to 16,000 bytes as JSON, handed back as it is.',
  }),
  idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
})

/** What may be changed of a campaign of any kind. */
const changedFields = (t: InputBuilder) => ({
  id: t.id({ required: true, description: 'Global id of the campaign.' }),
  name: t.string({ description: 'What you call it, 1 to 200 characters; null: nothing.' }),
  receivers: t.field({
    type: [ReceiverInputType],
    description:
      'Whom to address instead of those it has; only until it has begun. `addReceivers` adds some at any time.',
  }),
  startsAt: t.field({ type: 'DateTime', description: 'When it begins, at most an hour ago; null: at once.' }),
  endsAt: t.field({ type: 'DateTime', description: 'After it nothing is begun; null: never.' }),
  calendar: t.field({ type: CalendarInput, description: 'When receivers may be addressed; null: at any time.' }),
  maxAttempts: t.int({ description: 'How often to try to reach one receiver, 1 to 20.' }),
  redialAfterMinutes: t.float({
    description: 'Minutes between two attempts, up to a week; null: what the server is set up with.',
  }),
  meta: t.field({ type: 'JSONObject', description: 'Your own object, up to 16,000 bytes as JSON; null: none.' }),
})

const LINES = 'How many calls it makes at once, from 1;'
const newLines = (t: InputBuilder) => ({
  lines: t.int({ description: `${LINES} as many as workspace and provider allow when absent.` }),
})
const changedLines = (t: InputBuilder) => ({
  lines: t.int({ description: `${LINES} null: as many as workspace and provider allow.` }),
})
const WHOLE = 'As a whole; absent: as it is.'

const CreateVoiceBroadcastInput = builder.inputType('CreateVoiceBroadcastInput', {
  description: 'A voice broadcast to make.',
  fields: (t) => ({
    ...newFields(t),
    ...newLines(t),
    content: t.field({ type: VoiceBroadcastContentInput, required: true, description: 'What is done in a call.' }),
  }),
})
const CreateClickToCallInput = builder.inputType('CreateClickToCallInput', {
  description: 'A click to call to make.',
  fields: (t) => ({
    ...newFields(t),
    content: t.field({ type: ClickToCallContentInput, required: true, description: 'What is played and asked.' }),
  }),
})
const CreateRsvpCampaignInput = builder.inputType('CreateRsvpCampaignInput', {
  description: 'An RSVP campaign to make.',
  fields: (t) => ({
    ...newFields(t),
    ...newLines(t),
    acceptsWanted: t.int({ required: true, description: 'How many accepts complete it, from 1.' }),
    content: t.field({ type: RsvpContentInput, required: true, description: 'What is played and asked.' }),
  }),
})
const CreateSmsBroadcastInput = builder.inputType('CreateSmsBroadcastInput', {
  description: 'An SMS to send.',
  fields: (t) => ({
    ...newFields(t),
    content: t.field({ type: SmsContentInput, required: true, description: 'What it says.' }),
  }),
})
const CreateEmailBroadcastInput = builder.inputType('CreateEmailBroadcastInput', {
  description: 'An e-mail to send.',
  fields: (t) => ({
    ...newFields(t),
    content: t.field({ type: EmailContentInput, required: true, description: 'What it says.' }),
  }),
})
const CreateSurveyCallsInput = builder.inputType('CreateSurveyCallsInput', {
  description: 'Calls that ask the questions of a link, to make.',
  fields: (t) => ({
    ...newFields(t),
    ...newLines(t),
    content: t.field({ type: SurveyCallsContentInput, required: true, description: 'What is asked, and how.' }),
  }),
})

const CHANGES = 'absent keys stay as they are'
const UpdateVoiceBroadcastInput = builder.inputType('UpdateVoiceBroadcastInput', {
  description: `What to change of a voice broadcast; ${CHANGES}.`,
  fields: (t) => ({
    ...changedFields(t),
    ...changedLines(t),
    content: t.field({ type: VoiceBroadcastContentInput, description: `What is done in a call. ${WHOLE}` }),
  }),
})
const UpdateClickToCallInput = builder.inputType('UpdateClickToCallInput', {
  description: `What to change of a click to call; ${CHANGES}.`,
  fields: (t) => ({
    ...changedFields(t),
    content: t.field({ type: ClickToCallContentInput, description: `What is played and asked. ${WHOLE}` }),
  }),
})
const UpdateRsvpCampaignInput = builder.inputType('UpdateRsvpCampaignInput', {
  description: `What to change of an RSVP campaign; ${CHANGES}.`,
  fields: (t) => ({
    ...changedFields(t),
    ...changedLines(t),
    acceptsWanted: t.int({
      description: 'How many accepts complete it, from 1. As many as it has already complete it at once.',
    }),
    content: t.field({ type: RsvpContentInput, description: `What is played and asked. ${WHOLE}` }),
  }),
})
const UpdateSmsBroadcastInput = builder.inputType('UpdateSmsBroadcastInput', {
  description: `What to change of an SMS broadcast; ${CHANGES}.`,
  fields: (t) => ({
    ...changedFields(t),
    content: t.field({ type: SmsContentInput, description: `What it says. ${WHOLE}` }),
  }),
})
const UpdateEmailBroadcastInput = builder.inputType('UpdateEmailBroadcastInput', {
  description: `What to change of an e-mail broadcast; ${CHANGES}.`,
  fields: (t) => ({
    ...changedFields(t),
    content: t.field({ type: EmailContentInput, description: `What it says. ${WHOLE}` }),
  }),
})
const UpdateSurveyCallsInput = builder.inputType('UpdateSurveyCallsInput', {
  description: `What to change of the calls of a survey; ${CHANGES}.`,
  fields: (t) => ({
    ...changedFields(t),
    ...changedLines(t),
    content: t.field({
      type: SurveyCallsContentInput,
      description: `What is asked, and how, from the next call on; it must name the same link. ${WHOLE}`,
    }),
  }),
})

const idInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({ id: t.id({ required: true, description: 'Global id of a campaign of any kind.' }) }),
  })
const HaltCampaignInput = idInput('HaltCampaignInput', 'Which campaign to halt.')
const ResumeCampaignInput = idInput('ResumeCampaignInput', 'Which campaign is to go on.')
const DeleteCampaignInput = idInput('DeleteCampaignInput', 'Which campaign to delete.')
const AddReceiversInput = builder.inputType('AddReceiversInput', {
  description: 'Whom a campaign is to address as well.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of a campaign of any kind.' }),
    receivers: t.field({
      type: [ReceiverInputType],
      required: true,
      description: 'Whom to add, 1 to 100,000; who is among its receivers already stays where they are.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

type Of = typeof Campaign

/** A payload that gives the campaign as it is after the change; also a repetition, when it was deleted meanwhile. */
const payload = (name: string, type: Of, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      campaign: t.prismaField({
        type,
        description: 'The campaign as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.campaign.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })

const MADE = 'The campaign was made.'
const CHANGED = 'The campaign was changed.'
const kindOf = (ref: object) => ref as Of
const CreateVoiceBroadcastPayload = payload('CreateVoiceBroadcastPayload', kindOf(VoiceBroadcast), MADE)
const CreateClickToCallPayload = payload('CreateClickToCallPayload', kindOf(ClickToCall), MADE)
const CreateRsvpCampaignPayload = payload('CreateRsvpCampaignPayload', kindOf(RsvpCampaign), MADE)
const CreateSmsBroadcastPayload = payload('CreateSmsBroadcastPayload', kindOf(SmsBroadcast), MADE)
const CreateEmailBroadcastPayload = payload('CreateEmailBroadcastPayload', kindOf(EmailBroadcast), MADE)
const CreateSurveyCallsPayload = payload('CreateSurveyCallsPayload', kindOf(SurveyCalls), MADE)
const UpdateVoiceBroadcastPayload = payload('UpdateVoiceBroadcastPayload', kindOf(VoiceBroadcast), CHANGED)
const UpdateClickToCallPayload = payload('UpdateClickToCallPayload', kindOf(ClickToCall), CHANGED)
const UpdateRsvpCampaignPayload = payload('UpdateRsvpCampaignPayload', kindOf(RsvpCampaign), CHANGED)
const UpdateSmsBroadcastPayload = payload('UpdateSmsBroadcastPayload', kindOf(SmsBroadcast), CHANGED)
const UpdateEmailBroadcastPayload = payload('UpdateEmailBroadcastPayload', kindOf(EmailBroadcast), CHANGED)
const UpdateSurveyCallsPayload = payload('UpdateSurveyCallsPayload', kindOf(SurveyCalls), CHANGED)
const HaltCampaignPayload = payload('HaltCampaignPayload', Campaign, 'The campaign begins nothing more.')
const ResumeCampaignPayload = payload('ResumeCampaignPayload', Campaign, 'The campaign goes on.')

const AddReceiversPayload = builder.objectRef<{ id: string; targetIds: string[] }>('AddReceiversPayload').implement({
  description: 'The receivers were added.',
  extensions: { payload: true },
  fields: (t) => ({
    campaign: t.prismaField({
      type: Campaign,
      description: 'The campaign as it is now.',
      resolve: (query, { id }, _args, context) =>
        context.reader.campaign.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    targetIds: t.idList({
      description: 'Global ids of the new targets, in the order of the input.',
      resolve: ({ targetIds }) => targetIds.map((id) => encodeGlobalId('CampaignTarget', id)),
    }),
  }),
})
const DeleteCampaignPayload = builder.objectRef<{ id: string; kind: CampaignKind }>('DeleteCampaignPayload').implement({
  description: 'The campaign is gone; what happened stays in the history of its contacts.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedCampaignId: t.id({
      description: 'Global id of the campaign.',
      resolve: ({ id, kind }) => encodeGlobalId(CAMPAIGN_TYPES[kind], id),
    }),
  }),
})

interface NewInput extends CommonInput {
  receivers: NonNullable<CommonInput['receivers']>
  halted?: boolean | null | undefined
  idempotencyKey?: string | null | undefined
}

function create({ campaigns, viewer }: Context, kind: CampaignKind, input: NewInput, content: CampaignContentInput) {
  return asData(() =>
    atInput(input, async () =>
      createCampaign(campaigns, viewer, {
        ...campaignFieldsOf(input),
        kind,
        content,
        receivers: receiversOf(input.receivers),
        state: input.halted ? 'halted' : null,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
    ),
  )
}

function update(
  { campaigns, viewer }: Context,
  kind: CampaignKind,
  input: CommonInput & { id: string },
  content: CampaignContentInput | null | undefined,
) {
  return asData(() =>
    atInput(input, async () =>
      updateCampaign(campaigns, viewer, {
        ...campaignFieldsOf(input),
        ...campaignIn(input.id, kind),
        ...(content == null ? {} : { content }),
        ...(input.receivers == null ? {} : { receivers: receiversOf(input.receivers) }),
      }),
    ),
  )
}

const operationsOf = ({ operations }: typeof VoiceBroadcastContentInput.$inferInput) => ({
  operations: operationsIn(operations),
})
const clickToCallOf = ({ voiceFileId, actionButtons }: typeof ClickToCallContentInput.$inferInput) => ({
  voiceFileId: voiceFileUuid(voiceFileId),
  actionButtons,
})
const rsvpOf = ({ voiceFiles, actionButtons }: typeof RsvpContentInput.$inferInput) => ({
  voiceFiles: voiceFiles.map(({ type, voiceFileId }) => ({ type, voiceFileId: voiceFileUuid(voiceFileId) })),
  actionButtons,
})

const NEEDS = 'Needs `campaigns:write`.'
const CREATING = { types: [...COMMON_ERRORS, ConflictError] }
const CHANGING = { types: [...COMMON_ERRORS, NotFoundError, ConflictError] }
const UNTIL_BEGUN = `of which all but the name and \`meta\` can be changed until it has begun. ${NEEDS}`
const UNTIL_COMPLETED = `of which all but the name and \`meta\` can be changed until it is completed, and its receivers until it has begun. ${NEEDS}`

builder.mutationFields((t) => ({
  createVoiceBroadcast: t.field({
    type: CreateVoiceBroadcastPayload,
    description: `Makes a campaign that calls all receivers and plays them something. ${NEEDS}`,
    errors: CREATING,
    args: { input: t.arg({ type: CreateVoiceBroadcastInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, context) => create(context, 'voice_broadcast', input, operationsOf(input.content)),
  }),
  createClickToCall: t.field({
    type: CreateClickToCallPayload,
    description: `Makes a campaign that calls receivers one after another, in order, until one accepts. ${NEEDS}`,
    errors: CREATING,
    args: { input: t.arg({ type: CreateClickToCallInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, context) => create(context, 'click_to_call', input, clickToCallOf(input.content)),
  }),
  createRsvpCampaign: t.field({
    type: CreateRsvpCampaignPayload,
    description: `Makes a campaign that calls receivers until as many as wanted have accepted. ${NEEDS}`,
    errors: CREATING,
    args: { input: t.arg({ type: CreateRsvpCampaignInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, context) => create(context, 'rsvp', input, rsvpOf(input.content)),
  }),
  createSmsBroadcast: t.field({
    type: CreateSmsBroadcastPayload,
    description: `Makes a campaign that sends all receivers an SMS. ${NEEDS}`,
    errors: CREATING,
    args: { input: t.arg({ type: CreateSmsBroadcastInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, context) => create(context, 'sms_broadcast', input, smsOf(input.content)),
  }),
  createEmailBroadcast: t.field({
    type: CreateEmailBroadcastPayload,
    description: `Makes a campaign that sends all receivers an e-mail. ${NEEDS}`,
    errors: CREATING,
    args: { input: t.arg({ type: CreateEmailBroadcastInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, context) => create(context, 'email_broadcast', input, { ...input.content }),
  }),
  createSurveyCalls: t.field({
    type: CreateSurveyCallsPayload,
    description: `Makes a campaign that calls all receivers and asks them the questions of a link; each becomes a respondent when first called. To call respondents that there are, use \`callRespondents\`. ${NEEDS}`,
    errors: CREATING,
    args: { input: t.arg({ type: CreateSurveyCallsInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, context) => create(context, 'survey_calls', input, surveyOf(input.content)),
  }),
  updateVoiceBroadcast: t.field({
    type: UpdateVoiceBroadcastPayload,
    description: `Changes a voice broadcast, ${UNTIL_BEGUN}`,
    errors: CHANGING,
    args: { input: t.arg({ type: UpdateVoiceBroadcastInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input }, context) =>
      update(context, 'voice_broadcast', input, input.content && operationsOf(input.content)),
  }),
  updateClickToCall: t.field({
    type: UpdateClickToCallPayload,
    description: `Changes a click to call, ${UNTIL_COMPLETED}`,
    errors: CHANGING,
    args: { input: t.arg({ type: UpdateClickToCallInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input }, context) =>
      update(context, 'click_to_call', input, input.content && clickToCallOf(input.content)),
  }),
  updateRsvpCampaign: t.field({
    type: UpdateRsvpCampaignPayload,
    description: `Changes an RSVP campaign, ${UNTIL_COMPLETED}`,
    errors: CHANGING,
    args: { input: t.arg({ type: UpdateRsvpCampaignInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input }, context) => update(context, 'rsvp', input, input.content && rsvpOf(input.content)),
  }),
  updateSmsBroadcast: t.field({
    type: UpdateSmsBroadcastPayload,
    description: `Changes an SMS broadcast, ${UNTIL_BEGUN}`,
    errors: CHANGING,
    args: { input: t.arg({ type: UpdateSmsBroadcastInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input }, context) =>
      update(context, 'sms_broadcast', input, input.content && smsOf(input.content)),
  }),
  updateEmailBroadcast: t.field({
    type: UpdateEmailBroadcastPayload,
    description: `Changes an e-mail broadcast, ${UNTIL_BEGUN}`,
    errors: CHANGING,
    args: { input: t.arg({ type: UpdateEmailBroadcastInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input }, context) =>
      update(context, 'email_broadcast', input, input.content && { ...input.content }),
  }),
  updateSurveyCalls: t.field({
    type: UpdateSurveyCallsPayload,
    description: `Changes the calls of a survey, also those that the server keeps for its link, ${UNTIL_COMPLETED}`,
    errors: CHANGING,
    args: { input: t.arg({ type: UpdateSurveyCallsInput, required: true, description: 'The changes.' }) },
    resolve: (_root, { input }, context) =>
      update(context, 'survey_calls', input, input.content && surveyOf(input.content)),
  }),
  haltCampaign: t.field({
    type: HaltCampaignPayload,
    description: `Halts a campaign: nothing more is begun; calls under way go on and count. Nothing happens to one that is halted. ${NEEDS}`,
    errors: CHANGING,
    args: { input: t.arg({ type: HaltCampaignInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, { campaigns, viewer }) =>
      asData(async () => setCampaignState(campaigns, viewer, { ...campaignIn(input.id), state: 'halted' })),
  }),
  resumeCampaign: t.field({
    type: ResumeCampaignPayload,
    description: `Lets a halted campaign go on; it is \`SCHEDULED\` again when its start lies ahead. Nothing happens to one that is not halted. ${NEEDS}`,
    errors: CHANGING,
    args: { input: t.arg({ type: ResumeCampaignInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, { campaigns, viewer }) =>
      asData(async () => setCampaignState(campaigns, viewer, { ...campaignIn(input.id), state: 'active' })),
  }),
  deleteCampaign: t.field({
    type: DeleteCampaignPayload,
    description: `Deletes a campaign, whatever its state: nothing more is begun, and what happened stays in the history of its contacts. ${NEEDS}`,
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteCampaignInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input }, { campaigns, viewer }) =>
      asData(async () => {
        const found = campaignIn(input.id)
        await deleteCampaign(campaigns, viewer, found.id, found.kind)
        return found
      }),
  }),
  addReceivers: t.field({
    type: AddReceiversPayload,
    description: `Adds receivers after those that a campaign has, unless it is completed. ${NEEDS}`,
    errors: CHANGING,
    args: { input: t.arg({ type: AddReceiversInput, required: true, description: 'Whom to add.' }) },
    resolve: (_root, { input: { id: globalId, receivers, idempotencyKey } }, { campaigns, viewer }) =>
      asData(async () => {
        const found = campaignIn(globalId)
        const input = { ...found, receivers: receiversOf(receivers), idempotencyKey: idempotencyKey ?? null }
        return { id: found.id, ...(await addReceivers(campaigns, viewer, input)) }
      }),
  }),
}))
