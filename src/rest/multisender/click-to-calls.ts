import { z } from 'zod'
import {
  type CampaignView,
  type ClickToCallContent,
  createCampaign,
  findByNumber,
} from '../../domains/campaigns/index.ts'
import { campaignWebhooks } from '../../domains/webhooks/index.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { writeMoments } from './broadcasts.ts'
import { windowFields, windowInput, writeWindow } from './calling-window.ts'
import { campaignAccess } from './campaign-access.ts'
import { CLICK_TO_CALL, CLICK_TO_CALL_INPUT } from './campaign-examples.ts'
import { CAMPAIGN_NAMES, inItsWords } from './campaign-faults.ts'
import {
  actionButtonsField,
  attemptsOf,
  calledReceivers,
  dateTimeField,
  maxRedialsField,
  metaField,
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
import { objectField } from './fields.ts'
import { idParam, writeId } from './ids.ts'
import { location } from './location.ts'
import { clickToCallReceiver, writeClickToCallReceiver } from './receivers.ts'
import { dateTime, id, numericId, optionalText } from './schemas.ts'

const KIND = 'click_to_call'
const NAMES = { ...CAMPAIGN_NAMES, endsAt: 'expiresAt' } as const

const clickToCallBody = objectField({
  expiresAt: dateTimeField().meta({ description: 'When calling stops. Default: in a week.' }),
  ...windowFields,
  voiceFileId: voiceFileField(),
  actionButtons: actionButtonsField(),
  receivers: calledReceivers().meta({ description: 'Called in the given order until one accepts.' }),
  maxRedials: maxRedialsField(),
  receiverWebhookUrl: urlField().meta({ description: 'Is told the result of each receiver.' }),
  meta: metaField(),
}).meta({ id: 'ClickToCallInput' })

const clickToCall = z
  .object({
    clickToCallId: id,
    expiresAt: dateTime.nullable(),
    activeFrom: timeOfDay,
    activeTo: timeOfDay,
    activeWeekdays: z.array(activeWeekday),
    voiceFileId: numericId,
    actionButtons: z.array(actionButton),
    receivers: z.array(clickToCallReceiver),
    maxRedials: z.int(),
    receiverWebhookUrl: optionalText,
    meta: z.record(z.string(), z.unknown()).nullable(),
    stats: z.object({
      totalDialedCalls: z.int(),
      answeredCalls: z.int(),
      totalDuration: z.int().meta({ description: 'Seconds of answered calls.' }),
      acceptsReceived: z.int(),
      acceptsDeclined: z.int(),
      notAnsweredCalls: z.int(),
    }),
    updatedAt: dateTime,
    createdAt: dateTime,
  })
  .meta({ id: 'ClickToCall' })

const clickToCallParam = idParam('clickToCallId', 'click to call')

export function clickToCallOperations(deps: MultisenderDeps): AnyOperation[] {
  const { world, campaigns, timeZone } = deps
  const { find, byId, receivers, list, remove } = campaignAccess(deps, KIND, 'clickToCallId')
  const written = async (asked: Pick<Call, 'viewer'>, view: CampaignView) =>
    writeClickToCall(view, await surroundingsOf(deps, asked, [view]))
  return [
    operation({
      id: 'listClickToCalls',
      method: 'GET',
      path: '/v1/click_to_calls',
      tag: 'Click to calls',
      summary: 'List all click to calls',
      description: 'By ascending id.',
      scope: 'campaigns:read',
      answers: [
        { status: 200, description: 'The click to calls.', schema: z.array(clickToCall), example: [CLICK_TO_CALL] },
      ],
      async handle(asked) {
        const items = list(asked, async (views) => {
          const surroundings = await surroundingsOf(deps, asked, views)
          return views.map((view) => writeClickToCall(view, surroundings))
        })
        return { status: 200, items }
      },
    }),
    operation({
      id: 'getClickToCall',
      method: 'GET',
      path: '/v1/click_to_calls/{clickToCallId}',
      tag: 'Click to calls',
      summary: 'Get one click to call',
      scope: 'campaigns:read',
      params: clickToCallParam,
      answers: [{ status: 200, description: 'The click to call.', schema: clickToCall, example: CLICK_TO_CALL }],
      async handle(asked) {
        return { status: 200, body: await written(asked, await find(asked)) }
      },
    }),
    operation({
      id: 'createClickToCall',
      method: 'POST',
      path: '/v1/click_to_calls',
      tag: 'Click to calls',
      summary: 'Create a click to call',
      description:
        'Calls the receivers one after the other until one accepts. Who did not answer is called again after all others were called.',
      scope: 'campaigns:write',
      body: clickToCallBody,
      example: CLICK_TO_CALL_INPUT,
      names: NAMES,
      answers: [
        created('The click to call.', clickToCall, CLICK_TO_CALL),
        ...bodyAnswers({ 'actionButtons.0.action': ['actionButtons.0.action must be accept or decline'] }),
      ],
      async handle(asked) {
        const { viewer, body, request } = asked
        const { expiresAt, voiceFileId, actionButtons, receiverWebhookUrl, meta } = body
        const { id: made } = await inItsWords(async () => {
          const { voiceFiles } = await findByNumber(world, viewer, { voiceFiles: [voiceFileId] })
          return createCampaign(
            campaigns,
            viewer,
            {
              ...{ kind: KIND, meta },
              content: { voiceFileId: lookedUp(voiceFiles, voiceFileId), actionButtons },
              receivers: await receivers(asked, body.receivers),
              // Absent, unlike null, is a week.
              ...(expiresAt ? { endsAt: expiresAt } : {}),
              ...attemptsOf(body.maxRedials),
              ...windowInput(body, timeZone),
            },
            campaignWebhooks(world, viewer.workspaceId, { receiverWebhookUrl }),
          )
        })
        const view = await byId(asked, made)
        return {
          status: 201,
          body: await written(asked, view),
          headers: location(request, `/click_to_calls/${view.legacyId}`),
        }
      },
    }),
    operation({
      id: 'deleteClickToCall',
      method: 'DELETE',
      path: '/v1/click_to_calls/{clickToCallId}',
      tag: 'Click to calls',
      summary: 'Delete a click to call',
      description: 'Nobody is called any more; a call that is under way comes to its end.',
      scope: 'campaigns:write',
      params: clickToCallParam,
      answers: [deleted],
      handle: remove,
    }),
  ]
}

function writeClickToCall(view: CampaignView, { targets, numbers, addresses }: Surroundings) {
  const { voiceFileId, actionButtons } = view.content as ClickToCallContent
  return {
    clickToCallId: writeId(view.legacyId),
    expiresAt: writeDateTime(view.endsAt),
    ...writeWindow(view),
    voiceFileId: numbers.get(voiceFileId) ?? null,
    actionButtons: writeButtons(actionButtons),
    receivers: (targets.get(view.id) ?? []).map(writeClickToCallReceiver),
    maxRedials: view.maxAttempts - 1,
    receiverWebhookUrl: addresses.get(view.id)?.receiverWebhookUrl ?? null,
    meta: view.meta,
    stats: {
      totalDialedCalls: view.dialedCalls,
      answeredCalls: view.answeredCalls,
      totalDuration: view.totalSeconds,
      acceptsReceived: view.accepts,
      acceptsDeclined: view.declines + view.optOuts,
      notAnsweredCalls: countNotAnswered(view),
    },
    ...writeMoments(view),
  }
}
