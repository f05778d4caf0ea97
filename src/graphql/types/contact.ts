import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'
import { searchWhere } from '../search.ts'
import { Respondent } from './respondent.ts'

export const Contact = builder.prismaNode('Contact', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'contacts:read' },
  description: 'A person.',
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', {
      description: "The contact's number in the APIs that number things; unique in the workspace.",
    }),
    name: t.exposeString('name', { nullable: true, description: 'Their name, in one line.' }),
    email: t.expose('email', { type: 'EmailAddress', nullable: true, description: 'Where they can be written to.' }),
    phone: t.expose('phone', { type: 'PhoneNumber', nullable: true, description: 'Where they can be called; E.164.' }),
    respondents: t.field({
      type: [Respondent],
      description: 'The links they take part in, latest first; at most 100.',
      select: (_args, _context, nestedSelection) => ({
        respondents: nestedSelection({ orderBy: [{ id: 'desc' as const }], take: 100 }),
      }),
      resolve: (contact) => contact.respondents,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When they were added.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When they were last changed.' }),
  }),
})

export const CONTACTS_PAGE = connectionTypes(Contact, 'Contact', 'contacts')

const CONTACTS: Order = { name: 'contacts:createdAt:desc', column: 'createdAt', direction: 'desc', type: 'instant' }

builder.queryFields((t) => ({
  contact: t.prismaField({
    type: 'Contact',
    nullable: true,
    description: 'One contact; null when your workspace has none with this id. Needs `contacts:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the contact.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Contact', id)
      return uuid === null ? null : context.reader.contact.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  contacts: t.connection(
    {
      type: Contact,
      description: 'The contacts of the workspace, newest first. Needs `contacts:read`.',
      args: {
        search: t.arg.string({
          description: 'The name, e-mail address or phone number contains this text, in any case.',
        }),
      },
      resolve: (_root, args, context, info) => {
        const where = searchWhere(args.search, (containing) => [
          { name: containing },
          { email: containing },
          { phone: containing },
        ])
        return rootConnection(context.reader.contact, 'Contact', args, CONTACTS, where, context, info)
      },
    },
    ...CONTACTS_PAGE,
  ),
}))
