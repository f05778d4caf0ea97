import {
  addToContactList,
  createContactList,
  deleteContactList,
  MAX_MEMBERS_PER_CALL,
  removeFromContactList,
  updateContactList,
} from '../../domains/contacts/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf, idOrNull } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'

const { NotFoundError, ConflictError } = ERRORS

const CreateContactListInput = builder.inputType('CreateContactListInput', {
  description: 'A list to put contacts on.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name, 1 to 300 characters.' }),
    description: t.string({ description: 'What it is for, up to 2,000 characters.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})
const UpdateContactListInput = builder.inputType('UpdateContactListInput', {
  description: 'What to change of a list; absent keys stay as they are.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the list.' }),
    name: t.string({ description: 'Its name.' }),
    description: t.string({ description: 'What it is for; null: nothing is said.' }),
  }),
})
const DeleteContactListInput = builder.inputType('DeleteContactListInput', {
  description: 'Which list to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the list.' }) }),
})

const membersInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({
      id: t.id({ required: true, description: 'Global id of the list.' }),
      contactIds: t.idList({
        required: true,
        description: `Global ids of contacts, up to ${MAX_MEMBERS_PER_CALL}.`,
      }),
    }),
  })
const AddToContactListInput = membersInput('AddToContactListInput', 'Whom to add to which list.')
const RemoveFromContactListInput = membersInput('RemoveFromContactListInput', 'Whom to remove from which list.')
const EmptyContactListInput = builder.inputType('EmptyContactListInput', {
  description: 'Which list to empty.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the list.' }) }),
})

/** A payload that gives the list as it is after the change. */
const listPayload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      contactList: t.prismaField({
        type: 'ContactList',
        description: 'The list as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.contactList.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })
const CreateContactListPayload = listPayload('CreateContactListPayload', 'The list was made.')
const UpdateContactListPayload = listPayload('UpdateContactListPayload', 'The list was changed.')

const countedPayload = (name: string, description: string, of: string) =>
  builder.objectRef<{ id: string; count: number }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      contactList: t.prismaField({
        type: 'ContactList',
        description: 'The list as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.contactList.findUniqueOrThrow({ ...query, where: { id } }),
      }),
      count: t.exposeInt('count', { description: of }),
    }),
  })
const AddToContactListPayload = countedPayload(
  'AddToContactListPayload',
  'The contacts are on the list.',
  'How many were not on it before.',
)
const RemoveFromContactListPayload = countedPayload(
  'RemoveFromContactListPayload',
  'The contacts are not on the list.',
  'How many were on it before.',
)
const EmptyContactListPayload = countedPayload(
  'EmptyContactListPayload',
  'Nobody is on the list.',
  'How many were on it before.',
)

const DeleteContactListPayload = builder.objectRef<{ id: string }>('DeleteContactListPayload').implement({
  description: 'The list is gone; its contacts stay.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedContactListId: t.id({
      description: 'Global id of the list.',
      resolve: ({ id }) => encodeGlobalId('ContactList', id),
    }),
  }),
})

/** What is no id at all is told in its place among the others. */
const contactsOf = (ids: readonly string[]) => ids.map((each) => idOrNull('Contact', each) ?? each)

builder.mutationFields((t) => ({
  createContactList: t.field({
    type: CreateContactListPayload,
    description: 'Makes an empty list. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: CreateContactListInput, required: true, description: 'The list.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(() => {
        const { name, ...rest } = args.input
        return createContactList(world, viewer, { name, ...given(rest) })
      }),
  }),
  updateContactList: t.field({
    type: UpdateContactListPayload,
    description: 'Changes a list. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: UpdateContactListInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, name, description } = args.input
        const id = idOf('ContactList', globalId, ['id'])
        await updateContactList(world, viewer, id, {
          ...(name == null ? {} : { name }),
          ...(description === undefined ? {} : { description }),
        })
        return { id }
      }),
  }),
  deleteContactList: t.field({
    type: DeleteContactListPayload,
    description: 'Deletes a list; its contacts stay. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteContactListInput, required: true, description: 'The list.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('ContactList', args.input.id, ['id'])
        await deleteContactList(world, viewer, id)
        return { id }
      }),
  }),
  addToContactList: t.field({
    type: AddToContactListPayload,
    description:
      'Adds contacts at the end of a list, all or none; those on it stay where they are. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: AddToContactListInput, required: true, description: 'Whom and where.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('ContactList', args.input.id, ['id'])
        const { added } = await addToContactList(world, viewer, id, contactsOf(args.input.contactIds))
        return { id, count: added }
      }),
  }),
  removeFromContactList: t.field({
    type: RemoveFromContactListPayload,
    description: 'Removes contacts from a list; those that are not on it are passed over. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: RemoveFromContactListInput, required: true, description: 'Whom and where.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('ContactList', args.input.id, ['id'])
        const { removed } = await removeFromContactList(world, viewer, id, contactsOf(args.input.contactIds))
        return { id, count: removed }
      }),
  }),
  emptyContactList: t.field({
    type: EmptyContactListPayload,
    description: 'Removes everybody from a list; the contacts stay. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: EmptyContactListInput, required: true, description: 'The list.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('ContactList', args.input.id, ['id'])
        const { removed } = await removeFromContactList(world, viewer, id, 'all')
        return { id, count: removed }
      }),
  }),
}))
