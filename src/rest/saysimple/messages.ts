import { z } from 'zod'
import { addMessage, resolveConversation } from '../../domains/messaging/index.ts'
import { type Answer, type AnyOperation, operation, Refused } from '../legacy/index.ts'
import { bodyAnswers, refused } from './common-answers.ts'
import type { SaysimpleDeps } from './deps.ts'
import { ADD_MESSAGE, RESOLVE } from './examples.ts'
import { bodyOf, instantField, objectField, optionalText, tagsField, textField } from './fields.ts'
import { readMoment } from './instants.ts'
import { API_PATH } from './paths.ts'
import { nothing } from './schemas.ts'
import { NOT_ISO_8601, shouldBe } from './words.ts'

const place = {
  channel: textField('channel').meta({ description: '`[A-Z_]{2,30}`, such as `WHATSAPP`.' }),
  tenantChannelIdentifier: textField('tenantChannelIdentifier').meta({
    description: 'The address of the tenant on the channel, up to 100 characters.',
  }),
  provider: textField('provider').meta({ description: '`[A-Z_]{2,100}`.' }),
}

const messageBody = bodyOf({
  tenant: textField('tenant').meta({ description: 'Which the workspace knows; any name where it names none.' }),
  direction: textField('direction')
    .transform((text, context) => {
      const lower = text.toLowerCase()
      if (lower === 'in' || lower === 'out') return lower
      context.addIssue({ code: 'custom', message: shouldBe('direction', 'one of IN, OUT') })
      return z.NEVER
    })
    .meta({ enum: ['IN', 'OUT'], description: '`IN`: received, `OUT`: sent. In any case.' }),
  ...place,
  customerChannelIdentifier: textField('customerChannelIdentifier').meta({
    description: 'The address of the customer, up to 100 characters.',
  }),
  message: objectField('message').meta({
    properties: { textContent: { type: 'string' }, media: { type: 'array', items: { type: 'object' } } },
    description: 'What was said, and whatever else; kept as it is.',
  }),
  time: instantField('time').meta({
    format: 'date-time',
    description: 'When it happened, which all metrics go by. Default: now.',
  }),
  agent: optionalText('agent').meta({ description: 'Who wrote it, or whom it reached; up to 100 characters.' }),
  tags: tagsField,
  conversation: optionalText('conversation').meta({
    description: 'Shared by all messages of a conversation; up to 100 characters.',
  }),
  businessHours: objectField('businessHours').nullish().meta({
    description:
      'By day, `0` is Sunday: `["08:00", "12:00", "13:00", "17:00"]` or `["08:00-17:00"]`; a day that is empty or missing is closed.',
  }),
  timeZone: optionalText('timeZone').meta({ default: 'UTC', description: 'IANA, of `businessHours`.' }),
  actor: optionalText('actor').meta({ description: 'Kept, without effect.' }),
}).meta({ id: 'MessageInput' })

const resolveBody = bodyOf({
  conversation: textField('conversation').meta({ description: 'As in its messages.' }),
  ...place,
  agent: optionalText('agent').meta({ description: 'Who resolved it, up to 100 characters.' }),
  tags: tagsField,
  time: textField('time').meta({
    description: 'ISO 8601, or a time of day in UTC (`HH:MM`), which is the last one that has come.',
  }),
}).meta({ id: 'ResolveInput' })

const DONE: Answer = { status: 201, body: '' }

export function messageOperations({ world, messaging }: SaysimpleDeps): AnyOperation[] {
  return [
    operation({
      id: 'addMessage',
      method: 'POST',
      path: `${API_PATH}/messages`,
      tag: 'Messages',
      summary: 'Add a message',
      description:
        'Agents, channels, tags, teams and conversations come into being with it. Every request adds one: there is no protection against sending a message twice.',
      scope: 'messages:write',
      body: messageBody,
      example: ADD_MESSAGE,
      names: { content: 'message' },
      answers: [
        { status: 201, description: 'It is stored and counted.', schema: nothing, example: '' },
        refused(403, 'The workspace knows no tenant of this name.'),
        refused(409, 'The conversation was resolved before the time of the message.'),
        ...bodyAnswers,
      ],
      async handle({ viewer, body: { message, businessHours, time, ...rest } }) {
        const hours = businessHours as Record<string, string[]> | null | undefined
        await addMessage(messaging, viewer, {
          ...rest,
          content: message,
          businessHours: hours,
          time: time ?? undefined,
        })
        return DONE
      },
    }),
    operation({
      id: 'resolveConversation',
      method: 'POST',
      path: `${API_PATH}/events/conversations/resolve`,
      tag: 'Events',
      summary: 'Resolve a conversation',
      description: 'For good: it takes no more messages, except late ones of a time before.',
      scope: 'messages:write',
      body: resolveBody,
      example: RESOLVE,
      answers: [
        { status: 201, description: 'It is resolved.', schema: nothing, example: '' },
        refused(404, 'There is no such conversation.'),
        refused(409, 'It was resolved before.'),
        ...bodyAnswers,
      ],
      async handle({ viewer, body: { time: said, ...rest } }) {
        const time = readMoment(said, world.clock.now())
        if (!time) {
          const faults = [{ path: ['time'], message: NOT_ISO_8601, value: said }]
          throw new Refused({ kind: 'invalid', where: 'body', faults, input: undefined })
        }
        await resolveConversation(messaging, viewer, { ...rest, time })
        return DONE
      },
    }),
  ]
}
