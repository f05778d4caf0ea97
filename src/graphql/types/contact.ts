import DataLoader from 'dataloader'
import {
  type Address,
  addressesOf,
  OUTREACH_CHANNELS,
  type OutreachChannel,
  optedOutAmong,
} from '../../domains/contacts/index.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import type { Context } from '../context.ts'
import { idOrNull } from '../global-id.ts'
import { searchWhere } from '../search.ts'
import { Respondent } from './respondent.ts'

export const OutreachChannelEnum = builder.enumType('OutreachChannel', {
  description: 'A way in which people are addressed. Each has opt-outs of its own.',
  values: {
    CALL: { value: 'call', description: 'Telephone calls.' },
    SMS: { value: 'sms', description: 'Text messages.' },
    EMAIL: { value: 'email', description: 'E-mail.' },
  } as const satisfies Record<string, { value: OutreachChannel; description: string }>,
})

/** Addresses of all contacts of an operation are looked up by one statement. */
const optOuts = new WeakMap<Context, DataLoader<Address, boolean>>()

function isOptedOut(context: Context, address: Address): Promise<boolean> {
  let loader = optOuts.get(context)
  if (!loader) {
    const { world, viewer } = context
    loader = new DataLoader((addresses) => optedOutAmong(world, world.db, viewer.workspaceId, addresses), {
      cache: false,
    })
    optOuts.set(context, loader)
  }
  return loader.load(address)
}

const text = (description: string) => ({ nullable: true, description }) as const

export const Contact = builder.prismaNode('Contact', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'contacts:read' },
  description: 'A person.',
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', {
      description: "The contact's number in the APIs that number things; unique in the workspace.",
    }),
    externalKey: t.exposeString(
      'externalKey',
      text('What your own system calls them; unique among the contacts that are not deleted.'),
    ),
    name: t.exposeString('name', text('Their name, in one line; made of first and last name unless it was given.')),
    firstName: t.exposeString('firstName', text('Given name.')),
    lastName: t.exposeString('lastName', text('Family name.')),
    nickname: t.exposeString('nickname', text('What friends call them.')),
    email: t.expose('email', {
      type: 'EmailAddress',
      nullable: true,
      description: 'Where they can be written to, as it was given; compared without regard to case.',
    }),
    sharesEmail: t.exposeBoolean('sharesEmail', {
      description: 'Whether other contacts may have the same e-mail address.',
    }),
    phone: t.expose('phone', { type: 'PhoneNumber', nullable: true, description: 'Where they can be called; E.164.' }),
    phoneInput: t.exposeString('phoneInput', text('The telephone number as it was given.')),
    address: t.exposeString('address', text('Street address.')),
    postalCode: t.exposeString('postalCode', text('Postal code.')),
    city: t.exposeString('city', text('City or town.')),
    area: t.exposeString('area', text('Area, in your words.')),
    company: t.exposeString('company', text('Name of their company.')),
    website: t.exposeString('website', text('A web address, as it was given.')),
    note: t.exposeString('note', text('What you noted.')),
    gender: t.exposeString('gender', text('In your words.')),
    birthYear: t.exposeInt('birthYear', text('Year of birth.')),
    respondents: t.field({
      type: [Respondent],
      description: 'The links they take part in, latest first; at most 100.',
      select: (_args, _context, nestedSelection) => ({
        respondents: nestedSelection({ orderBy: [{ id: 'desc' as const }], take: 100 }),
      }),
      resolve: (contact) => contact.respondents,
    }),
    optedOutOf: t.field({
      type: [OutreachChannelEnum],
      description: 'The channels on which nothing may be sent to their present addresses.',
      select: { phone: true, email: true },
      resolve: async (contact, _args, context) => {
        const addresses = addressesOf(contact)
        const out = await Promise.all(addresses.map((address) => isOptedOut(context, address)))
        return OUTREACH_CHANNELS.filter((channel) => addresses.some((each, n) => out[n] && each.channel === channel))
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were added.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When they were last changed.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'When they were deleted. A deleted contact is on no list and in no segment; it stays as whom the past is about.',
    }),
    erasedAt: t.expose('erasedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When all that was personal about them was erased; null: it was not.',
    }),
    mergedInto: t.relation('mergedInto', {
      nullable: true,
      description: 'The contact that this one was a duplicate of; null: it was not merged.',
    }),
  }),
})

export const CONTACTS_PAGE = connectionTypes(Contact, 'Contact', 'contacts')

type Sort = 'CREATED_AT_DESC' | 'CREATED_AT_ASC' | 'UPDATED_AT_DESC' | 'NAME_ASC' | 'NAME_DESC' | 'LEGACY_ID_ASC'

const ContactSort = builder.enumType('ContactSort', {
  description: 'In which order contacts are listed.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    CREATED_AT_ASC: { description: 'Oldest first.' },
    UPDATED_AT_DESC: { description: 'What was changed last first.' },
    NAME_ASC: { description: 'By name; without a name last.' },
    NAME_DESC: { description: 'By name, backwards; without a name last.' },
    LEGACY_ID_ASC: { description: 'By number.' },
  } as const,
})

const order = (column: string, direction: 'asc' | 'desc', type: Order['type'], nullable?: true): Order => ({
  name: `contacts:${column}:${direction}`,
  ...{ column, direction, type },
  ...(nullable ? { nullable } : {}),
})

const ORDERS: Readonly<Record<Sort, Order>> = {
  CREATED_AT_DESC: order('createdAt', 'desc', 'instant'),
  CREATED_AT_ASC: order('createdAt', 'asc', 'instant'),
  UPDATED_AT_DESC: order('updatedAt', 'desc', 'instant'),
  NAME_ASC: order('name', 'asc', 'text', true),
  NAME_DESC: order('name', 'desc', 'text', true),
  LEGACY_ID_ASC: order('legacyId', 'asc', 'integer'),
}

const ContactFilter = builder.inputType('ContactFilter', {
  description: 'Which contacts; all that is given must hold. For more, make a segment.',
  fields: (t) => ({
    phone: t.field({ type: 'PhoneNumber', description: 'With exactly this telephone number; E.164.' }),
    email: t.field({ type: 'EmailAddress', description: 'With exactly this e-mail address, in any case.' }),
    listId: t.id({ description: 'On this list.' }),
    deleted: t.boolean({ description: 'Only those that were deleted, instead of those that were not.' }),
  }),
})

/** A filter that no row passes. */
const NOTHING = '00000000-0000-0000-0000-000000000000'

function contactWhere(filter: typeof ContactFilter.$inferInput | null | undefined): Record<string, unknown> {
  const { phone, email, listId, deleted } = filter ?? {}
  return {
    deletedAt: deleted ? { not: null } : null,
    ...(phone == null ? {} : { phone }),
    ...(email == null ? {} : { email: { equals: email, mode: 'insensitive' } }),
    ...(listId == null ? {} : { memberships: { some: { listId: idOrNull('ContactList', listId) ?? NOTHING } } }),
  }
}

builder.queryFields((t) => ({
  contact: t.prismaField({
    type: 'Contact',
    nullable: true,
    description:
      'One contact, also a deleted one; null when your workspace has none with this id. Needs `contacts:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the contact.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Contact', id)
      return uuid === null ? null : context.reader.contact.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  contacts: t.connection(
    {
      type: Contact,
      description: 'The contacts of the workspace. Needs `contacts:read`.',
      args: {
        search: t.arg.string({
          description: 'Name, company, e-mail address or telephone number contains this text, in any case.',
        }),
        filter: t.arg({ type: ContactFilter, description: 'Only these.' }),
        sort: t.arg({
          type: ContactSort,
          defaultValue: 'CREATED_AT_DESC',
          required: true,
          description: 'In this order.',
        }),
      },
      resolve: (_root, args, context, info) => {
        const where = {
          ...contactWhere(args.filter),
          ...searchWhere(args.search, (containing) => [
            { name: containing },
            { firstName: containing },
            { lastName: containing },
            { nickname: containing },
            { company: containing },
            { email: containing },
            { phone: containing },
          ]),
        }
        return rootConnection(context.reader.contact, 'Contact', args, ORDERS[args.sort], where, context, info)
      },
    },
    ...CONTACTS_PAGE,
  ),
}))
