import { expect, it } from 'vitest'
import { testApp } from '../kit/app.ts'

const app = await testApp({
  QUIET_HOURS: '21:00-08:00',
  ALLOWED_COUNTRIES: 'FI,SE',
  CONTACT_CAP: '3/7',
  SPEND_CAP_CENTS: '5000',
  WORKSPACE_LINES: '20',
})
const POLICY = 'quietHours { from to } countries contactCap { contacts days } monthlySpendCapCents lines'
const LIMITS = `{ outreachLimits { own { ${POLICY} } server { ${POLICY} } spentCents
  effective { quietHours { from to } countries contactCaps { contacts days } monthlySpendCapCents lines } } }`
const UPDATE = `mutation ($input: UpdateOutreachPolicyInput!) { updateOutreachPolicy(input: $input) {
  __typename ... on UpdateOutreachPolicyPayload { own { ${POLICY} } effective { lines quietHours { from to } } } ... on Error { code path } } }`
const update = async (input: object) => (await app.graphql(UPDATE, { input })).data!.updateOutreachPolicy

const NONE = { quietHours: null, countries: null, contactCap: null, monthlySpendCapCents: null, lines: null }
const SERVER = {
  quietHours: { from: '21:00', to: '08:00' },
  countries: ['FI', 'SE'],
  contactCap: { contacts: 3, days: 7 },
  monthlySpendCapCents: 5_000,
  lines: 20,
}

it('a workspace sees the limits of its server and can make them stricter', async () => {
  const before = await app.graphql(LIMITS)
  expect(before.data!.outreachLimits).toMatchObject({ own: NONE, server: SERVER, spentCents: 0 })

  const own = {
    quietHours: { from: '18:00', to: '10:00' },
    countries: ['SE', 'US'],
    contactCap: { contacts: 5, days: 30 },
    monthlySpendCapCents: 0.5,
    lines: 40,
  }
  expect(await update(own)).toEqual({
    ...{ __typename: 'UpdateOutreachPolicyPayload', own },
    effective: { lines: 20, quietHours: [SERVER.quietHours, own.quietHours] },
  })
  expect((await app.graphql(LIMITS)).data!.outreachLimits).toEqual({
    own,
    server: SERVER,
    effective: {
      quietHours: [SERVER.quietHours, own.quietHours],
      countries: ['SE'],
      contactCaps: [SERVER.contactCap, own.contactCap],
      monthlySpendCapCents: 0.5,
      lines: 20,
    },
    spentCents: 0,
  })

  // What is not named stays, and null takes away.
  expect((await update({ countries: null, lines: 1 })).own).toEqual({ ...own, countries: null, lines: 1 })
  expect((await update({ quietHours: null, contactCap: null, monthlySpendCapCents: null, lines: null })).own).toEqual(
    NONE,
  )
})

it('another workspace has limits of its own', async () => {
  const { key } = await app.otherWorkspace('elsewhere')
  await update({ lines: 2 })
  expect((await app.graphql(LIMITS, {}, key)).data!.outreachLimits.own).toEqual(NONE)
})

it('what breaks a rule is told at its field', async () => {
  expect(await update({ contactCap: { contacts: 0, days: 1 } })).toEqual({
    __typename: 'ValidationError',
    code: 'VALIDATION_FAILED',
    path: ['contactCap', 'contacts'],
  })
})

it('reading needs its scope', async () => {
  const { data } = await app.graphql(
    'mutation { createApiKey(input: { name: "narrow", scopes: [CAMPAIGNS_WRITE] }) { ... on CreateApiKeyPayload { key } } }',
  )
  const { key } = data!.createApiKey
  expect((await app.graphql(LIMITS, {}, key)).errors![0]!.extensions).toMatchObject({ code: 'INSUFFICIENT_SCOPE' })
  const { data: written } = await app.graphql(UPDATE, { input: { lines: 3 } }, key)
  expect(written!.updateOutreachPolicy.own.lines).toBe(3)
})
