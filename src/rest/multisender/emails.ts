import { z } from 'zod'
import {
  type CampaignView,
  campaignTargets,
  createCampaign,
  type EmailContent,
  type TargetView,
  updateCampaign,
} from '../../domains/campaigns/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { momentInput, notEditable, writeEditable, writeMoment, writeMoments } from './broadcasts.ts'
import { campaignAccess } from './campaign-access.ts'
import { EMAIL, EMAIL_INPUT } from './campaign-examples.ts'
import { CAMPAIGN_NAMES, inItsWords } from './campaign-faults.ts'
import { dateTimeField, mailedReceivers } from './campaign-fields.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import type { MultisenderDeps } from './deps.ts'
import { objectField, requiredText, textField } from './fields.ts'
import { idParam, writeId } from './ids.ts'
import { location } from './location.ts'
import { receiver, writeReceiver } from './receivers.ts'
import { dateTime, id, optionalText } from './schemas.ts'

const KIND = 'email_broadcast'

const content = {
  messageHtml: textField().meta({ description: 'It, or `messageText`, or both.' }),
  messageText: textField(),
  subject: requiredText(),
  fromEmail: textField().meta({ description: "Absent: the server's." }),
  fromName: textField(),
}
const fields = {
  ...content,
  actionTime: dateTimeField().meta({ description: 'When to send; absent, null or past: now.' }),
  receivers: mailedReceivers(),
}
const emailBody = objectField(fields).meta({ id: 'EmailInput' })
const emailChanges = objectField({
  ...fields,
  subject: fields.subject.optional(),
  receivers: fields.receivers.optional(),
}).meta({ id: 'EmailChanges' })

const email = z
  .object({
    emailId: id,
    messageHtml: optionalText,
    messageText: optionalText,
    subject: z.string(),
    fromEmail: optionalText,
    fromName: optionalText,
    actionTime: dateTime,
    priceEstimateInCents: z.number().meta({ description: '0 unless the server knows prices.' }),
    editable: z.enum(['y', 'n']),
    receivers: z.array(receiver),
    updatedAt: dateTime,
    createdAt: dateTime,
  })
  .meta({ id: 'Email' })

const emailParam = idParam('emailId', 'e-mail')
const wrong = bodyAnswers({ subject: ['subject is required'] })

export function emailOperations(deps: MultisenderDeps): AnyOperation[] {
  const { world, campaigns } = deps
  const { find, locate, byId, targetsOf, receivers, list, remove } = campaignAccess(deps, KIND, 'emailId')
  return [
    operation({
      id: 'listEmails',
      method: 'GET',
      path: '/v1/emails',
      tag: 'Emails',
      summary: 'List all e-mails',
      description: 'By ascending id, with their receivers.',
      scope: 'campaigns:read',
      answers: [{ status: 200, description: 'The e-mails.', schema: z.array(email), example: [EMAIL] }],
      async handle(asked) {
        const items = list(asked, async (views) => {
          const targets = await campaignTargets(
            world,
            asked.viewer,
            views.map((view) => view.id),
          )
          return views.map((view) => writeEmail(view, targets.get(view.id) ?? []))
        })
        return { status: 200, items }
      },
    }),
    operation({
      id: 'getEmail',
      method: 'GET',
      path: '/v1/emails/{emailId}',
      tag: 'Emails',
      summary: 'Get one e-mail',
      scope: 'campaigns:read',
      params: emailParam,
      answers: [{ status: 200, description: 'The e-mail.', schema: email, example: EMAIL }],
      async handle(asked) {
        const view = await find(asked)
        return { status: 200, body: writeEmail(view, await targetsOf(asked, view)) }
      },
    }),
    operation({
      id: 'createEmail',
      method: 'POST',
      path: '/v1/emails',
      tag: 'Emails',
      summary: 'Create an e-mail',
      description: 'It is sent to all its receivers, from `actionTime` on.',
      scope: 'campaigns:write',
      body: emailBody,
      example: EMAIL_INPUT,
      names: CAMPAIGN_NAMES,
      answers: [created('The e-mail.', email, EMAIL), ...wrong],
      async handle(asked) {
        const { viewer, body, request } = asked
        const { id: made } = await inItsWords(async () =>
          createCampaign(campaigns, viewer, {
            ...{ kind: KIND, content: contentInput(body) },
            receivers: await receivers(asked, body.receivers),
            ...momentInput(body.actionTime, world.clock.now()),
          }),
        )
        const view = await byId(asked, made)
        return {
          status: 201,
          body: writeEmail(view, await targetsOf(asked, view)),
          headers: location(request, `/emails/${view.legacyId}`),
        }
      },
    }),
    operation({
      id: 'updateEmail',
      method: 'PUT',
      path: '/v1/emails/{emailId}',
      tag: 'Emails',
      summary: 'Update an e-mail',
      description: 'While it is `editable`. What is not sent stays as it is; receivers take the place of those before.',
      scope: 'campaigns:write',
      params: emailParam,
      body: emailChanges,
      example: EMAIL_INPUT,
      names: CAMPAIGN_NAMES,
      answers: [{ status: 200, description: 'The e-mail.', schema: email, example: EMAIL }, ...wrong, notEditable],
      locate,
      async handle(asked) {
        const { viewer, body } = asked
        const present = await find(asked)
        const changesContent = Object.keys(content).some((field) => body[field as keyof typeof content] !== undefined)
        await inItsWords(async () =>
          updateCampaign(campaigns, viewer, {
            ...{ id: present.id, kind: KIND },
            content: changesContent ? contentInput(body, present.content as EmailContent) : undefined,
            receivers: body.receivers && (await receivers(asked, body.receivers)),
            ...momentInput(body.actionTime, world.clock.now()),
          }),
        )
        const view = await byId(asked, present.id)
        return { status: 200, body: writeEmail(view, await targetsOf(asked, view)) }
      },
    }),
    operation({
      id: 'deleteEmail',
      method: 'DELETE',
      path: '/v1/emails/{emailId}',
      tag: 'Emails',
      summary: 'Delete an e-mail',
      description: 'What is not sent yet is not sent any more.',
      scope: 'campaigns:write',
      params: emailParam,
      answers: [deleted],
      handle: remove,
    }),
  ]
}

/** What is not given stays as `present` has it. */
function contentInput(given: z.output<typeof emailChanges>, present?: EmailContent) {
  const { subject = present?.subject, messageHtml = present?.html, messageText = present?.text } = given
  const { fromEmail = present?.fromEmail, fromName = present?.fromName } = given
  return { subject, html: messageHtml, text: messageText, fromEmail, fromName }
}

function writeEmail(view: CampaignView, targets: readonly TargetView[]) {
  const { subject, html, text, fromEmail, fromName } = view.content as EmailContent
  return {
    emailId: writeId(view.legacyId),
    ...{ messageHtml: html, messageText: text, subject, fromEmail, fromName },
    actionTime: writeMoment(view),
    priceEstimateInCents: view.estimateCents,
    editable: writeEditable(view),
    receivers: targets.map(writeReceiver),
    ...writeMoments(view),
  }
}
