import {
  createContact,
  type OptOutInput as DomainOptOut,
  deleteContact,
  deleteContacts,
  optIn,
  optOut,
  setDefaultCountry,
  updateContact,
} from '../../domains/contacts/index.ts'
import { eraseContact, mergeContacts } from '../../domains/people/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { builder, type SchemaTypes } from '../builder.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf, idOrNull } from '../global-id.ts'
import { OutreachChannelEnum } from './contact.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'

const { NotFoundError, ConflictError } = ERRORS

const PHONE =
  "As people write it: in international form, or in the form of the workspace's default country when it has one. It must be a number that exists."

type InputFields = PothosSchemaTypes.InputFieldBuilder<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>, 'InputObject'>

/** What may be said of a person, whether they are new or not. */
const personFields = (t: InputFields) => ({
  externalKey: t.string({ description: 'What your own system calls them; unique among your contacts.' }),
  firstName: t.string({ description: 'Given name.' }),
  lastName: t.string({ description: 'Family name.' }),
  nickname: t.string({ description: 'What friends call them.' }),
  email: t.field({ type: 'EmailAddress', description: 'Unique among your contacts, unless they share it.' }),
  phone: t.string({ description: PHONE }),
  address: t.string({ description: 'Street address.' }),
  postalCode: t.string({ description: 'Postal code.' }),
  city: t.string({ description: 'City or town.' }),
  area: t.string({ description: 'Area, in your words.' }),
  company: t.string({ description: 'Name of their company.' }),
  website: t.string({ description: 'A web address.' }),
  note: t.string({ description: 'Up to 10,000 characters.' }),
  gender: t.string({ description: 'In your words.' }),
  birthYear: t.int({ description: 'Year of birth.' }),
})

const CreateContactInput = builder.inputType('CreateContactInput', {
  description: 'A person; at least one of name, e-mail address, phone number, company and external key.',
  fields: (t) => ({
    ...personFields(t),
    name: t.string({ description: 'Their name, in one line; made of first and last name when absent.' }),
    sharesEmail: t.boolean({ description: 'Whether other contacts may have the same e-mail address; no when absent.' }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const UpdateContactInput = builder.inputType('UpdateContactInput', {
  description: 'What to change of a contact; absent keys stay as they are, null empties.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the contact.' }),
    ...personFields(t),
    name: t.string({ description: 'Their name, in one line. Until it is given it follows first and last name.' }),
    sharesEmail: t.boolean({ description: 'Whether other contacts may have the same e-mail address.' }),
  }),
})

/** A payload that gives the contact as it is after the change. */
const contactPayload = (name: string, description: string) =>
  builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      contact: t.prismaField({
        type: 'Contact',
        description: 'The contact as it is now.',
        resolve: (query, { id }, _args, context) =>
          context.reader.contact.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })

const CreateContactPayload = contactPayload('CreateContactPayload', 'The contact was added.')
const UpdateContactPayload = contactPayload('UpdateContactPayload', 'The contact was changed.')
const MergeContactsPayload = contactPayload('MergeContactsPayload', 'The contacts are one.')

const DeleteContactPayload = builder.objectRef<{ id: string }>('DeleteContactPayload').implement({
  description: 'The contact is on no list and in no segment any more, and its addresses are free.',
  extensions: { payload: true },
  fields: (t) => ({
    deletedContactId: t.id({
      description: 'Global id of the contact.',
      resolve: ({ id }) => encodeGlobalId('Contact', id),
    }),
  }),
})

const DeleteContactsPayload = builder.objectRef<{ deleted: number }>('DeleteContactsPayload').implement({
  description: 'The contacts are on no list and in no segment any more, and their addresses are free.',
  extensions: { payload: true },
  fields: (t) => ({ deletedCount: t.exposeInt('deleted', { description: 'How many there were.' }) }),
})

const EraseContactPayload = builder.objectRef<{ id: string }>('EraseContactPayload').implement({
  description: 'Nothing personal is left of the contact.',
  extensions: { payload: true },
  fields: (t) => ({
    erasedContactId: t.id({
      description: 'Global id of the contact.',
      resolve: ({ id }) => encodeGlobalId('Contact', id),
    }),
  }),
})

const DeleteContactInput = builder.inputType('DeleteContactInput', {
  description: 'Which contact to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the contact.' }) }),
})
const DeleteContactsInput = builder.inputType('DeleteContactsInput', {
  description: 'Which contacts to delete; give one of the two.',
  isOneOf: true,
  fields: (t) => ({
    segmentId: t.id({ description: 'Global id of a segment: those that it has now.' }),
    all: t.boolean({ description: '`true`: all there are.' }),
  }),
})
const EraseContactInput = builder.inputType('EraseContactInput', {
  description: 'Whose personal data to erase.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the contact.' }) }),
})
const MergeContactsInput = builder.inputType('MergeContactsInput', {
  description: 'Contacts that are one person.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the contact that stays.' }),
    duplicateIds: t.idList({ required: true, description: 'Global ids of the others, 1 to 100.' }),
  }),
})

const optOutInput = (name: string, description: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({
      contactId: t.id({ description: 'Global id of a contact whose present addresses are meant.' }),
      phone: t.string({ description: PHONE }),
      email: t.field({ type: 'EmailAddress', description: 'An e-mail address, whether or not a contact has it.' }),
      channels: t.field({
        type: [OutreachChannelEnum],
        required: true,
        description: 'Which channels; the addresses must suit each.',
      }),
    }),
  })
const OptOutInput = optOutInput('OptOutInput', 'Who is to be left alone; exactly one of contact, phone and e-mail.')
const OptInInput = optOutInput('OptInInput', 'Whose opt-out to take back; exactly one of contact, phone and e-mail.')

const channelsPayload = (name: string, description: string) =>
  builder.objectRef<{ channels: DomainOptOut['channels'] }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      channels: t.field({
        type: [OutreachChannelEnum],
        description: 'The channels that were asked for.',
        resolve: ({ channels }) => [...channels],
      }),
    }),
  })
const OptOutPayload = channelsPayload('OptOutPayload', 'Nothing is sent to the addresses on these channels any more.')
const OptInPayload = channelsPayload('OptInPayload', 'The addresses may be used on these channels.')

function optOutOf({ contactId, ...rest }: typeof OptOutInput.$inferInput): DomainOptOut {
  return { ...given(rest), ...(contactId == null ? {} : { contactId: idOf('Contact', contactId, ['contactId']) }) }
}

const SetDefaultCountryInput = builder.inputType('SetDefaultCountryInput', {
  description: 'How telephone numbers without a country code are read.',
  fields: (t) => ({
    country: t.string({ description: 'ISO 3166-1 code of two letters, such as FI; null: such numbers are refused.' }),
  }),
})
const SetDefaultCountryPayload = builder.objectRef<object>('SetDefaultCountryPayload').implement({
  description: 'The default country was set; numbers that are stored stay as they are.',
  extensions: { payload: true },
  fields: (t) => ({
    workspace: t.prismaField({
      type: 'Workspace',
      description: 'The workspace as it is now.',
      resolve: (query, _payload, _args, context) =>
        context.reader.workspace.findUniqueOrThrow({ ...query, where: { id: context.viewer.workspaceId } }),
    }),
  }),
})

builder.mutationFields((t) => ({
  createContact: t.field({
    type: CreateContactPayload,
    description: 'Adds a person. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: CreateContactInput, required: true, description: 'The person.' }) },
    resolve: (_root, args, { world, viewer }) => asData(() => createContact(world, viewer, given(args.input))),
  }),
  updateContact: t.field({
    type: UpdateContactPayload,
    description: 'Changes a contact. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateContactInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, sharesEmail, ...changes } = args.input
        const id = idOf('Contact', globalId, ['id'])
        await updateContact(world, viewer, id, { ...changes, ...(sharesEmail == null ? {} : { sharesEmail }) })
        return { id }
      }),
  }),
  deleteContact: t.field({
    type: DeleteContactPayload,
    description:
      'Deletes a contact. What happened with them stays, with their name and addresses: `eraseContact` removes those. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteContactInput, required: true, description: 'The contact.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Contact', args.input.id, ['id'])
        await deleteContact(world, viewer, id)
        return { id }
      }),
  }),
  deleteContacts: t.field({
    type: DeleteContactsPayload,
    description:
      'Deletes all contacts of a segment, or all there are, as `deleteContact` does: in batches of up to 500, each whole, so that it can be repeated when it was interrupted. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeleteContactsInput, required: true, description: 'Which ones.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { segmentId, all } = args.input
        if (segmentId == null && all !== true) {
          throw new ValidationError([{ path: ['all'], rule: 'unknown_option', message: 'must be true' }])
        }
        const which = segmentId == null ? ('all' as const) : { segmentId: idOf('Segment', segmentId, ['segmentId']) }
        return { deleted: await deleteContacts(world, viewer, which) }
      }),
  }),
  eraseContact: t.field({
    type: EraseContactPayload,
    description:
      'Erases, for good, all that is personal about a contact, deleted or not, and about its merged duplicates: fields, answers, recordings, transcripts, insights. Counts stay, and so do opt-outs, as keyed hashes. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: EraseContactInput, required: true, description: 'The contact.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Contact', args.input.id, ['id'])
        await eraseContact(world, viewer, id)
        return { id }
      }),
  }),
  mergeContacts: t.field({
    type: MergeContactsPayload,
    description:
      'Makes one contact of several: what the first does not say, the places on lists, the participations and the opt-outs of the others become its own. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: MergeContactsInput, required: true, description: 'The contacts.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () =>
        mergeContacts(world, viewer, {
          id: idOf('Contact', args.input.id, ['id']),
          // What is no id at all is told in its place among the others.
          duplicateIds: args.input.duplicateIds.map((each) => idOrNull('Contact', each) ?? each),
        }),
      ),
  }),
  optOut: t.field({
    type: OptOutPayload,
    description: 'Opts addresses out of channels. Doing it again changes nothing. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: OptOutInput, required: true, description: 'Whom and where.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        await optOut(world, viewer, optOutOf(args.input))
        return { channels: args.input.channels }
      }),
  }),
  optIn: t.field({
    type: OptInPayload,
    description: 'Takes opt-outs back. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: OptInInput, required: true, description: 'Whom and where.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        await optIn(world, viewer, optOutOf(args.input))
        return { channels: args.input.channels }
      }),
  }),
  setDefaultCountry: t.field({
    type: SetDefaultCountryPayload,
    description: 'Sets how telephone numbers without a country code are read. Needs `contacts:write`.',
    errors: { types: [...COMMON_ERRORS] },
    args: { input: t.arg({ type: SetDefaultCountryInput, required: true, description: 'The country.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        await setDefaultCountry(world, viewer, args.input.country ?? null)
        return {}
      }),
  }),
}))
