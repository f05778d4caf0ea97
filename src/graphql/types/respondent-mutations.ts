import { addAndCallRespondents, type CalledRespondent, callRespondents } from '../../domains/campaigns/index.ts'
import { type AddedRespondent, addRespondents } from '../../domains/responses/index.ts'
import { type Issue, ValidationError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { asData, IssueType } from '../errors.ts'
import { idOf, idOrNull } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, IDEMPOTENCY_KEY } from './mutation-kit.ts'
import { NOBODY } from './operation-ids.ts'

const { NotFoundError, ConflictError } = ERRORS

const NewRespondentInput = builder.inputType('NewRespondentInput', {
  description: 'A person who is to be asked.',
  fields: (t) => ({
    phone: t.string({
      required: true,
      description:
        'Their telephone number as people write it, with at least seven digits. Without a country code it is of the `defaultCountry` of the workspace. The contact that has it, or a new one; whether it can be called, calling it tells.',
    }),
    firstName: t.string({ description: 'Up to 150 characters. What the contact says already stays.' }),
    lastName: t.string({ description: 'Up to 150 characters. What the contact says already stays.' }),
    email: t.string({ description: 'An e-mail address, which may be that of another contact, too.' }),
  }),
})

const AddRespondentsInput = builder.inputType('AddRespondentsInput', {
  description: 'People who are to be asked, and by which link.',
  fields: (t) => ({
    linkId: t.id({ required: true, description: 'Global id of the link.' }),
    respondents: t.field({
      type: [NewRespondentInput],
      required: true,
      description: 'Whom to add, each judged by itself. Naming a person twice makes two respondents.',
    }),
    callNow: t.boolean({
      description: 'Whether those who are added are called, as by `callRespondents`; false when absent.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const CallRespondentsInput = builder.inputType('CallRespondentsInput', {
  description: 'Whom to call.',
  fields: (t) => ({
    respondentIds: t.idList({
      required: true,
      description:
        'Global ids of respondents, of one link or of several, up to 100,000; who is named twice is called once.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const AddedRespondentType = builder.objectRef<AddedRespondent & { index: number }>('AddedRespondent').implement({
  description: 'What came of one person who was to be added: a respondent, or the rules that are broken.',
  extensions: { payload: true },
  fields: (t) => ({
    respondent: t.prismaField({
      type: 'Respondent',
      nullable: true,
      description: 'The new respondent; null: not added, or erased since, which a repetition may meet.',
      resolve: (query, added, _args, context) =>
        added.outcome === 'added' ? (context.batches.node('respondent', added.id, query) as never) : null,
    }),
    issues: t.field({
      type: [IssueType],
      extensions: { listSize: 2 },
      description: 'Every broken rule; none: the person was added.',
      resolve: (added) => (added.outcome === 'added' ? [] : added.issues.map((issue) => ofEntry(issue, added.index))),
    }),
  }),
})

const AddRespondentsPayload = builder.objectRef<{ added: AddedRespondent[] }>('AddRespondentsPayload').implement({
  description: 'Each was judged by itself: some may be added and others not.',
  extensions: { payload: true },
  fields: (t) => ({
    results: t.field({
      type: [AddedRespondentType],
      description: 'What came of each, one per person, in the order of the input.',
      resolve: ({ added }) => added.map((each, index) => ({ ...each, index })),
    }),
  }),
})

const CallOutcomeEnum = builder.enumType('CallRespondentOutcome', {
  description: 'What came of asking for a call to a respondent.',
  values: {
    QUEUED: { value: 'queued', description: 'Is called as soon as the rules allow, or is being called.' },
    UNCHANGED: {
      value: 'unchanged',
      description:
        'Has answered, and the survey asks nobody twice (`allowRepeats`); or has answered all that a phone can ask, and the response is still open.',
    },
    INVALID: { value: 'invalid', description: 'Has no number that could be called.' },
  } as const satisfies Record<string, { value: CalledRespondent['outcome']; description: string }>,
})

const CalledRespondentType = builder.objectRef<CalledRespondent>('CalledRespondent').implement({
  description: 'What came of asking for a call to one respondent.',
  extensions: { payload: true },
  fields: (t) => ({
    outcome: t.field({ type: CallOutcomeEnum, description: 'What came of it.', resolve: ({ outcome }) => outcome }),
    respondent: t.prismaField({
      type: 'Respondent',
      nullable: true,
      description: 'The respondent as they are now; null when they were erased since, which a repetition may meet.',
      resolve: (query, { respondentId }, _args, context) =>
        context.batches.node('respondent', respondentId, query) as never,
    }),
  }),
})

const CallRespondentsPayload = builder.objectRef<{ called: CalledRespondent[] }>('CallRespondentsPayload').implement({
  description: 'Calls were asked for.',
  extensions: { payload: true },
  fields: (t) => ({
    results: t.field({
      type: [CalledRespondentType],
      description: 'What came of each, one per id, in the order of the input.',
      resolve: ({ called }) => called,
    }),
  }),
})

/** Where the input has it: rules of a person are told from the person down. */
function ofEntry(issue: Issue, index: number): Issue {
  return { ...issue, path: ['respondents', index, ...issue.path] }
}

/** Runs a domain function; what is wrong with the link as a survey by phone is told of `field`, which leads to it. */
async function aboutLink<T>(field: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const issues = error.issues.map((issue): Issue => (issue.path[0] === 'link' ? { ...issue, path: [field] } : issue))
    throw new ValidationError(issues as [Issue, ...Issue[]])
  }
}

builder.mutationFields((t) => ({
  addRespondents: t.field({
    type: AddRespondentsPayload,
    description:
      'Adds people to those whom a link asks, each judged by itself, and has them called at once if wanted. Needs `responses:write`, for `callNow` `campaigns:write` as well.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: AddRespondentsInput, required: true, description: 'The people.' }) },
    resolve: (_root, { input: { linkId, respondents, callNow, idempotencyKey } }, { campaigns, world, viewer }) =>
      asData(() =>
        aboutLink('linkId', async () => {
          const input = {
            linkId: idOf('Link', linkId, ['linkId']),
            respondents,
            idempotencyKey: idempotencyKey ?? null,
          }
          const added = await (callNow
            ? addAndCallRespondents(campaigns, viewer, input)
            : addRespondents(world, viewer, input))
          return { added }
        }),
      ),
  }),
  callRespondents: t.field({
    type: CallRespondentsPayload,
    description:
      'Has respondents called, as soon as the rules allow, and asked the questions of their link. Each link has a campaign for that, which comes into being with the first call (`Link.campaigns`, `isStanding`). Who waits or is being called stays where they are; who was called before is called anew. Needs `campaigns:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: CallRespondentsInput, required: true, description: 'Whom to call.' }) },
    resolve: (_root, { input: { respondentIds, idempotencyKey } }, { campaigns, viewer }) =>
      asData(() =>
        aboutLink('respondentIds', async () => {
          const ids = respondentIds.map((id) => idOrNull('Respondent', id) ?? NOBODY)
          const input = { respondentIds: ids, idempotencyKey: idempotencyKey ?? null }
          return { called: await callRespondents(campaigns, viewer, input) }
        }),
      ),
  }),
}))
