import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import { idOrNull } from '../global-id.ts'

const ContactImportStateEnum = builder.enumType('ContactImportState', {
  description: 'How far an import has come.',
  values: {
    RUNNING: {
      value: 'running',
      description: 'Rows are coming in, or have stopped coming: send the same again under its key to continue it.',
    },
    FINISHED: { value: 'finished', description: 'All rows were dealt with.' },
    FAILED: {
      value: 'failed',
      description: 'The input broke off or cannot be read; `message` says why. What was done stays done.',
    },
  } as const,
})

export const ContactImport = builder.prismaNode('ContactImport', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'contacts:read' },
  description: 'One import of contacts over HTTP (`POST /contacts/import`).',
  fields: (t) => ({
    uuid: t.expose('id', { type: 'UUID', description: 'Its id at `/contacts/imports/{id}`.' }),
    key: t.exposeString('key', { description: 'What the caller calls it; the same key continues it.' }),
    state: t.field({
      type: ContactImportStateEnum,
      description: 'How far it has come.',
      select: { state: true },
      resolve: (run) => run.state,
    }),
    dryRun: t.exposeBoolean('dryRun', { description: 'Whether rows are judged only, and nothing is stored.' }),
    rowsDone: t.exposeInt('rowsDone', { description: 'How many rows were dealt with.' }),
    created: t.exposeInt('created', { description: 'How many contacts were added.' }),
    updated: t.exposeInt('updated', { description: 'How many rows changed a contact that was there.' }),
    failed: t.exposeInt('failed', { description: 'How many rows were refused; the report says why.' }),
    message: t.exposeString('message', { nullable: true, description: 'Why it failed as a whole; null: it did not.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it began.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last came further.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When all rows were dealt with; null: not yet.',
    }),
  }),
})

const IMPORTS_PAGE = connectionTypes(ContactImport, 'ContactImport', 'imports')
const IMPORTS: Order = { name: 'contactImports', column: 'createdAt', direction: 'desc', type: 'instant' }

builder.queryFields((t) => ({
  contactImport: t.prismaField({
    type: 'ContactImport',
    nullable: true,
    description: 'One import; null when your workspace has none with this id. Needs `contacts:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the import.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('ContactImport', id)
      return uuid === null ? null : context.reader.contactImport.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  contactImports: t.connection(
    {
      type: ContactImport,
      description: 'The imports of the workspace, newest first. Needs `contacts:read`.',
      args: {
        key: t.arg.string({ description: 'Only the one with this key.' }),
      },
      resolve: (_root, args, context, info) => {
        const where = args.key == null ? {} : { key: args.key }
        return rootConnection(context.reader.contactImport, 'ContactImport', args, IMPORTS, where, context, info)
      },
    },
    ...IMPORTS_PAGE,
  ),
}))
