import { builder } from '../builder.ts'

export const ProbingStateEnum = builder.enumType('ProbingState', {
  description: 'Whether an answer is still being judged if a follow-up is to be asked.',
  values: {
    PENDING: { value: 'pending', description: 'It is; a follow-up may still come.' },
    SETTLED: {
      value: 'settled',
      description:
        'It was clear, a follow-up was asked, or it cannot be judged; nothing comes until there is a new reply.',
    },
  } as const,
})

const LackEnum = builder.enumType('Lack', {
  description: 'What an answer leaves open.',
  values: {
    WHY: { value: 'why', description: 'The reason.' },
    WHAT: { value: 'what', description: 'What exactly is meant.' },
    WHEN: { value: 'when', description: 'When it was.' },
    HOW: { value: 'how', description: 'How it came, or how it could be better.' },
    WHO: { value: 'who', description: 'Who is meant.' },
    WHERE: { value: 'where', description: 'Where it was.' },
    MORE: { value: 'more', description: 'Anything more about it.' },
  } as const,
})

type Lack = typeof LackEnum.$inferType

builder.prismaNode('FollowUp', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'responses:read' },
  description: 'A question that was asked because an answer was unclear. It goes when that answer is replaced.',
  fields: (t) => ({
    answer: t.relation('answer', { description: 'The answer that it is about.' }),
    fieldKey: t.exposeString('fieldKey', {
      description: 'By which the public API takes the reply, like that to a question of the link.',
    }),
    number: t.exposeInt('number', { description: 'Counts from 1 per answer, in the order of asking.' }),
    prompt: t.exposeString('prompt', { description: 'What was asked; empty once the person was erased.' }),
    language: t.exposeString('language', {
      nullable: true,
      description: 'The language of the prompt, as a BCP 47 tag, as far as known.',
    }),
    asks: t.field({
      type: LackEnum,
      description: 'What the answer left open.',
      select: { asks: true },
      resolve: (followUp) => followUp.asks as Lack,
    }),
    method: t.exposeString('method', { description: 'Who or what thought of it.' }),
    reply: t.relation('reply', { nullable: true, description: 'What was replied; null: nothing yet.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked.' }),
  }),
})
