import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage } from '../connection.ts'
import { Campaign, cents } from './campaign.ts'
import { WRITING } from './campaign-kinds.ts'

export const OutboundMessageStateEnum = builder.enumType('OutboundMessageState', {
  description: 'How far an SMS or e-mail has come.',
  values: {
    QUEUED: { value: 'queued', description: 'It is about to be given to the provider.' },
    SENT: { value: 'sent', description: 'The provider took it.' },
    DELIVERED: { value: 'delivered', description: 'It was delivered, as the provider says.' },
    FAILED: { value: 'failed', description: 'It could not be delivered; `failure` says why.' },
    UNKNOWN: { value: 'unknown', description: 'Nobody can tell whether the provider took it. It is not sent again.' },
  } as const,
})

const instant = (description: string) => ({ type: 'DateTime', nullable: true, description }) as const

export const OutboundMessage = builder.prismaNode('OutboundMessage', {
  id: { field: 'id', description: 'Global id. The UUID that it holds is our reference at the provider.' },
  select: { id: true },
  extensions: { readScope: 'campaigns:read' },
  description: 'One SMS or e-mail to one receiver of a campaign.',
  fields: (t) => ({
    campaign: t.relation('campaign', { type: Campaign, description: 'The campaign, also a deleted one.' }),
    receiver: t.relation('receiver', { description: 'The receiver whom it was to reach.' }),
    contact: t.relation('contact', { description: 'To whom it was sent, also a deleted contact.' }),
    state: t.field({
      type: OutboundMessageStateEnum,
      description: 'How far it has come.',
      select: { state: true },
      resolve: ({ state }) => state,
    }),
    address: t.exposeString('address', {
      nullable: true,
      description: 'Where it went: a telephone number (E.164) or an e-mail address. Null once it was erased.',
    }),
    providerId: t.exposeString('providerId', {
      nullable: true,
      description: "The provider's own name of it; null: it gave none.",
    }),
    failure: t.exposeString('failure', {
      nullable: true,
      description: "Why it could not be delivered, in the provider's words; null: it has not failed.",
    }),
    segments: t.exposeInt('segments', {
      nullable: true,
      description: 'How many short messages an SMS takes; null for an e-mail.',
    }),
    costCents: t.float({
      description: 'What it costs, in cents, by the price table of this server.',
      select: { cost: true },
      resolve: ({ cost }) => cents(cost),
    }),
    queuedAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was about to be sent.' }),
    sentAt: t.expose('sentAt', instant('When the provider took it; null: it has not.')),
    deliveredAt: t.expose('deliveredAt', instant('When it was delivered; null: nobody told that it was.')),
    failedAt: t.expose('failedAt', instant('When it failed; null: it has not.')),
  }),
})

const MESSAGES_PAGE = connectionTypes(OutboundMessage, 'OutboundMessage', 'messages')
const MESSAGES: Order = { name: 'outboundMessages', column: 'createdAt', direction: 'desc', type: 'instant' }

const STATE = { type: OutboundMessageStateEnum, description: 'Only those in this state.' } as const

function messageWhere({ state }: { state?: typeof OutboundMessageStateEnum.$inferType | null | undefined }): object {
  return state ? { state } : {}
}

for (const type of WRITING) {
  builder.prismaObjectField(type, 'outboundMessages', (t) =>
    t.connection(
      {
        type: OutboundMessage,
        description: 'Its messages, newest first.',
        args: { state: t.arg(STATE) },
        ...relationPage('campaign', 'outboundMessages', 'OutboundMessage', MESSAGES, messageWhere),
      },
      ...MESSAGES_PAGE,
    ),
  )
}

builder.prismaObjectField('Contact', 'outboundMessages', (t) =>
  t.connection(
    {
      type: OutboundMessage,
      description: 'SMS and e-mails that campaigns sent to them, newest first. Needs `campaigns:read`.',
      args: { state: t.arg(STATE) },
      ...relationPage('contact', 'outboundMessages', 'OutboundMessage', MESSAGES, messageWhere),
    },
    ...MESSAGES_PAGE,
  ),
)

builder.prismaObjectField('Receiver', 'outboundMessages', (t) =>
  t.relation('outboundMessages', {
    extensions: { listSize: 3 },
    description: 'The messages to this receiver, first to last; at most 100.',
    query: { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 100 },
  }),
)
