import { builder } from '../builder.ts'
import { Contact } from './contact.ts'
import { messagesOf } from './message.ts'
import { MAX_THREADS, messageLoads } from './message-loads.ts'
import { MESSAGES_PAGE, Message, MessageThread } from './message-refs.ts'
import { Channel } from './messaging-words.ts'

builder.node(MessageThread, {
  id: { resolve: ({ id }) => id, description: 'Global id.' },
  description: 'All that was ever exchanged with one customer over one address of the workspace on a channel.',
  fields: (t) => ({
    channel: t.field({
      type: Channel,
      description: 'What it goes over, with the address of the workspace there.',
      resolve: (thread) => thread,
    }),
    customerChannelIdentifier: t.exposeString('customerChannelIdentifier', {
      nullable: true,
      description: "The customer's address on the channel. Null once the customer was erased.",
    }),
    country: t.exposeString('country', {
      nullable: true,
      description: "ISO 3166-1 code of the country of the customer's telephone number; null: it is none.",
    }),
    lastMessageAt: t.expose('lastMessageAt', { type: 'DateTime', description: 'When its last message happened.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When its first message was added.' }),
    messages: t.connection(
      {
        type: Message,
        description:
          'Its messages, by when they happened, oldest first. Those that retention has reduced are not there any more.',
        resolve: (thread, args, context) => messagesOf('thread', thread.id, args, context),
      },
      ...MESSAGES_PAGE,
    ),
  }),
})

/** How clients write a telephone number: in E.164, or the same without its plus. */
function identifiersOf({ phone, email }: { phone: string | null; email: string | null }): string[] {
  return [...(phone === null ? [] : [phone, phone.replace('+', '')]), ...(email === null ? [] : [email])]
}

builder.prismaObjectField(Contact, 'messageThreads', (t) =>
  t.field({
    type: [MessageThread],
    extensions: { listSize: 5 },
    description: `What was exchanged with their present telephone number and e-mail address, per channel, the latest first, at most ${3 * MAX_THREADS}.`,
    select: { phone: true, email: true },
    resolve: async (contact, _args, context) => {
      const { threadsOf } = messageLoads(context)
      const threads = (await Promise.all(identifiersOf(contact).map(threadsOf))).flat()
      return threads.sort((one, other) => other.lastMessageAt.getTime() - one.lastMessageAt.getTime())
    },
  }),
)
