import { deleteResponse } from '../../domains/people/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS } from './mutation-kit.ts'

const { NotFoundError } = ERRORS

const DeleteResponseInput = builder.inputType('DeleteResponseInput', {
  description: 'Which response to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the response.' }) }),
})

const DeleteResponsePayload = builder.objectRef<{ id: string }>('DeleteResponsePayload').implement({
  description: 'The response is gone, with all that was said in it and made of it.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedResponseId: t.id({
      description: 'Global id of the response.',
      resolve: ({ id }) => encodeGlobalId('Response', id),
    }),
  }),
})

builder.mutationField('deleteResponse', (t) =>
  t.field({
    type: DeleteResponsePayload,
    description:
      'Deletes a response for good, also an anonymous one, which no `eraseContact` reaches: answers, recordings, files, transcripts, insights. It is counted no more. Needs `responses:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteResponseInput, required: true, description: 'The response.' }) },
    resolve: (_root, { input }, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Response', input.id, ['id'])
        await deleteResponse(world, viewer, id)
        return { id }
      }),
  }),
)
