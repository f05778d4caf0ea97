import { z } from 'zod'
import {
  type BroadcastContent,
  type CampaignView,
  createCampaign,
  updateCampaign,
} from '../../domains/campaigns/index.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { momentInput, notEditable, writeEditable, writeMoment, writeMoments } from './broadcasts.ts'
import { campaignAccess } from './campaign-access.ts'
import { CALL, CALL_INPUT, LISTED_CALL, RESOLVED_RECEIVER } from './campaign-examples.ts'
import { CAMPAIGN_NAMES, inItsWords } from './campaign-faults.ts'
import { calledReceivers, dateTimeField } from './campaign-fields.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import type { MultisenderDeps } from './deps.ts'
import { objectField } from './fields.ts'
import { idParam, writeId } from './ids.ts'
import { location } from './location.ts'
import { receiver, resolvedReceiver, writeReceiver, writeResolvedReceiver } from './receivers.ts'
import { dateTime, id } from './schemas.ts'

const KIND = 'voice_broadcast'

/** JSON in a text, kept to the letter; bare JSON is taken as well. */
const operationsField = z
  .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())], { error: 'must be JSON' })
  .transform((value, context) => {
    if (typeof value !== 'string') return JSON.stringify(value)
    try {
      JSON.parse(value)
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' })
    }
    return value
  })
  .meta({
    description:
      'A text with JSON: any, which is shown again to the letter. Only operations of this server (docs/operations.md) can be called with; with others nobody is called.',
  })

const fields = {
  operations: operationsField,
  actionTime: dateTimeField().meta({ description: 'When to call; absent, null or past: now.' }),
  receivers: calledReceivers(),
}
const callBody = objectField(fields).meta({ id: 'CallInput' })
const callChanges = objectField({
  ...fields,
  operations: fields.operations.optional(),
  receivers: fields.receivers.optional(),
}).meta({ id: 'CallChanges' })

const operations = z.string().meta({ description: 'JSON, as it was sent.' })
const price = { priceEstimateInCents: z.number().meta({ description: '0 unless the server knows prices.' }) }
const moments = { updatedAt: dateTime, createdAt: dateTime }

const listedCall = z
  .object({
    ...{ callId: id, operations, actionTime: dateTime, ...price },
    totalDuration: z.int().meta({ description: 'Seconds of answered calls.' }),
    ...moments,
  })
  .meta({ id: 'ListedCall' })
const call = z
  .object({
    ...{ callId: id, operations, actionTime: dateTime, ...price },
    ...{ editable: z.enum(['y', 'n']), receivers: z.array(receiver) },
    ...moments,
  })
  .meta({ id: 'Call' })

const callParam = idParam('callId', 'call')

export function callOperations(deps: MultisenderDeps): AnyOperation[] {
  const { world, campaigns } = deps
  const { find, locate, byId, targetsOf, receivers, list, remove } = campaignAccess(deps, KIND, 'callId')
  const written = async (asked: Pick<Call, 'viewer'>, view: CampaignView) => ({
    ...writeBeginning(view),
    editable: writeEditable(view),
    receivers: (await targetsOf(asked, view)).map(writeReceiver),
    ...writeMoments(view),
  })
  return [
    operation({
      id: 'listCalls',
      method: 'GET',
      path: '/v1/calls',
      tag: 'Calls',
      summary: 'List all calls',
      description: 'By ascending id, without their receivers.',
      scope: 'campaigns:read',
      answers: [{ status: 200, description: 'The calls.', schema: z.array(listedCall), example: [LISTED_CALL] }],
      async handle(asked) {
        return { status: 200, items: list(asked, (views) => views.map(writeListed)) }
      },
    }),
    operation({
      id: 'getCall',
      method: 'GET',
      path: '/v1/calls/{callId}',
      tag: 'Calls',
      summary: 'Get one call',
      scope: 'campaigns:read',
      params: callParam,
      answers: [{ status: 200, description: 'The call with its receivers.', schema: call, example: CALL }],
      async handle(asked) {
        return { status: 200, body: await written(asked, await find(asked)) }
      },
    }),
    operation({
      id: 'createCall',
      method: 'POST',
      path: '/v1/calls',
      tag: 'Calls',
      summary: 'Create a call',
      description: 'All its receivers are called, from `actionTime` on.',
      scope: 'campaigns:write',
      body: callBody,
      example: CALL_INPUT,
      names: CAMPAIGN_NAMES,
      answers: [created('The call.', call, CALL), ...bodyAnswers({ operations: ['operations must be JSON'] })],
      async handle(asked) {
        const { viewer, body, request } = asked
        const { id: made } = await inItsWords(async () =>
          createCampaign(campaigns, viewer, {
            ...{ kind: KIND, content: { operationsText: body.operations } },
            receivers: await receivers(asked, body.receivers),
            ...momentInput(body.actionTime, world.clock.now()),
          }),
        )
        const view = await byId(asked, made)
        return { status: 201, body: await written(asked, view), headers: location(request, `/calls/${view.legacyId}`) }
      },
    }),
    operation({
      id: 'updateCall',
      method: 'PUT',
      path: '/v1/calls/{callId}',
      tag: 'Calls',
      summary: 'Update a call',
      description: 'While it is `editable`. What is not sent stays as it is; receivers take the place of those before.',
      scope: 'campaigns:write',
      params: callParam,
      body: callChanges,
      example: CALL_INPUT,
      names: CAMPAIGN_NAMES,
      answers: [
        { status: 200, description: 'The call.', schema: call, example: CALL },
        ...bodyAnswers({ operations: ['operations must be JSON'] }),
        notEditable,
      ],
      locate,
      async handle(asked) {
        const { viewer, body } = asked
        const { id: changed } = await find(asked)
        await inItsWords(async () =>
          updateCampaign(campaigns, viewer, {
            ...{ id: changed, kind: KIND },
            content: body.operations === undefined ? undefined : { operationsText: body.operations },
            receivers: body.receivers && (await receivers(asked, body.receivers)),
            ...momentInput(body.actionTime, world.clock.now()),
          }),
        )
        return { status: 200, body: await written(asked, await byId(asked, changed)) }
      },
    }),
    operation({
      id: 'deleteCall',
      method: 'DELETE',
      path: '/v1/calls/{callId}',
      tag: 'Calls',
      summary: 'Delete a call',
      description: 'Nobody is called any more; calls that are under way come to their end.',
      scope: 'campaigns:write',
      params: callParam,
      answers: [deleted],
      handle: remove,
    }),
    operation({
      id: 'listCallReceivers',
      method: 'GET',
      path: '/v1/calls/{callId}/receivers',
      tag: 'Calls',
      summary: 'List the receivers of a call',
      description: 'As they were given: a group is one entry.',
      scope: 'campaigns:read',
      params: callParam,
      answers: [
        { status: 200, description: 'The receivers.', schema: z.array(resolvedReceiver), example: [RESOLVED_RECEIVER] },
      ],
      async handle(asked) {
        return { status: 200, body: (await targetsOf(asked, await find(asked))).map(writeResolvedReceiver) }
      },
    }),
  ]
}

function writeBeginning(view: CampaignView) {
  const { operationsText, operations: known } = view.content as BroadcastContent
  return {
    callId: writeId(view.legacyId),
    operations: operationsText ?? JSON.stringify(known),
    actionTime: writeMoment(view),
    priceEstimateInCents: view.estimateCents,
  }
}

function writeListed(view: CampaignView) {
  return { ...writeBeginning(view), totalDuration: view.totalSeconds, ...writeMoments(view) }
}
