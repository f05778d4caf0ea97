import { z } from 'zod'
import { type CampaignView, createCampaign, type SmsContent, updateCampaign } from '../../domains/campaigns/index.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { momentInput, notEditable, writeEditable, writeMoment, writeMoments } from './broadcasts.ts'
import { campaignAccess } from './campaign-access.ts'
import { LISTED_SMS, RESOLVED_RECEIVER, SMS, SMS_INPUT } from './campaign-examples.ts'
import { CAMPAIGN_NAMES, inItsWords } from './campaign-faults.ts'
import { calledReceivers, dateTimeField } from './campaign-fields.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import type { MultisenderDeps } from './deps.ts'
import { objectField, requiredText, textField } from './fields.ts'
import { idParam, writeId } from './ids.ts'
import { location } from './location.ts'
import { receiver, resolvedReceiver, writeReceiver, writeResolvedReceiver } from './receivers.ts'
import { dateTime, id, numericId, optionalText } from './schemas.ts'

const KIND = 'sms_broadcast'

const fields = {
  message: requiredText(),
  sender: textField().meta({ description: "Whom it seems to come from; absent: the server's default." }),
  actionTime: dateTimeField().meta({ description: 'When to send; absent, null or past: now.' }),
  receivers: calledReceivers(),
}
const smsBody = objectField(fields).meta({ id: 'SmsInput' })
const smsChanges = objectField({
  ...fields,
  message: fields.message.optional(),
  receivers: fields.receivers.optional(),
}).meta({ id: 'SmsChanges' })

const beginning = {
  message: z.string(),
  sender: optionalText,
  actionTime: dateTime,
  priceEstimateInCents: z.number().meta({ description: '0 unless the server knows prices.' }),
  editable: z.enum(['y', 'n']),
}
const moments = { updatedAt: dateTime, createdAt: dateTime }
const listedSms = z.object({ smsId: numericId, ...beginning, ...moments }).meta({ id: 'ListedSms' })
const sms = z.object({ smsId: id, ...beginning, receivers: z.array(receiver), ...moments }).meta({ id: 'Sms' })

const smsParam = idParam('smsId', 'SMS')
const wrong = bodyAnswers({ message: ['message is required'] })

export function smsOperations(deps: MultisenderDeps): AnyOperation[] {
  const { world, campaigns } = deps
  const { find, locate, byId, targetsOf, receivers, list, remove } = campaignAccess(deps, KIND, 'smsId')
  const written = async (asked: Pick<Call, 'viewer'>, view: CampaignView) => ({
    smsId: writeId(view.legacyId),
    ...writeBeginning(view),
    receivers: (await targetsOf(asked, view)).map(writeReceiver),
    ...writeMoments(view),
  })
  return [
    operation({
      id: 'listSmsReceivers',
      method: 'GET',
      path: '/v1/smses/{smsId}/receivers',
      tag: 'Smses',
      summary: 'List the receivers of an SMS',
      description: 'As they were given: a group is one entry.',
      scope: 'campaigns:read',
      params: smsParam,
      answers: [
        { status: 200, description: 'The receivers.', schema: z.array(resolvedReceiver), example: [RESOLVED_RECEIVER] },
      ],
      async handle(asked) {
        return { status: 200, body: (await targetsOf(asked, await find(asked))).map(writeResolvedReceiver) }
      },
    }),
    operation({
      id: 'listSmses',
      method: 'GET',
      path: '/v1/smses',
      tag: 'Smses',
      summary: 'List all SMS',
      description: 'By ascending id, which here is a number, without their receivers.',
      scope: 'campaigns:read',
      answers: [{ status: 200, description: 'The SMS.', schema: z.array(listedSms), example: [LISTED_SMS] }],
      async handle(asked) {
        const write = (view: CampaignView) => ({
          smsId: view.legacyId,
          ...writeBeginning(view),
          ...writeMoments(view),
        })
        return { status: 200, items: list(asked, (views) => views.map(write)) }
      },
    }),
    operation({
      id: 'getSms',
      method: 'GET',
      path: '/v1/smses/{smsId}',
      tag: 'Smses',
      summary: 'Get one SMS',
      scope: 'campaigns:read',
      params: smsParam,
      answers: [{ status: 200, description: 'The SMS with its receivers.', schema: sms, example: SMS }],
      async handle(asked) {
        return { status: 200, body: await written(asked, await find(asked)) }
      },
    }),
    operation({
      id: 'createSms',
      method: 'POST',
      path: '/v1/smses',
      tag: 'Smses',
      summary: 'Create an SMS',
      description: 'It is sent to all its receivers, from `actionTime` on.',
      scope: 'campaigns:write',
      body: smsBody,
      example: SMS_INPUT,
      names: CAMPAIGN_NAMES,
      answers: [created('The SMS.', sms, SMS), ...wrong],
      async handle(asked) {
        const { viewer, body, request } = asked
        const { message, sender } = body
        const { id: made } = await inItsWords(async () =>
          createCampaign(campaigns, viewer, {
            ...{ kind: KIND, content: { message, sender } },
            receivers: await receivers(asked, body.receivers),
            ...momentInput(body.actionTime, world.clock.now()),
          }),
        )
        const view = await byId(asked, made)
        return { status: 201, body: await written(asked, view), headers: location(request, `/smses/${view.legacyId}`) }
      },
    }),
    operation({
      id: 'updateSms',
      method: 'PUT',
      path: '/v1/smses/{smsId}',
      tag: 'Smses',
      summary: 'Update an SMS',
      description: 'While it is `editable`. What is not sent stays as it is; receivers take the place of those before.',
      scope: 'campaigns:write',
      params: smsParam,
      body: smsChanges,
      example: SMS_INPUT,
      names: CAMPAIGN_NAMES,
      answers: [{ status: 200, description: 'The SMS.', schema: sms, example: SMS }, ...wrong, notEditable],
      locate,
      async handle(asked) {
        const { viewer, body } = asked
        const present = await find(asked)
        const before = present.content as SmsContent
        const { message = before.message, sender = before.sender } = body
        const changesContent = body.message !== undefined || body.sender !== undefined
        await inItsWords(async () =>
          updateCampaign(campaigns, viewer, {
            ...{ id: present.id, kind: KIND },
            content: changesContent ? { message, sender } : undefined,
            receivers: body.receivers && (await receivers(asked, body.receivers)),
            ...momentInput(body.actionTime, world.clock.now()),
          }),
        )
        return { status: 200, body: await written(asked, await byId(asked, present.id)) }
      },
    }),
    operation({
      id: 'deleteSms',
      method: 'DELETE',
      path: '/v1/smses/{smsId}',
      tag: 'Smses',
      summary: 'Delete an SMS',
      description: 'What is not sent yet is not sent any more.',
      scope: 'campaigns:write',
      params: smsParam,
      answers: [deleted],
      handle: remove,
    }),
  ]
}

function writeBeginning(view: CampaignView) {
  const { message, sender } = view.content as SmsContent
  return {
    ...{ message, sender },
    actionTime: writeMoment(view),
    priceEstimateInCents: view.estimateCents,
    editable: writeEditable(view),
  }
}
