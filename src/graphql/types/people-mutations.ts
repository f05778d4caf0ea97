import { inviteRespondent } from '../../domains/responses/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, IDEMPOTENCY_KEY } from './mutation-kit.ts'

const { NotFoundError, ConflictError } = ERRORS

const InviteRespondentInput = builder.inputType('InviteRespondentInput', {
  description: 'Who is to take part in what.',
  fields: (t) => ({
    linkId: t.id({ required: true, description: 'Global id of the link.' }),
    contactId: t.id({ required: true, description: 'Global id of the contact.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const InviteRespondentPayload = builder.objectRef<{ id: string }>('InviteRespondentPayload').implement({
  description: 'The contact takes part.',
  extensions: { payload: true },
  fields: (t) => ({
    respondent: t.prismaField({
      type: 'Respondent',
      description: 'The respondent, with the personal address to send.',
      resolve: (query, { id }, _args, context) =>
        context.reader.respondent.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

builder.mutationFields((t) => ({
  inviteRespondent: t.field({
    type: InviteRespondentPayload,
    description: 'Makes a contact a respondent of a link, with an address of their own. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: InviteRespondentInput, required: true, description: 'Who and what.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () =>
        inviteRespondent(world, viewer, {
          linkId: idOf('Link', args.input.linkId, ['linkId']),
          contactId: idOf('Contact', args.input.contactId, ['contactId']),
          idempotencyKey: args.input.idempotencyKey,
        }),
      ),
  }),
}))
