import {
  type AnswerMatch,
  countMatches,
  type Fragment,
  MAX_FRAGMENTS,
  MAX_RANKED,
  type MatchPlace,
  searchAnswers,
} from '../../domains/reporting/index.ts'
import { builder } from '../builder.ts'
import { connectionOf, connectionTypes, keysetPlaces, type Order } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { ResponseFilter } from './response.ts'

const FragmentPart = builder.objectRef<Fragment['parts'][number]>('AnswerFragmentPart').implement({
  description: 'A piece of a text that was looked for, or one between two of them.',
  fields: (t) => ({
    text: t.exposeString('text', { description: 'As it stands in the text; plain text, not HTML.' }),
    isMatch: t.exposeBoolean('isMatch', { description: 'Whether it was looked for.' }),
  }),
})

const AnswerFragment = builder.objectRef<Fragment>('AnswerFragment').implement({
  description: 'A stretch of what somebody said or wrote, around what was looked for.',
  fields: (t) => ({
    start: t.exposeInt('start', { description: "Where it begins in the answer's `text`, in UTF-16 units." }),
    end: t.exposeInt('end', { description: "Where it ends in the answer's `text`, exclusive." }),
    parts: t.field({
      type: [FragmentPart],
      extensions: { listSize: 5 },
      description: `All of it, in pieces, at most 500; put together they are the stretch.`,
      resolve: ({ parts }) => parts,
    }),
  }),
})

export const AnswerMatchType = builder.objectRef<AnswerMatch>('AnswerMatch').implement({
  description: 'An answer in which a search found what it looked for.',
  fields: (t) => ({
    answer: t.prismaField({
      type: 'Answer',
      nullable: true,
      description: 'The answer; null when it was taken back meanwhile.',
      resolve: (query, { id }, _args, { batches }) => batches.node('answer', id, query) as never,
    }),
    rank: t.float({
      description:
        'From 0 to 1: how often and how close together the words stand. For the order within one search; ranks of different searches do not compare.',
      resolve: ({ score }) => score / 1_000_000,
    }),
    fragments: t.field({
      type: [AnswerFragment],
      extensions: { listSize: MAX_FRAGMENTS },
      description: `Where the words are: at most ${MAX_FRAGMENTS} stretches of the text, in its order; its beginning when the search names only what must not be there.`,
      resolve: ({ fragments }) => fragments,
    }),
  }),
})

const BY_RANK: Order = { name: 'answerMatches:rank:desc', column: 'score', direction: 'desc', type: 'integer' }
const MATCHES_PAGE = connectionTypes(AnswerMatchType, 'AnswerMatch', 'matches')

builder.queryField('searchAnswers', (t) =>
  t.connection(
    {
      type: AnswerMatchType,
      description: `Answers in people's own words, spoken (by their newest transcript) or written, that have what is looked for: the best first, ties newest first. Words are found by their stems in English and in Finnish. Of more than ${MAX_RANKED} the newest are listed; \`totalCount\` counts all. Needs \`responses:read\`.`,
      args: {
        query: t.arg.string({
          required: true,
          description:
            'As for a web search, 1 to 500 characters: words that must all be there, `"these words in this order"`, `-without`, and `or` between alternatives. Nothing that can be written is an error.',
        }),
        linkId: t.arg.id({ description: 'Only answers to this link.' }),
        filter: t.arg({ type: ResponseFilter, description: 'Only answers of these responses.' }),
      },
      resolve: async (_root, { query, linkId, filter, ...args }, { world, viewer }) => {
        const search = { query, filter, linkId: linkId == null ? null : idOrNull('Link', linkId) }
        const { workspaceId } = viewer
        const { after, before, take, backward } = keysetPlaces(args, BY_RANK, workspaceId)
        const place = (found: typeof after): MatchPlace | null =>
          found && { score: found.value as number, id: found.id }
        const isNobodys = linkId != null && search.linkId === null
        const page = { limit: take, after: place(after), before: place(before), backward }
        // Judged all the same: a search that is refused is refused whatever the link.
        const rows = await searchAnswers(world, viewer, search, isNobodys ? { ...page, limit: 0 } : page)
        return connectionOf(
          rows.map((row) => ({ ...row })),
          args,
          BY_RANK,
          workspaceId,
          async () => (isNobodys ? 0 : countMatches(world, viewer, search)),
        )
      },
    },
    ...MATCHES_PAGE,
  ),
)
