import { z } from 'zod'
import {
  addReceivers,
  type CampaignState,
  type CampaignView,
  campaignTargets,
  createCampaign,
  findByNumber,
  listReceiverViews,
  type ReceiverView,
  type RsvpContent,
  type RsvpVoiceFileType,
  setCampaignState,
  updateCampaign,
} from '../../domains/campaigns/index.ts'
import { campaignWebhooks } from '../../domains/webhooks/index.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { written as writtenEach } from './account.ts'
import { writeMoments } from './broadcasts.ts'
import { windowFields, windowInput, writeWindow } from './calling-window.ts'
import { campaignAccess } from './campaign-access.ts'
import {
  ADDED_RECEIVER,
  CALLED_PERSON,
  RSVP_CALL,
  RSVP_CALL_INPUT,
  RSVP_CALL_STATS,
  RSVP_RECEIVERS_INPUT,
} from './campaign-examples.ts'
import { CAMPAIGN_NAMES, inItsWords } from './campaign-faults.ts'
import {
  actionButtonsField,
  attemptsOf,
  calledReceivers,
  dateTimeField,
  maxRedialsField,
  metaField,
  requiredDateTime,
  urlField,
  voiceFileField,
} from './campaign-fields.ts'
import {
  actionButton,
  activeWeekday,
  countNotAnswered,
  lookedUp,
  type Surroundings,
  surroundingsOf,
  timeOfDay,
  writeButtons,
} from './campaign-object.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import { writeDateTime } from './date-times.ts'
import type { MultisenderDeps } from './deps.ts'
import { integerField, listField, objectField } from './fields.ts'
import { idParam, writeId } from './ids.ts'
import { location } from './location.ts'
import { addedReceiver, rsvpReceiver, writeAddedReceiver, writeAnswered, writeRsvpReceiver } from './receivers.ts'
import { dateTime, failure, id, optionalText } from './schemas.ts'

const KIND = 'rsvp'
const NAMES = { ...CAMPAIGN_NAMES, startsAt: 'startTime', endsAt: 'endTime' } as const

/** The documentation's words of a state. */
const STATES: Readonly<Record<CampaignState, string>> = {
  scheduled: 'waitingToActive',
  active: 'active',
  halted: 'halt',
  completed: 'complete',
}
export const writeState = (state: CampaignState) => STATES[state]

/** In playing order. */
const TYPES: Readonly<Record<string, RsvpVoiceFileType>> = {
  start: 'start',
  data: 'data',
  actionButtons: 'action_buttons',
  accept: 'accept',
  end: 'end',
}
const TYPE_NAMES = Object.keys(TYPES)
const writeType = (type: RsvpVoiceFileType) => TYPE_NAMES.find((name) => TYPES[name] === type)!

const stateField = z
  .enum(['active', 'halt'], 'must be active or halt')
  .nullish()
  .meta({ description: 'Halts or resumes.' })
const startTimeField = dateTimeField().meta({
  description: 'Null: immediately. More than one hour in the past is not allowed.',
})
const voiceFilesField = listField(
  objectField({ type: z.enum(TYPE_NAMES, `must be one of ${TYPE_NAMES.join(', ')}`), voiceFileId: voiceFileField() }),
).meta({
  description: 'What is played when, in this order: `start`, `data`, `actionButtons`, `accept`, `end`; at least one.',
})
const receiverUrl = urlField().meta({ description: 'Is told the result of each receiver.' })
const stateUrl = urlField().meta({ description: 'Is told each change of the state.' })

const rsvpCallBody = objectField({
  state: stateField,
  startTime: startTimeField,
  endTime: requiredDateTime().meta({ description: 'After it no more calls are made.' }),
  ...windowFields,
  voiceFiles: voiceFilesField,
  actionButtons: actionButtonsField(),
  receivers: calledReceivers(),
  acceptsWanted: integerField().meta({ description: 'Calling stops when so many have accepted. Required.' }),
  maxRedials: maxRedialsField(),
  receiverWebhookUrl: receiverUrl,
  stateWebhookUrl: stateUrl,
  meta: metaField(),
}).meta({ id: 'RsvpCallInput' })

const rsvpCallChanges = objectField({
  state: stateField,
  startTime: startTimeField,
  endTime: requiredDateTime().optional(),
  activeFrom: windowFields.activeFrom.optional(),
  activeTo: windowFields.activeTo.optional(),
  activeWeekdays: windowFields.activeWeekdays.optional(),
  voiceFiles: voiceFilesField.optional(),
  actionButtons: actionButtonsField().optional(),
  // As the documentation's example of an update spells it.
  actionbuttons: actionButtonsField().optional().meta({ description: 'The same as `actionButtons`.' }),
  acceptsWanted: integerField(),
  maxRedials: maxRedialsField(),
  receiverWebhookUrl: receiverUrl,
  stateWebhookUrl: stateUrl,
  meta: metaField(),
}).meta({ id: 'RsvpCallChanges' })

const receiversBody = z
  .union([objectField({ receivers: calledReceivers() }), calledReceivers()], { error: 'must be an array' })
  .transform((body) => (Array.isArray(body) ? body : body.receivers))
  .meta({ id: 'RsvpCallReceiversInput', description: 'Receivers to add; `{"receivers": [...]}` will do.' })

const totals = {
  totalDialedCalls: z.int(),
  answeredCalls: z.int(),
  totalDuration: z.int().meta({ description: 'Seconds of answered calls.' }),
  acceptsReceived: z.int(),
}
const stats = z.object(totals).meta({ id: 'RsvpCallStats' })

const rsvpCall = z
  .object({
    rsvpCallId: id,
    state: z.enum(Object.values(STATES)),
    startTime: dateTime.nullable(),
    endTime: dateTime.nullable(),
    activeFrom: timeOfDay,
    activeTo: timeOfDay,
    activeWeekdays: z.array(activeWeekday),
    voiceFiles: z.array(z.object({ type: z.enum(TYPE_NAMES), voiceFileId: id.nullable() })),
    actionButtons: z.array(actionButton),
    receivers: z.array(rsvpReceiver),
    acceptsWanted: z.int(),
    maxRedials: z.int(),
    receiverWebhookUrl: optionalText,
    stateWebhookUrl: optionalText,
    meta: z.record(z.string(), z.unknown()).nullable(),
    stats: z.object({ ...totals, declinesAndNoRepliesReceived: z.int(), notAnsweredCalls: z.int() }),
    updatedAt: dateTime,
    createdAt: dateTime,
  })
  .meta({ id: 'RsvpCall' })

const calledPerson = z
  .object({
    accountId: id,
    phoneNumber: optionalText.meta({ description: 'E.164.' }),
    answered: z.literal([0, 1]),
    rsvpReply: z.enum(['accept', 'decline', 'noReply']),
    callDuration: z.int().meta({ description: 'Seconds of answered calls.' }),
    dialedCalls: z.int(),
    latestCallAt: dateTime.nullable(),
  })
  .meta({ id: 'CalledPerson' })

const rsvpCallParam = idParam('rsvpCallId', 'RSVP call')
const wrong = bodyAnswers({ endTime: ['endTime is required'] })
const completed = {
  status: 409,
  description: 'The RSVP call is `complete`.',
  schema: failure,
  example: { status: 409, message: 'The campaign is completed.' },
}

export function rsvpCallOperations(deps: MultisenderDeps): AnyOperation[] {
  const { world, campaigns, timeZone } = deps
  const { find, locate, byId, receivers, list, remove } = campaignAccess(deps, KIND, 'rsvpCallId')
  const written = async (asked: Pick<Call, 'viewer'>, view: CampaignView) =>
    writeRsvpCall(view, await surroundingsOf(deps, asked, [view]))

  /** Content as the domain takes it; what is not given stays as `present` has it. */
  async function contentInput({ viewer }: Pick<Call, 'viewer'>, given: GivenContent, present?: RsvpContent) {
    const { voiceFiles: files, actionButtons = present?.actionButtons } = given
    if (!files) return { voiceFiles: present?.voiceFiles, actionButtons }
    const { voiceFiles: found } = await findByNumber(world, viewer, {
      voiceFiles: files.map(({ voiceFileId }) => voiceFileId),
    })
    const voiceFiles = files.map(({ type, voiceFileId }) => ({
      type: TYPES[type],
      voiceFileId: lookedUp(found, voiceFileId),
    }))
    return { voiceFiles, actionButtons }
  }

  async function add(asked: Call<unknown, z.output<typeof receiversBody>>) {
    const { viewer, body, request } = asked
    const view = await find(asked)
    const { targetIds } = await inItsWords(async () =>
      addReceivers(campaigns, viewer, { id: view.id, kind: KIND, receivers: await receivers(asked, body) }),
    )
    const added = (await campaignTargets(world, viewer, [view.id], targetIds)).get(view.id) ?? []
    return {
      status: 201,
      body: added.map(writeAddedReceiver),
      headers: location(request, `/rsvp_calls/${view.legacyId}/receivers`),
    }
  }

  return [
    operation({
      id: 'listRsvpCalls',
      method: 'GET',
      path: '/v1/rsvp_calls',
      tag: 'RSVP calls',
      summary: 'List all RSVP calls',
      description: 'By ascending id.',
      scope: 'campaigns:read',
      answers: [{ status: 200, description: 'The RSVP calls.', schema: z.array(rsvpCall), example: [RSVP_CALL] }],
      async handle(asked) {
        const items = list(asked, async (views) => {
          const surroundings = await surroundingsOf(deps, asked, views)
          return views.map((view) => writeRsvpCall(view, surroundings))
        })
        return { status: 200, items }
      },
    }),
    operation({
      id: 'getRsvpCall',
      method: 'GET',
      path: '/v1/rsvp_calls/{rsvpCallId}',
      tag: 'RSVP calls',
      summary: 'Get one RSVP call',
      scope: 'campaigns:read',
      params: rsvpCallParam,
      answers: [{ status: 200, description: 'The RSVP call.', schema: rsvpCall, example: RSVP_CALL }],
      async handle(asked) {
        return { status: 200, body: await written(asked, await find(asked)) }
      },
    }),
    operation({
      id: 'createRsvpCall',
      method: 'POST',
      path: '/v1/rsvp_calls',
      tag: 'RSVP calls',
      summary: 'Create an RSVP call',
      description: 'It calls its receivers until enough of them have accepted.',
      scope: 'campaigns:write',
      body: rsvpCallBody,
      example: RSVP_CALL_INPUT,
      names: NAMES,
      answers: [created('The RSVP call.', rsvpCall, RSVP_CALL), ...wrong],
      async handle(asked) {
        const { viewer, body, request } = asked
        const { state, startTime, endTime, acceptsWanted, receiverWebhookUrl, stateWebhookUrl, meta } = body
        const { id: made } = await inItsWords(async () =>
          createCampaign(
            campaigns,
            viewer,
            {
              ...{ kind: KIND, state: state && stateInput(state), acceptsWanted, meta },
              content: await contentInput(asked, body),
              receivers: await receivers(asked, body.receivers),
              ...{ startsAt: startTime, endsAt: endTime },
              ...attemptsOf(body.maxRedials),
              ...windowInput(body, timeZone),
            },
            campaignWebhooks(world, viewer.workspaceId, { receiverWebhookUrl, stateWebhookUrl }),
          ),
        )
        const view = await byId(asked, made)
        return {
          status: 201,
          body: await written(asked, view),
          headers: location(request, `/rsvp_calls/${view.legacyId}`),
        }
      },
    }),
    operation({
      id: 'updateRsvpCall',
      method: 'PUT',
      path: '/v1/rsvp_calls/{rsvpCallId}',
      tag: 'RSVP calls',
      summary: 'Update an RSVP call',
      description:
        'Halts it, resumes it, or changes it; what is not sent stays as it is. Of one that is `complete` only `meta` and the webhooks can be changed. Receivers are added by themselves.',
      scope: 'campaigns:write',
      params: rsvpCallParam,
      body: rsvpCallChanges,
      example: { state: 'halt' },
      names: NAMES,
      answers: [
        { status: 200, description: 'The RSVP call.', schema: rsvpCall, example: RSVP_CALL },
        ...wrong,
        completed,
      ],
      locate,
      async handle(asked) {
        const { viewer, body } = asked
        const present = await find(asked)
        const { state, receiverWebhookUrl, stateWebhookUrl, meta } = body
        const content = { voiceFiles: body.voiceFiles, actionButtons: body.actionButtons ?? body.actionbuttons }
        const changesContent = content.voiceFiles !== undefined || content.actionButtons !== undefined
        const asksOnlyFor = Object.entries(body).filter(([, value]) => value !== undefined)
        // A wish for the state it has changes nothing at all (contract/multisender.md 7.1).
        if (state != null && asksOnlyFor.length === 1) {
          await setCampaignState(campaigns, viewer, { id: present.id, kind: KIND, state: stateInput(state) })
          return { status: 200, body: await written(asked, await byId(asked, present.id)) }
        }
        await inItsWords(async () =>
          updateCampaign(
            campaigns,
            viewer,
            {
              ...{ id: present.id, kind: KIND, meta },
              state: state == null ? undefined : stateInput(state),
              acceptsWanted: body.acceptsWanted ?? undefined,
              content: changesContent ? await contentInput(asked, content, present.content as RsvpContent) : undefined,
              startsAt: changed(body.startTime, present.startsAt),
              endsAt: changed(body.endTime, present.endsAt),
              ...attemptsOf(body.maxRedials),
              ...windowInput(body, timeZone, present),
            },
            campaignWebhooks(world, viewer.workspaceId, { receiverWebhookUrl, stateWebhookUrl }),
          ),
        )
        return { status: 200, body: await written(asked, await byId(asked, present.id)) }
      },
    }),
    operation({
      id: 'deleteRsvpCall',
      method: 'DELETE',
      path: '/v1/rsvp_calls/{rsvpCallId}',
      tag: 'RSVP calls',
      summary: 'Delete an RSVP call',
      description: 'Nobody is called any more; calls that are under way come to their end. No webhook tells of it.',
      scope: 'campaigns:write',
      params: rsvpCallParam,
      answers: [deleted],
      handle: remove,
    }),
    operation({
      id: 'addRsvpCallReceivers',
      method: 'POST',
      path: '/v1/rsvp_calls/{rsvpCallId}/receivers',
      tag: 'RSVP calls',
      summary: 'Add receivers to an RSVP call',
      description: 'After those that it has; who is among them already is called once.',
      scope: 'campaigns:write',
      params: rsvpCallParam,
      body: receiversBody,
      example: RSVP_RECEIVERS_INPUT,
      names: NAMES,
      answers: [
        created('The receivers that were added.', z.array(addedReceiver), [ADDED_RECEIVER]),
        ...bodyAnswers({ 'receivers.0.accountId': ['receivers.0.accountId must be an account of yours'] }),
        completed,
      ],
      locate,
      handle: add,
    }),
    operation({
      // What it may have been instead (contract/multisender.md 4).
      id: 'putRsvpCallReceivers',
      method: 'PUT',
      path: '/v1/rsvp_calls/{rsvpCallId}/receivers',
      tag: 'RSVP calls',
      summary: 'Add receivers to an RSVP call',
      undocumented: true,
      scope: 'campaigns:write',
      params: rsvpCallParam,
      body: receiversBody,
      names: NAMES,
      answers: [],
      locate,
      handle: add,
    }),
    operation({
      id: 'getRsvpCallStats',
      method: 'GET',
      path: '/v1/rsvp_calls/{rsvpCallId}/stats',
      aliases: ['/v1/rsvp_calls/{rsvpCallId}/statistics'],
      tag: 'RSVP calls',
      summary: 'Get the totals of an RSVP call',
      scope: 'campaigns:read',
      params: rsvpCallParam,
      answers: [{ status: 200, description: 'The totals.', schema: stats, example: RSVP_CALL_STATS }],
      async handle(asked) {
        return { status: 200, body: writeTotals(await find(asked)) }
      },
    }),
    operation({
      id: 'listRsvpCallReceivers',
      method: 'GET',
      path: '/v1/rsvp_calls/{rsvpCallId}/receivers',
      aliases: ['/v1/rsvp_calls/{rsvpCallId}/stats/receivers'],
      tag: 'RSVP calls',
      summary: 'List the results of all persons',
      description: 'One entry per person: groups are the accounts in them.',
      scope: 'campaigns:read',
      params: rsvpCallParam,
      answers: [{ status: 200, description: 'The persons.', schema: z.array(calledPerson), example: [CALLED_PERSON] }],
      async handle(asked) {
        const persons = listReceiverViews(world, asked.viewer, (await find(asked)).id)
        return { status: 200, items: writtenEach(persons, writePerson) }
      },
    }),
  ]
}

type GivenContent = Pick<z.output<typeof rsvpCallChanges>, 'voiceFiles' | 'actionButtons'>

const stateInput = (state: 'active' | 'halt') => (state === 'halt' ? 'halted' : 'active')

/** A moment that is sent back as it was shown changes nothing: it may have passed by now. */
function changed<Moment extends Date | null | undefined>(given: Moment, present: Date | null): Moment | undefined {
  return given && present && writeDateTime(given) === writeDateTime(present) ? undefined : given
}

function writeTotals(view: CampaignView) {
  return {
    totalDialedCalls: view.dialedCalls,
    answeredCalls: view.answeredCalls,
    totalDuration: view.totalSeconds,
    acceptsReceived: view.accepts,
  }
}

function writeRsvpCall(view: CampaignView, { targets, numbers, addresses }: Surroundings) {
  const { voiceFiles, actionButtons } = view.content as RsvpContent
  const { receiverWebhookUrl = null, stateWebhookUrl = null } = addresses.get(view.id) ?? {}
  return {
    rsvpCallId: writeId(view.legacyId),
    state: writeState(view.state),
    startTime: writeDateTime(view.startsAt),
    endTime: writeDateTime(view.endsAt),
    ...writeWindow(view),
    voiceFiles: voiceFiles.map(({ type, voiceFileId }) => ({
      type: writeType(type),
      voiceFileId: writeId(numbers.get(voiceFileId) ?? null),
    })),
    actionButtons: writeButtons(actionButtons),
    receivers: (targets.get(view.id) ?? []).map(writeRsvpReceiver),
    acceptsWanted: view.acceptsWanted,
    maxRedials: view.maxAttempts - 1,
    ...{ receiverWebhookUrl, stateWebhookUrl },
    meta: view.meta,
    stats: {
      ...writeTotals(view),
      declinesAndNoRepliesReceived: view.declines + view.optOuts + view.noReplies,
      notAnsweredCalls: countNotAnswered(view),
    },
    ...writeMoments(view),
  }
}

function writePerson({ contactLegacyId, phone, result }: ReceiverView) {
  return {
    accountId: writeId(contactLegacyId),
    phoneNumber: phone,
    answered: writeAnswered(result),
    rsvpReply: result.reply ?? 'noReply',
    callDuration: result.talkSeconds,
    dialedCalls: result.attempts,
    latestCallAt: writeDateTime(result.lastAttemptAt),
  }
}
