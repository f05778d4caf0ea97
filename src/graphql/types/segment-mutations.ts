import { createSegment, deleteSegment, updateSegment } from '../../domains/contacts/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'
import { SegmentFieldEnum, SegmentOperatorEnum } from './segment.ts'

const { NotFoundError, ConflictError } = ERRORS

const SegmentFilterInput = builder.inputType('SegmentFilterInput', {
  description: 'One condition.',
  fields: (t) => ({
    field: t.field({ type: SegmentFieldEnum, required: true, description: 'What is compared.' }),
    operator: t.field({ type: SegmentOperatorEnum, required: true, description: 'How.' }),
    value: t.field({
      type: 'JSON',
      description: 'With what: a text, a number, null for "not set", or for `IN` a list of up to 1,000 of them.',
    }),
  }),
})
const CreateSegmentInput = builder.inputType('CreateSegmentInput', {
  description: 'A filter to save.',
  fields: (t) => ({
    name: t.string({ description: 'Its name.' }),
    filters: t.field({
      type: [SegmentFilterInput],
      required: true,
      description: 'All of these must hold; 1 to 50.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})
const UpdateSegmentInput = builder.inputType('UpdateSegmentInput', {
  description: 'What to change of a segment; absent keys stay as they are.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the segment.' }),
    name: t.string({ description: 'Its name; null: it has none.' }),
    filters: t.field({ type: [SegmentFilterInput], description: 'In place of all present ones; 1 to 50.' }),
  }),
})
const DeleteSegmentInput = builder.inputType('DeleteSegmentInput', {
  description: 'Which segment to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the segment.' }) }),
})

const segmentPayload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      segment: t.prismaField({
        type: 'Segment',
        description: 'The segment as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.segment.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })
const CreateSegmentPayload = segmentPayload('CreateSegmentPayload', 'The segment was made.')
const UpdateSegmentPayload = segmentPayload('UpdateSegmentPayload', 'The segment was changed.')
const DeleteSegmentPayload = builder.objectRef<{ id: string }>('DeleteSegmentPayload').implement({
  description: 'The segment is gone; its contacts stay.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedSegmentId: t.id({
      description: 'Global id of the segment.',
      resolve: ({ id }) => encodeGlobalId('Segment', id),
    }),
  }),
})

/** Null and absence are one in a condition: the field is not set. */
const filtersOf = (filters: readonly (typeof SegmentFilterInput.$inferInput)[]) =>
  filters.map(({ field, operator, value }) => ({ field, operator, value: value ?? null }))

builder.mutationFields((t) => ({
  createSegment: t.field({
    type: CreateSegmentPayload,
    description: 'Saves a filter over contacts. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: CreateSegmentInput, required: true, description: 'The filter.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(() => {
        const { filters, ...rest } = args.input
        return createSegment(world, viewer, { ...given(rest), filters: filtersOf(filters) })
      }),
  }),
  updateSegment: t.field({
    type: UpdateSegmentPayload,
    description: 'Changes a segment. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: UpdateSegmentInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, name, filters } = args.input
        const id = idOf('Segment', globalId, ['id'])
        await updateSegment(world, viewer, id, {
          ...(name === undefined ? {} : { name }),
          ...(filters == null ? {} : { filters: filtersOf(filters) }),
        })
        return { id }
      }),
  }),
  deleteSegment: t.field({
    type: DeleteSegmentPayload,
    description: 'Deletes a segment; its contacts stay. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteSegmentInput, required: true, description: 'The segment.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Segment', args.input.id, ['id'])
        await deleteSegment(world, viewer, id)
        return { id }
      }),
  }),
}))
