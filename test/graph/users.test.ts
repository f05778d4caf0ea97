import { beforeAll, describe, expect, it } from 'vitest'
import { FakeClock } from '../../src/platform/clock.ts'
import { testApp } from '../kit/app.ts'
import { connect } from '../live/clients.ts'
import { PASSWORD, type Population, populate } from './population.ts'

const clock = new FakeClock('2026-11-22T10:00:00Z')
const app = await testApp({}, clock)

const SIGN_IN = `mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) {
  __typename
  ... on SignInPayload { token expiresAt scopes }
  ... on Error { code message path retryable }
  ... on RateLimitedError { retryAfter }
} }`
const ME = '{ viewer { credential expiresAt scopes user { id email username } workspace { slug isSubuser } } }'

async function signIn(email: string, password = PASSWORD, key: string | null = null) {
  const { data, errors } = await app.graphql(SIGN_IN, { email, password }, key)
  expect(errors).toBeUndefined()
  return data!.signIn
}

async function done(query: string, variables: object = {}, key = app.key) {
  const { data, errors } = await app.graphql(query, variables as Record<string, unknown>, key)
  expect(errors).toBeUndefined()
  return data!
}

let parent: Population
beforeAll(async () => {
  parent = await populate(app, { ...(await app.otherWorkspace('parent')), slug: 'parent' })
})

describe('signing in', () => {
  it('needs no credential, and gives a token that is the user', async () => {
    const signed = await signIn('user@parent.example')
    expect(signed).toMatchObject({ __typename: 'SignInPayload', expiresAt: '2026-11-22T10:15:00.000Z' })
    expect(signed.scopes).toContain('LINKS_WRITE')
    expect(signed.scopes.filter((scope: string) => /TOKENS|SUBUSERS|(USERS|WEBHOOKS)_WRITE/.test(scope))).toEqual([])
    expect(await done(ME, {}, signed.token)).toEqual({
      viewer: {
        credential: 'BROWSER_TOKEN',
        expiresAt: signed.expiresAt,
        scopes: signed.scopes,
        user: { id: parent.ids.User, email: 'user@parent.example', username: 'User of parent' },
        workspace: { slug: 'parent', isSubuser: false },
      },
    })
    expect(await done('{ viewer { user { id } } }')).toEqual({ viewer: { user: null } })
  })

  it('shows users to themselves, whatever they may read', async () => {
    await done(
      `mutation { createUser(input: { email: "poor@parent.example", password: "${PASSWORD}", scopes: [LINKS_READ] }) { __typename } }`,
      {},
      parent.key,
    )
    const { token } = await signIn('poor@parent.example')
    expect((await done(ME, {}, token)).viewer.user).toMatchObject({ email: 'poor@parent.example' })
    const { errors } = await app.graphql('{ users(first: 1) { totalCount } }', {}, token)
    expect(errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'users:read' })
  })

  it('is no answer to what else needs a credential', async () => {
    const { errors, status } = await app.graphql('{ users(first: 1) { totalCount } }', {}, null)
    expect([status, errors![0]!.extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
  })

  it('changes the own password by the old one, which ends the token and the open sockets of it', async () => {
    const { token } = await signIn('user@parent.example')
    const [mine, others] = [await connect(app.localUrl, token), await connect(app.localUrl, parent.key)]
    const change = (oldPassword: string) =>
      app.graphql(
        `mutation ($old: String!) { changePassword(input: { oldPassword: $old, newPassword: "a new horse battery" }) {
          __typename ... on ChangePasswordPayload { user { id } } ... on Error { code path }
        } }`,
        { old: oldPassword },
        token,
      )
    expect((await change('wrong')).data!.changePassword).toEqual({
      __typename: 'WrongPasswordError',
      code: 'WRONG_PASSWORD',
      path: ['oldPassword'],
    })
    expect(mine.closed()).toBeUndefined()
    expect((await change(PASSWORD)).data!.changePassword).toEqual({
      __typename: 'ChangePasswordPayload',
      user: { id: parent.ids.User },
    })
    expect(await mine.whenClosed()).toEqual({ code: 4401, reason: 'The credential has ended.' })
    expect((await app.graphql(ME, {}, token)).status).toBe(401)
    expect(others.closed()).toBeUndefined()
    others.ws.close()
    expect(await signIn('user@parent.example')).toMatchObject({ code: 'WRONG_PASSWORD', retryable: false })
    expect((await signIn('user@parent.example', 'a new horse battery')).__typename).toBe('SignInPayload')
  })

  it('is refused after too many failures, in a type of its own', async () => {
    const throttled = await testApp()
    const attempt = async () =>
      (await throttled.graphql(SIGN_IN, { email: 'x@example.com', password: 'wrong' }, null)).data!.signIn
    for (let n = 0; n < 20; n++) expect((await attempt()).code).toBe('WRONG_PASSWORD')
    const refused = await attempt()
    expect(refused).toMatchObject({ __typename: 'RateLimitedError', code: 'RATE_LIMITED', retryable: true })
    expect(refused.retryAfter).toBeGreaterThan(0)
    expect(refused.retryAfter).toBeLessThanOrEqual(900)
  })
})

describe('a subuser', () => {
  const SUBUSER = '{ id legacyId email username firstName authToken createdAt updatedAt }'

  it('and its parent see nothing of each other but its access', async () => {
    const { subusers } = await done(`{ subusers(first: 10) { totalCount nodes ${SUBUSER} } }`, {}, parent.key)
    expect(subusers).toEqual({
      totalCount: 1,
      nodes: [
        {
          ...{ id: parent.ids.Subuser, legacyId: parent.numbers.subuser, email: 'sub@parent.example' },
          ...{ username: 'Subuser of parent', firstName: null, authToken: expect.stringMatching(/^lt_[0-9a-f]{40}$/) },
          ...{ createdAt: '2026-11-22T10:00:00.000Z', updatedAt: '2026-11-22T10:00:00.000Z' },
        },
      ],
    })
    const { createSubuserApiKey } = await done(
      `mutation ($id: ID!) { createSubuserApiKey(input: { subuserId: $id, name: "Key of the child" }) {
        ... on CreateSubuserApiKeyPayload { key apiKeyId name scopes expiresAt subuser { id email } }
      } }`,
      { id: parent.ids.Subuser },
      parent.key,
    )
    expect(createSubuserApiKey).toMatchObject({
      ...{ name: 'Key of the child', scopes: expect.arrayContaining(['LINKS_READ']), expiresAt: null },
      subuser: { id: parent.ids.Subuser, email: 'sub@parent.example' },
    })
    const { viewer } = await done('{ viewer { workspace { id slug isSubuser } } }', {}, createSubuserApiKey.key)
    expect(viewer.workspace.isSubuser).toBe(true)
    const child = await populate(app, {
      workspaceId: Buffer.from(viewer.workspace.id, 'base64url').toString().split(':')[1]!,
      slug: viewer.workspace.slug,
      key: createSubuserApiKey.key,
      subusers: false,
    })

    for (const [key, theirs] of [
      [parent.key, { ...child.ids, ApiKey: createSubuserApiKey.apiKeyId }],
      [createSubuserApiKey.key, parent.ids],
    ] as const) {
      const ids = Object.values(theirs).filter((id) => id !== '')
      expect(ids.length).toBeGreaterThan(10)
      const { nodes } = await done('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }, key)
      expect(nodes).toEqual(ids.map(() => null))
    }
    const lists = `{
      links(first: 50) { nodes { id name } } contacts(first: 50) { nodes { id name } } responses(first: 50) { nodes { id } }
      apiKeys(first: 50) { nodes { id name } } users(first: 50) { nodes { id email } } webhooks(first: 50) { nodes { id } }
      events(first: 100) { ... on EventPage { events { id payload } } }
    }`
    const [mine, its] = [await done(lists, {}, parent.key), await done(lists, {}, createSubuserApiKey.key)]
    const idsIn = (value: unknown) => new Set(JSON.stringify(value).match(/"id":"[^"]+"/g))
    expect(idsIn(mine).size).toBeGreaterThan(15)
    expect(idsIn(its).size).toBeGreaterThan(15)
    expect([...idsIn(mine)].filter((id) => idsIn(its).has(id))).toEqual([])
    expect(its.users.nodes).toContainEqual({ id: expect.any(String), email: 'sub@parent.example' })
    expect(JSON.stringify(mine.users)).not.toContain('sub@parent.example')
  })

  it('has no subusers, and cannot reach itself as one', async () => {
    const { token } = await signIn('sub@parent.example')
    expect((await done(ME, {}, token)).viewer.workspace.isSubuser).toBe(true)
    const { createSubuserApiKey } = await done(
      `mutation ($id: ID!) { createSubuserApiKey(input: { subuserId: $id, name: "x" }) {
        ... on CreateSubuserApiKeyPayload { key }
      } }`,
      { id: parent.ids.Subuser },
      parent.key,
    )
    const { createSubuser, updateSubuser, ...read } = await done(
      `mutation ($id: ID!) {
        createSubuser(input: { username: "x", email: "grandchild@parent.example", password: "${PASSWORD}" }) {
          __typename ... on Error { code }
        }
        updateSubuser(input: { id: $id, username: "x" }) { __typename ... on Error { code } }
      }`,
      { id: parent.ids.Subuser },
      createSubuserApiKey.key,
    )
    expect(createSubuser).toEqual({ __typename: 'LimitReachedError', code: 'SUBUSER_DEPTH_REACHED' })
    expect(updateSubuser).toEqual({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
    expect(read).toEqual({})
    expect(await done('{ subusers(first: 9) { totalCount } }', {}, createSubuserApiKey.key)).toEqual({
      subusers: { totalCount: 0 },
    })
  })

  it('has a token that opens neither GraphQL nor Sayify', async () => {
    const { subuser } = await done(
      `query ($id: ID!) { subuser(id: $id) ${SUBUSER} }`,
      { id: parent.ids.Subuser },
      parent.key,
    )
    expect((await app.graphql(ME, {}, subuser.authToken)).status).toBe(401)
    const sayify = (token: string) =>
      fetch(new URL('/sayify/api/v1/links/', app.localUrl), { headers: { authorization: `Bearer ${token}` } })
    expect((await sayify(subuser.authToken)).status).toBe(401)
    expect((await sayify(parent.key)).status).toBe(200)
    await expect(connect(app.localUrl, subuser.authToken)).rejects.toThrow('closed with 4401')
  })

  it('is shown to who changes it, though nothing else is read', async () => {
    const { createApiKey } = await done(
      `mutation { createApiKey(input: { name: "w", scopes: [SUBUSERS_WRITE] }) { ... on CreateApiKeyPayload { key } } }`,
      {},
      parent.key,
    )
    const { one, two } = await done(
      `mutation ($id: ID!) {
        one: updateSubuser(input: { id: $id, username: "One" }) { ... on UpdateSubuserPayload { subuser ${SUBUSER} } }
        two: updateSubuser(input: { id: $id, username: "Two" }) { ... on UpdateSubuserPayload { subuser ${SUBUSER} } }
      }`,
      { id: parent.ids.Subuser },
      createApiKey.key,
    )
    expect([one.subuser.username, two.subuser.username]).toEqual(['One', 'Two'])
    const { errors } = await app.graphql('{ subusers(first: 1) { totalCount } }', {}, createApiKey.key)
    expect(errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE', scope: 'subusers:read' })
  })

  it('is found by its number, and gone with its sockets, pages and keys when it is deleted', async () => {
    const byNumber = `{ nodeByLegacyId(system: MULTISENDER, type: SUBUSER, id: "${parent.numbers.subuser}") { id } }`
    expect((await done(byNumber, {}, parent.key)).nodeByLegacyId).toEqual({ id: parent.ids.Subuser })
    const { token } = await signIn('sub@parent.example')
    const { createSubuserApiKey } = await done(
      `mutation ($id: ID!) { createSubuserApiKey(input: { subuserId: $id, name: "y" }) {
        ... on CreateSubuserApiKeyPayload { key }
      } }`,
      { id: parent.ids.Subuser },
      parent.key,
    )
    const { createLink } = await done(
      'mutation { createLink(input: { name: "Theirs" }) { ... on CreateLinkPayload { link { publicUrl } } } }',
      {},
      createSubuserApiKey.key,
    )
    const address = new URL(createLink.link.publicUrl)
    const page = () => fetch(new URL(address.pathname, app.localUrl))
    expect((await page()).status).toBe(200)
    const sockets = [await connect(app.localUrl, token), await connect(app.localUrl, createSubuserApiKey.key)]
    const mine = await connect(app.localUrl, parent.key)

    const deactivate =
      'mutation ($id: ID!) { deactivateSubuser(input: { id: $id }) { ... on DeactivateSubuserPayload { deactivatedSubuserId } ... on Error { code } } }'
    const gone = await done(deactivate, { id: parent.ids.Subuser }, parent.key)
    expect(gone.deactivateSubuser).toEqual({ deactivatedSubuserId: parent.ids.Subuser })

    for (const socket of sockets) expect((await socket.whenClosed()).code).toBe(4401)
    expect(mine.closed()).toBeUndefined()
    mine.ws.close()
    for (const credential of [token, createSubuserApiKey.key]) {
      expect((await app.graphql(ME, {}, credential)).status).toBe(401)
    }
    expect((await page()).status).toBe(404)
    expect((await done(deactivate, { id: parent.ids.Subuser }, parent.key)).deactivateSubuser).toEqual({
      code: 'NOT_FOUND',
    })
    expect((await done(byNumber, {}, parent.key)).nodeByLegacyId).toBeNull()
    const after = await done(
      `query ($id: ID!) {
        node(id: $id) { id } subuser(id: $id) { id } subusers(first: 9) { totalCount }
        events(first: 100, types: [SUBUSER_CREATED, SUBUSER_DEACTIVATED]) {
          ... on EventPage { events { type subuser { id email } } }
        }
      }`,
      { id: parent.ids.Subuser },
      parent.key,
    )
    expect(after).toEqual({
      node: null,
      subuser: null,
      subusers: { totalCount: 0 },
      events: {
        events: [
          { type: 'SUBUSER_CREATED', subuser: null },
          { type: 'SUBUSER_DEACTIVATED', subuser: null },
        ],
      },
    })
  })
})

describe('users', () => {
  it('are listed until they are deactivated, and found by their ids after it', async () => {
    const make = async (name: string) =>
      (
        await done(
          `mutation { createUser(input: { email: "${name}@list.example", password: "${PASSWORD}" }) {
            ... on CreateUserPayload { user { id scopes } }
          } }`,
        )
      ).createUser.user
    const [ann, bob] = [await make('ann'), await make('bob')]
    expect(ann.scopes).toContain('USERS_WRITE')
    const { token } = await signIn('ann@list.example')
    const socket = await connect(app.localUrl, token)
    const { deactivateUser } = await done(
      'mutation ($id: ID!) { deactivateUser(input: { id: $id }) { ... on DeactivateUserPayload { user { deactivatedAt } } } }',
      { id: ann.id },
    )
    expect(deactivateUser.user.deactivatedAt).toBe('2026-11-22T10:00:00.000Z')
    expect((await socket.whenClosed()).code).toBe(4401)
    const { users, all, node, user } = await done(
      `query ($id: ID!) {
        users(first: 9) { nodes { id } } all: users(first: 9, includeDeactivated: true) { nodes { id } }
        node(id: $id) { id } user(id: $id) { deactivatedAt }
      }`,
      { id: ann.id },
    )
    expect(users.nodes).toEqual([{ id: bob.id }])
    expect(all.nodes).toEqual([{ id: bob.id }, { id: ann.id }])
    expect([node, user]).toEqual([{ id: ann.id }, { deactivatedAt: '2026-11-22T10:00:00.000Z' }])
  })
})
