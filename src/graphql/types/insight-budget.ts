import { getInsightBudget, type InsightBudget, updateInsightBudget } from '../../domains/analysis/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { COMMON_ERRORS } from './mutation-kit.ts'

const MONTHLY = 'How many tokens may be used in a month'
/** An Int of GraphQL ends at 2^31. */
const WHOLE = 'A whole number, which may be larger than an `Int`.'

const InsightBudgetType = builder.objectRef<InsightBudget>('InsightBudget').implement({
  description:
    'What a workspace may have an analyser that costs money use, and what it has used of that in the present month. Months are by UTC. When it is used up the heuristic stands in.',
  fields: (t) => ({
    month: t.exposeString('month', { description: "The month's first day, such as `2026-11-01`." }),
    monthlyTokens: t.exposeFloat('monthlyTokens', {
      nullable: true,
      description: `${MONTHLY}, input and output together; 0: none; null: as many as are wanted. ${WHOLE}`,
    }),
    isDefault: t.exposeBoolean('isDefault', {
      description: "Whether nothing was set for the workspace, so that the server's `INSIGHT_MONTHLY_TOKENS` counts.",
    }),
    requests: t.exposeInt('requests', { description: 'How many requests were begun in the month.' }),
    inputTokens: t.exposeFloat('inputTokens', {
      description: `Tokens that were read in the month. ${WHOLE}`,
    }),
    outputTokens: t.exposeFloat('outputTokens', {
      description: `Tokens that were written in the month. ${WHOLE}`,
    }),
    reservedTokens: t.exposeFloat('reservedTokens', {
      description: `The most that requests under way can use; they count as used until they have ended. ${WHOLE}`,
    }),
    exhaustedAt: t.expose('exhaustedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When what was used left no room for a request for the first time in the month; null: it never did.',
    }),
  }),
})

builder.queryField('insightBudget', (t) =>
  t.field({
    type: InsightBudgetType,
    description: 'What the workspace may have an analyser use, and what it has used. Needs `responses:read`.',
    resolve: (_root, _args, { world, viewer, insightTokens }) => getInsightBudget(world, viewer, insightTokens),
  }),
)

const UpdateInsightBudgetInput = builder.inputType('UpdateInsightBudgetInput', {
  description: 'What an analyser that costs money may use.',
  fields: (t) => ({
    monthlyTokens: t.float({
      description: `${MONTHLY}, 0 to 1000000000000; null: as many as are wanted; absent: what the server says. ${WHOLE}`,
    }),
  }),
})

const UpdateInsightBudgetPayload = builder.objectRef<InsightBudget>('UpdateInsightBudgetPayload').implement({
  description: 'The budget was changed.',
  extensions: { payload: true },
  fields: (t) => ({
    insightBudget: t.field({ type: InsightBudgetType, description: 'The budget as it is now.', resolve: (b) => b }),
  }),
})

builder.mutationField('updateInsightBudget', (t) =>
  t.field({
    type: UpdateInsightBudgetPayload,
    description:
      'Sets what the workspace may have an analyser use in a month, from now on; what was used counts. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: UpdateInsightBudgetInput, required: true, description: 'The budget.' }) },
    resolve: (_root, { input }, { world, viewer, insightTokens }) =>
      asData(() => updateInsightBudget(world, viewer, input, insightTokens)),
  }),
)
