import DataLoader from 'dataloader'
import { getSubusers, type SubuserView, scopesOf } from '../../domains/auth/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { builder } from '../builder.ts'
import { connectionTypes, type Order, rootConnection } from '../connection.ts'
import type { Context } from '../context.ts'
import { idOrNull } from '../global-id.ts'
import { ScopeEnum } from './workspace.ts'

export const User = builder.prismaNode('User', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'users:read' },
  description: 'A person who signs in to the workspace with an e-mail address and a password.',
  fields: (t) => ({
    email: t.expose('email', {
      type: 'EmailAddress',
      description: 'As given. No other user of this server has it, whatever the case of its letters.',
    }),
    username: t.exposeString('username', { nullable: true, description: 'A name to be shown; need not be unique.' }),
    firstName: t.exposeString('firstName', { nullable: true, description: 'First name.' }),
    lastName: t.exposeString('lastName', { nullable: true, description: 'Last name.' }),
    company: t.exposeString('company', { nullable: true, description: 'Company.' }),
    phone: t.exposeString('phone', { nullable: true, description: 'Telephone number, as given.' }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the user may do; a browser token has the part of it that browsers may have.',
      select: { allScopes: true, scopes: true },
      resolve: (user) => [...scopesOf(user)],
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the user was added.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When the user was last changed.' }),
    deactivatedAt: t.expose('deactivatedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when the user cannot sign in any more; null: still can.',
    }),
  }),
})

const loaders = new WeakMap<Context, DataLoader<string, SubuserView | undefined>>()

/** What lies in the child workspace, through the one door that leads there; together for all of an operation. */
async function viewOf(context: Context, id: string): Promise<SubuserView> {
  let loader = loaders.get(context)
  if (!loader) {
    const { world, viewer } = context
    loader = new DataLoader(
      async (ids) => {
        const found = await getSubusers(world, viewer, [...new Set(ids)])
        return ids.map((each) => found.get(each))
      },
      // Mutations of one operation follow each other, so nothing is kept.
      { cache: false },
    )
    loaders.set(context, loader)
  }
  const view = await loader.load(id)
  if (!view) throw new NotFoundError('subuser', ['id'])
  return view
}

export const Subuser = builder.prismaNode('Subuser', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'subusers:read' },
  description:
    'A customer of yours with a workspace of its own, whose data is not among yours. You see and change its access.',
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', { description: 'Its number in the legacy APIs.' }),
    email: t.field({
      type: 'EmailAddress',
      description: 'What it signs in with, as given.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).email,
    }),
    username: t.string({
      nullable: true,
      description: 'A name to be shown; need not be unique.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).username,
    }),
    firstName: t.string({
      nullable: true,
      description: 'First name.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).firstName,
    }),
    lastName: t.string({
      nullable: true,
      description: 'Last name.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).lastName,
    }),
    company: t.string({
      nullable: true,
      description: 'Company.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).company,
    }),
    phone: t.string({
      nullable: true,
      description: 'Telephone number, as given.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).phone,
    }),
    authToken: t.string({
      description: 'Its token for the legacy APIs, which opens its workspace there and nothing else, and does not end.',
      resolve: async ({ id }, _args, context) => (await viewOf(context, id)).authToken,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was added.' }),
    updatedAt: t.field({
      type: 'DateTime',
      description: 'When what is known of it was last changed, by you or by itself.',
      resolve: async ({ id }, _args, context) => new Date((await viewOf(context, id)).updatedAt),
    }),
  }),
})

const USERS: Order = { name: 'users', column: 'createdAt', direction: 'desc', type: 'instant' }
const USERS_PAGE = connectionTypes(User, 'User', 'users')
const SUBUSERS: Order = { name: 'subusers', column: 'legacyId', direction: 'asc', type: 'integer' }
const SUBUSERS_PAGE = connectionTypes(Subuser, 'Subuser', 'subusers')

builder.queryFields((t) => ({
  user: t.prismaField({
    type: 'User',
    nullable: true,
    description: 'One user; null when your workspace has none with this id. Needs `users:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the user.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('User', id)
      return uuid === null ? null : context.reader.user.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  users: t.connection(
    {
      type: User,
      description: 'The users of the workspace, newest first. Needs `users:read`.',
      args: {
        includeDeactivated: t.arg.boolean({
          defaultValue: false,
          required: true,
          description: 'Whether users are listed who cannot sign in any more.',
        }),
      },
      resolve: (_root, args, context, info) => {
        const where = args.includeDeactivated ? {} : { deactivatedAt: null }
        return rootConnection(context.reader.user, 'User', args, USERS, where, context, info)
      },
    },
    ...USERS_PAGE,
  ),
  subuser: t.prismaField({
    type: 'Subuser',
    nullable: true,
    description: 'One subuser; null when your workspace has none with this id. Needs `subusers:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the subuser.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Subuser', id)
      return uuid === null
        ? null
        : context.reader.subuser.findFirst({ ...query, where: { id: uuid, deactivatedAt: null } })
    },
  }),
  subusers: t.connection(
    {
      type: Subuser,
      description: 'The subusers of the workspace, by their numbers. Needs `subusers:read`.',
      resolve: (_root, args, context, info) =>
        rootConnection(context.reader.subuser, 'Subuser', args, SUBUSERS, { deactivatedAt: null }, context, info),
    },
    ...SUBUSERS_PAGE,
  ),
}))
