import {
  changePassword,
  createSubuser,
  createSubuserApiKey,
  createUser,
  deactivateSubuser,
  deactivateUser,
  rotateSubuserToken,
  rotateUserToken,
  type Scope,
  type SubuserKey,
  signIn,
  updateSubuser,
  updateUser,
} from '../../domains/auth/index.ts'
import { builder } from '../builder.ts'
import { asData } from '../errors.ts'
import { encodeGlobalId, idOf } from '../global-id.ts'
import { COMMON_ERRORS, ERRORS, given, IDEMPOTENCY_KEY } from './mutation-kit.ts'
import { ScopeEnum } from './workspace.ts'

const { NotFoundError, ConflictError, LimitReachedError, WrongPasswordError, RateLimitedError } = ERRORS

const PASSWORD = '8 to 200 characters, and not one that is guessed first.'
const EMAIL = 'What to sign in with; unique on this server, whatever the case of its letters.'
const PROFILE = {
  username: 'A name to be shown, up to 200 characters; need not be unique.',
  firstName: 'First name, up to 200 characters.',
  lastName: 'Last name, up to 200 characters.',
  company: 'Company, up to 200 characters.',
  phone: 'Telephone number, up to 50 characters, kept as given.',
}
const TAKEN_AWAY = 'Absent: it stays. Null takes it away.'

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'The e-mail address of a user.' }),
    password: t.string({ required: true, description: "The user's password." }),
    expiresIn: t.int({ description: 'For how many seconds, 60 to 3600; 900 when absent.' }),
  }),
})

const SignInPayload = builder
  .objectRef<{ token: string; expiresAt: Date; scopes: Scope[] }>('SignInPayload')
  .implement({
    description: 'The user has signed in.',
    extensions: { payload: true },
    fields: (t) => ({
      token: t.exposeString('token', { description: 'Presented like a key: `Authorization: Bearer …`.' }),
      expiresAt: t.expose('expiresAt', {
        type: 'DateTime',
        description: 'When it ends; earlier when the user is deactivated or gets another password or token.',
      }),
      scopes: t.field({ type: [ScopeEnum], description: 'What it may do.', resolve: (token) => token.scopes }),
    }),
  })

const CreateUserInput = builder.inputType('CreateUserInput', {
  description: 'A user to add to your workspace.',
  fields: (t) => ({
    email: t.field({ type: 'EmailAddress', required: true, description: EMAIL }),
    password: t.string({ required: true, description: PASSWORD }),
    username: t.string({ description: PROFILE.username }),
    firstName: t.string({ description: PROFILE.firstName }),
    lastName: t.string({ description: PROFILE.lastName }),
    company: t.string({ description: PROFILE.company }),
    phone: t.string({ description: PROFILE.phone }),
    scopes: t.field({
      type: [ScopeEnum],
      description:
        'What the user may do, a subset of your scopes; when absent all of them, and what later releases add if you have all.',
    }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  description: 'What to change of a user.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the user.' }),
    email: t.field({ type: 'EmailAddress', description: `${EMAIL} Absent: it stays.` }),
    username: t.string({ description: `${PROFILE.username} ${TAKEN_AWAY}` }),
    firstName: t.string({ description: `${PROFILE.firstName} ${TAKEN_AWAY}` }),
    lastName: t.string({ description: `${PROFILE.lastName} ${TAKEN_AWAY}` }),
    company: t.string({ description: `${PROFILE.company} ${TAKEN_AWAY}` }),
    phone: t.string({ description: `${PROFILE.phone} ${TAKEN_AWAY}` }),
    scopes: t.field({
      type: [ScopeEnum],
      description: 'What the user may do from the next request on, a subset of your scopes. Absent: they stay.',
    }),
  }),
})

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'Whose password becomes what.',
  fields: (t) => ({
    id: t.id({ description: 'Global id of the user; yourself when absent.' }),
    oldPassword: t.string({ description: 'The password until now; not needed with `users:write`.' }),
    newPassword: t.string({ required: true, description: PASSWORD }),
  }),
})

const DeactivateUserInput = builder.inputType('DeactivateUserInput', {
  description: 'Whose access ends.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the user.' }) }),
})

const RotateUserTokenInput = builder.inputType('RotateUserTokenInput', {
  description: 'Whose token is replaced.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the user.' }) }),
})

const CreateSubuserInput = builder.inputType('CreateSubuserInput', {
  description: 'A subuser to add: a customer of yours with a workspace of its own.',
  fields: (t) => ({
    username: t.string({ required: true, description: PROFILE.username }),
    email: t.field({ type: 'EmailAddress', required: true, description: EMAIL }),
    password: t.string({ required: true, description: PASSWORD }),
    firstName: t.string({ description: PROFILE.firstName }),
    lastName: t.string({ description: PROFILE.lastName }),
    company: t.string({ description: PROFILE.company }),
    phone: t.string({ description: PROFILE.phone }),
    idempotencyKey: t.string({ description: IDEMPOTENCY_KEY }),
  }),
})

const UpdateSubuserInput = builder.inputType('UpdateSubuserInput', {
  description: 'What to change of a subuser.',
  fields: (t) => ({
    id: t.id({ required: true, description: 'Global id of the subuser.' }),
    username: t.string({ description: `${PROFILE.username} Absent: it stays.` }),
    email: t.field({ type: 'EmailAddress', description: `${EMAIL} Absent: it stays.` }),
    password: t.string({
      description: `${PASSWORD} Absent: it stays. Another one replaces its token and ends what it has entered with.`,
    }),
    firstName: t.string({ description: `${PROFILE.firstName} ${TAKEN_AWAY}` }),
    lastName: t.string({ description: `${PROFILE.lastName} ${TAKEN_AWAY}` }),
    company: t.string({ description: `${PROFILE.company} ${TAKEN_AWAY}` }),
    phone: t.string({ description: `${PROFILE.phone} ${TAKEN_AWAY}` }),
  }),
})

const DeactivateSubuserInput = builder.inputType('DeactivateSubuserInput', {
  description: 'Which subuser to delete.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the subuser.' }) }),
})

const RotateSubuserTokenInput = builder.inputType('RotateSubuserTokenInput', {
  description: 'Whose token is replaced.',
  fields: (t) => ({ id: t.id({ required: true, description: 'Global id of the subuser.' }) }),
})

const CreateSubuserApiKeyInput = builder.inputType('CreateSubuserApiKeyInput', {
  description: 'A key to make of the workspace of a subuser.',
  fields: (t) => ({
    subuserId: t.id({ required: true, description: 'Global id of the subuser.' }),
    name: t.string({ required: true, description: 'What it is for, 1 to 200 characters.' }),
    scopes: t.field({ type: [ScopeEnum], description: 'What it may do there; what your own key may do when absent.' }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it ends by itself, not after your own key; with your own key, or never, when absent.',
    }),
  }),
})

function userPayload(name: string, description: string) {
  return builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      user: t.prismaField({
        type: 'User',
        description: 'The user.',
        resolve: (query, { id }, _args, context) => context.reader.user.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })
}

function subuserPayload(name: string, description: string) {
  return builder.objectRef<{ id: string }>(name).implement({
    description,
    extensions: { payload: true },
    fields: (t) => ({
      subuser: t.prismaField({
        type: 'Subuser',
        description: 'The subuser.',
        resolve: (query, { id }, _args, context) =>
          context.reader.subuser.findUniqueOrThrow({ ...query, where: { id } }),
      }),
    }),
  })
}

const CreateUserPayload = userPayload('CreateUserPayload', 'The user can sign in.')
const UpdateUserPayload = userPayload('UpdateUserPayload', 'The user is as given.')
const ChangePasswordPayload = userPayload(
  'ChangePasswordPayload',
  'The password is another one; what was entered with the old one has ended, also the token of this request if it was.',
)
const DeactivateUserPayload = userPayload('DeactivateUserPayload', 'The user can sign in no more.')
const RotateUserTokenPayload = userPayload('RotateUserTokenPayload', 'The next login tells another token.')
const CreateSubuserPayload = subuserPayload('CreateSubuserPayload', 'The subuser can sign in to its workspace.')
const UpdateSubuserPayload = subuserPayload('UpdateSubuserPayload', 'The subuser is as given.')
const RotateSubuserTokenPayload = subuserPayload('RotateSubuserTokenPayload', 'The subuser has another token.')

const DeactivateSubuserPayload = builder.objectRef<{ id: string }>('DeactivateSubuserPayload').implement({
  description: 'The subuser is gone: nobody can enter its workspace any more. Its data stays until it is erased.',
  extensions: { payload: true },
  fields: (t) => ({
    deactivatedSubuserId: t.id({
      description: 'Global id of the subuser.',
      resolve: ({ id }) => encodeGlobalId('Subuser', id),
    }),
  }),
})

const CreateSubuserApiKeyPayload = builder.objectRef<SubuserKey>('CreateSubuserApiKeyPayload').implement({
  description: 'The key was made. It is not among your own keys, so this is all that you hear of it.',
  extensions: { payload: true },
  fields: (t) => ({
    key: t.exposeString('key', { description: 'The key itself. It is shown here and never again.' }),
    apiKeyId: t.id({
      description: 'Global id of the key, for those who are in its workspace.',
      resolve: ({ id }) => encodeGlobalId('ApiKey', id),
    }),
    name: t.exposeString('name', { description: 'What it is for.' }),
    scopes: t.field({ type: [ScopeEnum], description: 'What it may do there.', resolve: ({ scopes }) => scopes }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: never.',
    }),
    subuser: t.prismaField({
      type: 'Subuser',
      description: 'Whose workspace it is of.',
      resolve: (query, { subuserId: id }, _args, context) =>
        context.reader.subuser.findUniqueOrThrow({ ...query, where: { id } }),
    }),
  }),
})

builder.mutationFields((t) => ({
  signIn: t.field({
    type: SignInPayload,
    description:
      'Gives a user a short-lived browser token for e-mail address and password. Needs no credential. Failures are counted, per address and per user, and too many are refused for a while.',
    errors: { types: [...COMMON_ERRORS, WrongPasswordError, RateLimitedError] },
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who.' }) },
    resolve: (_root, args, { world, limiter, browserTokens: tokens, address }) =>
      asData(() => signIn({ world, limiter, tokens }, { ...given(args.input), address })),
  }),
  createUser: t.field({
    type: CreateUserPayload,
    description: 'Adds a user to your workspace. Needs `users:write`, and a key that does not end.',
    errors: { types: [...COMMON_ERRORS, ConflictError] },
    args: { input: t.arg({ type: CreateUserInput, required: true, description: 'The user.' }) },
    resolve: (_root, args, { world, viewer }) => asData(() => createUser(world, viewer, given(args.input))),
  }),
  updateUser: t.field({
    type: UpdateUserPayload,
    description: 'Changes a user of your workspace. Needs `users:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateUserInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, email, scopes, ...profile } = args.input
        const id = idOf('User', globalId, ['id'])
        await updateUser(world, viewer, id, { ...profile, email: email ?? undefined, scopes: scopes ?? undefined })
        return { id }
      }),
  }),
  changePassword: t.field({
    type: ChangePasswordPayload,
    description:
      'Gives a user another password and ends what was entered with the old one, the token of the legacy APIs included. A user changes the own one by the old one; `users:write` with all that the user may do, and a key that does not end, changes any.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, WrongPasswordError, RateLimitedError] },
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: 'Whose, and what.' }) },
    resolve: (_root, args, { world, limiter, viewer, address }) =>
      asData(() => {
        const { id, oldPassword, newPassword } = args.input
        const userId = id == null ? undefined : idOf('User', id, ['id'])
        return changePassword({ world, limiter }, viewer, { userId, oldPassword, newPassword, address })
      }),
  }),
  deactivateUser: t.field({
    type: DeactivateUserPayload,
    description:
      'Ends the access of a user at once, with the open sockets. The e-mail address is free again. Needs `users:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeactivateUserInput, required: true, description: 'The user.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('User', args.input.id, ['id'])
        await deactivateUser(world, viewer, id)
        return { id }
      }),
  }),
  rotateUserToken: t.field({
    type: RotateUserTokenPayload,
    description:
      'Replaces the token of a user for the legacy APIs and ends what the user has entered with. Needs `users:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: RotateUserTokenInput, required: true, description: 'The user.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('User', args.input.id, ['id'])
        await rotateUserToken(world, viewer, id)
        return { id }
      }),
  }),
  createSubuser: t.field({
    type: CreateSubuserPayload,
    description:
      'Adds a subuser with a workspace of its own, in which it may do what you may. Needs `subusers:write`, and a key that does not end.',
    errors: { types: [...COMMON_ERRORS, ConflictError, LimitReachedError] },
    args: { input: t.arg({ type: CreateSubuserInput, required: true, description: 'The subuser.' }) },
    resolve: (_root, args, { world, viewer }) => asData(() => createSubuser(world, viewer, given(args.input))),
  }),
  updateSubuser: t.field({
    type: UpdateSubuserPayload,
    description: 'Changes a subuser. Needs `subusers:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError, ConflictError] },
    args: { input: t.arg({ type: UpdateSubuserInput, required: true, description: 'The changes.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const { id: globalId, username, email, password, ...profile } = args.input
        const id = idOf('Subuser', globalId, ['id'])
        await updateSubuser(world, viewer, id, { ...profile, ...given({ username, email, password }) })
        return { id }
      }),
  }),
  deactivateSubuser: t.field({
    type: DeactivateSubuserPayload,
    description:
      'Deletes a subuser: its keys, tokens and passwords end at once, with their open sockets, and its public pages are gone. Its data stays until it is erased. Needs `subusers:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: DeactivateSubuserInput, required: true, description: 'The subuser.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Subuser', args.input.id, ['id'])
        await deactivateSubuser(world, viewer, id)
        return { id }
      }),
  }),
  rotateSubuserToken: t.field({
    type: RotateSubuserTokenPayload,
    description:
      'Replaces the token of a subuser for the legacy APIs and ends what it has entered with. Needs `subusers:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: RotateSubuserTokenInput, required: true, description: 'The subuser.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(async () => {
        const id = idOf('Subuser', args.input.id, ['id'])
        await rotateSubuserToken(world, viewer, id)
        return { id }
      }),
  }),
  createSubuserApiKey: t.field({
    type: CreateSubuserApiKeyPayload,
    description: 'Makes an API key of the workspace of a subuser. Needs `subusers:write`.',
    errors: { types: [...COMMON_ERRORS, NotFoundError] },
    args: { input: t.arg({ type: CreateSubuserApiKeyInput, required: true, description: 'The key.' }) },
    resolve: (_root, args, { world, viewer }) =>
      asData(() => {
        const { subuserId, ...key } = args.input
        return createSubuserApiKey(world, viewer, {
          ...given(key),
          subuserId: idOf('Subuser', subuserId, ['subuserId']),
        })
      }),
  }),
}))
