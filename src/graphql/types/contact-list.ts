import { builder } from '../builder.ts'
import { connectionTypes, type Order, relationPage, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { searchWhere } from '../search.ts'

export const ContactListMember = builder.prismaNode('ContactListMember', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'contacts:read' },
  description: 'The place of a contact on a list.',
  fields: (t) => ({
    list: t.relation('list', { description: 'The list.' }),
    contact: t.relation('contact', { description: 'Who is on it.' }),
    position: t.exposeInt('position', {
      description: 'Grows with every addition; where somebody was removed a number is left out.',
    }),
    addedAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were added.' }),
  }),
})

const MEMBERS_PAGE = connectionTypes(ContactListMember, 'ContactListMember', 'members')

const MEMBERS: Order = { name: 'contactListMembers', column: 'position', direction: 'asc', type: 'integer' }

export const ContactList = builder.prismaNode('ContactList', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'contacts:read' },
  description: 'A static set of contacts, in the order in which they were added.',
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', {
      description: "The list's number in the APIs that number things; unique in the workspace.",
    }),
    name: t.exposeString('name', { description: 'Its name.' }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for, in your words.' }),
    memberCount: t.exposeInt('memberCount', { description: 'How many contacts are on it; exact.' }),
    members: t.connection(
      {
        type: ContactListMember,
        description: 'Who is on it, in the order of their positions.',
        ...relationPage('contactList', 'members', 'ContactListMember', MEMBERS),
      },
      ...MEMBERS_PAGE,
    ),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it or who is on it was last changed.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted. Nobody is on a deleted list; it stays for what referred to it.',
    }),
  }),
})

const LISTS_PAGE = connectionTypes(ContactList, 'ContactList', 'lists')

/** On a contact: where they stand on lists. */
builder.prismaObjectField('Contact', 'memberships', (t) =>
  t.field({
    type: [ContactListMember],
    description: 'The lists they are on, latest first; at most 100.',
    select: (_args, _context, nestedSelection) => ({
      memberships: nestedSelection({ orderBy: [{ id: 'desc' as const }], take: 100 }),
    }),
    resolve: (contact) => contact.memberships,
  }),
)

const ContactListSort = builder.enumType('ContactListSort', {
  description: 'In which order lists are listed.',
  values: {
    CREATED_AT_DESC: { description: 'Newest first.' },
    NAME_ASC: { description: 'By name.' },
  } as const,
})

const ORDERS: Readonly<Record<'CREATED_AT_DESC' | 'NAME_ASC', Order>> = {
  CREATED_AT_DESC: { name: 'contactLists:createdAt:desc', column: 'createdAt', direction: 'desc', type: 'instant' },
  NAME_ASC: { name: 'contactLists:name:asc', column: 'name', direction: 'asc', type: 'text' },
}

builder.queryFields((t) => ({
  contactList: t.prismaField({
    type: 'ContactList',
    nullable: true,
    description: 'One list, also a deleted one; null when your workspace has none with this id. Needs `contacts:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the list.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('ContactList', id)
      return uuid === null ? null : context.reader.contactList.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  contactLists: t.connection(
    {
      type: ContactList,
      description: 'The lists of the workspace that are not deleted. Needs `contacts:read`.',
      args: {
        search: t.arg.string({ description: 'The name contains this text, in any case.' }),
        sort: t.arg({
          type: ContactListSort,
          defaultValue: 'CREATED_AT_DESC',
          required: true,
          description: 'In this order.',
        }),
      },
      resolve: (_root, args, context, info) => {
        const where = { deletedAt: null, ...searchWhere(args.search, (containing) => [{ name: containing }]) }
        return rootConnection(context.reader.contactList, 'ContactList', args, ORDERS[args.sort], where, context, info)
      },
    },
    ...LISTS_PAGE,
  ),
}))
