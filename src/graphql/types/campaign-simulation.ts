import { type SimulatedCall, type Simulation, simulateCampaign } from '../../domains/campaigns/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { CallCauseEnum, CallReplyEnum } from './call.ts'
import { CampaignStateEnum } from './campaign.ts'
import { campaignIn } from './campaign-input.ts'
import { COMMON_ERRORS, ERRORS } from './mutation-kit.ts'
import { ReceiverOutcomeEnum } from './receiver.ts'

const { NotFoundError, ConflictError } = ERRORS

const MAX_CALLS = 1_000

const SimulateCampaignInput = builder.inputType('SimulateCampaignInput', {
  description: 'Which campaign to foretell, and for whom.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of a campaign that calls.' }),
    seed: t.string({
      description:
        'Which simulated people, 1 to 100 characters: the same seed gives the same course. When absent, the people of the simulated carrier, if this server calls through it.',
    }),
  }),
})

const SimulatedState = builder.objectRef<Simulation['states'][number]>('SimulatedState').implement({
  description: 'A state that a simulated campaign enters.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    state: t.field({ type: CampaignStateEnum, description: 'Which.', resolve: ({ state }) => state }),
  }),
})

const SimulatedHour = builder.objectRef<Simulation['hours'][number]>('SimulatedHour').implement({
  description: 'An hour of a simulated campaign.',
  fields: (t) => ({
    hour: t.expose('hour', { type: 'DateTime', description: 'When it begins; UTC.' }),
    calls: t.exposeInt('calls', { description: 'Calls that are dialled in it.' }),
    accepts: t.exposeInt('accepts', { description: 'Accepts that come in it.' }),
  }),
})

const SimulatedCallType = builder.objectRef<SimulatedCall>('SimulatedCall').implement({
  description: 'A call of a simulated campaign.',
  fields: (t) => ({
    receiver: t.prismaField({
      type: 'Receiver',
      nullable: true,
      description: 'The receiver whom it is to reach; null when it is gone.',
      resolve: (query, { key }, _args, context) => context.batches.node('receiver', key, query) as never,
    }),
    attempt: t.exposeInt('attempt', { description: 'Counts from 1 per receiver.' }),
    dialedAt: t.expose('dialledAt', { type: 'DateTime', description: 'When it is dialled.' }),
    answeredAt: t.expose('answeredAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it is answered; null: it is not.',
    }),
    endedAt: t.expose('endedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends; null: the simulation was broken off before.',
    }),
    cause: t.field({
      type: CallCauseEnum,
      nullable: true,
      description: 'Why it ends; null: the simulation was broken off before.',
      resolve: ({ cause }) => cause,
    }),
    reply: t.field({
      type: CallReplyEnum,
      nullable: true,
      description: 'What the person says by a key; null: nothing.',
      resolve: ({ reply }) => reply,
    }),
    costCents: t.exposeFloat('cents', { description: 'What it costs, in cents, by the price table of this server.' }),
  }),
})

const OutcomeCount = builder
  .objectRef<{ outcome: typeof ReceiverOutcomeEnum.$inferType; receivers: number }>('OutcomeCount')
  .implement({
    description: 'How many receivers have an outcome.',
    fields: (t) => ({
      outcome: t.field({ type: ReceiverOutcomeEnum, description: 'The outcome.', resolve: ({ outcome }) => outcome }),
      receivers: t.exposeInt('receivers', { description: 'How many have it.' }),
    }),
  })

const SimulationLimitEnum = builder.enumType('SimulationLimit', {
  description: 'Why a simulation was broken off.',
  values: {
    CALLS: { value: 'calls', description: 'It had made 200,000 calls.' },
    TIME: { value: 'time', description: 'It had come 400 days far.' },
  } as const,
})

const SimulateCampaignPayload = builder.objectRef<Simulation>('SimulateCampaignPayload').implement({
  description:
    'What the campaign would come to, by the rules of the dialling engine and simulated people. Nobody was called and nothing was changed. What other campaigns do meanwhile is not foreseen.',
  extensions: { payload: true },
  fields: (t) => ({
    states: t.field({
      type: [SimulatedState],
      extensions: { listSize: 4 },
      description: 'The states that it enters, the first one included, in order; at most 4.',
      resolve: ({ states }) => states,
    }),
    completedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is completed; null: never, or not within the limits.',
      resolve: ({ end }) => end.at,
    }),
    totalCalls: t.int({ description: 'How many calls it makes.', resolve: ({ totals }) => totals.calls }),
    answeredCalls: t.int({ description: 'How many of them are answered.', resolve: ({ totals }) => totals.answered }),
    totalSeconds: t.float({
      description: 'Seconds of all answered calls, from the answer to the end.',
      resolve: ({ totals }) => totals.talkMs / 1_000,
    }),
    accepts: t.int({ description: 'How many receivers accept.', resolve: ({ totals }) => totals.accepts }),
    declines: t.int({ description: 'How many receivers decline.', resolve: ({ totals }) => totals.declines }),
    optOuts: t.int({
      description: 'How many receivers ask not to be addressed again.',
      resolve: ({ totals }) => totals.optOuts,
    }),
    costCents: t.float({
      description: 'What it costs, in cents, by the price table of this server.',
      resolve: ({ totals }) => totals.cents,
    }),
    outcomes: t.field({
      type: [OutcomeCount],
      extensions: { listSize: 9 },
      description: 'How many of the receivers that wait now get which outcome, one per outcome that there is.',
      resolve: ({ totals }) =>
        Object.entries(totals.outcomes).map(([outcome, receivers]) => ({
          outcome: outcome as typeof ReceiverOutcomeEnum.$inferType,
          receivers: receivers ?? 0,
        })),
    }),
    hours: t.field({
      type: [SimulatedHour],
      description: 'Its course by the hour, without those in which nothing happens, at most 9600.',
      resolve: ({ hours }) => hours,
    }),
    calls: t.field({
      type: [SimulatedCallType],
      description: `Its first calls, in the order in which they are dialled, at most ${MAX_CALLS}.`,
      args: { first: t.arg.int({ required: true, description: `How many, 1 to ${MAX_CALLS}.` }) },
      resolve: ({ calls }, { first }) => {
        if (first < 1 || first > MAX_CALLS) {
          const rule = first < 1 ? 'too_small' : 'too_large'
          const issue: Issue = { path: ['first'], rule, message: `must be from 1 to ${MAX_CALLS}` }
          throw new ValidationError([issue])
        }
        return calls.slice(0, first)
      },
    }),
    truncatedBy: t.field({
      type: SimulationLimitEnum,
      nullable: true,
      description: 'Which limit broke it off; null: it came to its end, or to where nothing more can happen.',
      resolve: ({ truncated }) => truncated,
    }),
  }),
})

builder.mutationField('simulateCampaign', (t) =>
  t.field({
    type: SimulateCampaignPayload,
    description:
      'Foretells what a campaign that calls comes to from now on, or from its start; a halted one is taken as resumed. Nobody is called and nothing is changed. Up to 100,000 receivers are looked at. Needs `campaigns:read`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: SimulateCampaignInput, required: true, description: 'The campaign.' }) },
    resolve: (_root, { input: { id, seed } }, { campaigns, viewer }) =>
      asData(async () => simulateCampaign(campaigns, viewer, { ...campaignIn(id), seed: seed ?? null })),
  }),
)
