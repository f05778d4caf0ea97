import { beforeAll, expect, test } from 'vitest'
import { brokenRules, codeOf, eventsAfter, headOf, type TestWorld, testWorld } from '../../../test/kit/world.ts'
import type { Scope, Viewer } from '../auth/index.ts'
import {
  addMessage,
  createMessageWriter,
  getMessageSettings,
  type MessageInput,
  updateMessageSettings,
} from './index.ts'

let kit: TestWorld
beforeAll(async () => {
  kit = await testWorld()
})

const update = (input: object, viewer = kit.viewer) => updateMessageSettings(kit.world, viewer, input)
const withScopes = (...scopes: Scope[]): Viewer => ({ ...kit.viewer, scopes: new Set(scopes) })
const UNSET = { retentionDays: null, contentPolicy: 'keep', tenants: [], ownTraffic: true }

test('settings are changed one by one, each change is an event, no change is none', async () => {
  expect(await getMessageSettings(kit.world, kit.viewer)).toEqual(UNSET)
  const before = await headOf(kit.world, kit.workspaceId)
  expect(await update({ retentionDays: 90 })).toEqual({ ...UNSET, retentionDays: 90 })
  expect(await update({ tenants: [' teddies ', 'bears', 'teddies'], contentPolicy: 'drop' })).toEqual({
    retentionDays: 90,
    contentPolicy: 'drop',
    tenants: ['bears', 'teddies'],
    ownTraffic: true,
  })
  const changed = await update({ retentionDays: null, ownTraffic: false })
  expect(changed).toEqual({ ...UNSET, contentPolicy: 'drop', tenants: ['bears', 'teddies'], ownTraffic: false })
  expect(await update({ tenants: ['teddies', 'bears'] })).toEqual(changed)
  expect(await update({})).toEqual(changed)
  expect(await getMessageSettings(kit.world, kit.viewer)).toEqual(changed)
  expect(await getMessageSettings(kit.world, kit.otherViewer)).toEqual(UNSET)
  expect((await eventsAfter(kit.world, kit.workspaceId, before)).map(([, type]) => type)).toEqual(
    Array(3).fill('workspace.messageSettingsChanged'),
  )
})

test('a client may act for the tenants that are named, for any where none is', async () => {
  const message: MessageInput = {
    ...{ direction: 'in', channel: 'SMS', provider: 'TWILIO' },
    ...{ tenantChannelIdentifier: '+31201234567', customerChannelIdentifier: '+31687654321' },
  }
  const deps = { world: kit.world, writer: createMessageWriter(kit.world) }
  const tell = (tenant?: string, viewer = kit.viewer) => addMessage(deps, viewer, { ...message, tenant })
  await update({ tenants: ['teddies'] })
  await tell('teddies')
  await tell()
  expect(await codeOf(tell('Teddies'))).toBe('TENANT_UNKNOWN')
  await tell('bears', kit.otherViewer)
  await update({ tenants: [] })
  await tell('bears')
})

test('values keep to their rules', async () => {
  expect(await brokenRules(update({ retentionDays: 0 }))).toEqual(['retentionDays too_small'])
  expect(await brokenRules(update({ retentionDays: 36_501 }))).toEqual(['retentionDays too_large'])
  expect(await brokenRules(update({ retentionDays: 1.5, contentPolicy: 'forget' }))).toEqual([
    'retentionDays type',
    'contentPolicy unknown_option',
  ])
  expect(await brokenRules(update({ tenants: ['', 'x'.repeat(101), 'a\0'] }))).toEqual([
    'tenants.0 too_short',
    'tenants.1 too_long',
    'tenants.2 unstorable_character',
  ])
})

test('need scopes', async () => {
  expect(await codeOf(update({}, withScopes('messages:read')))).toBe('INSUFFICIENT_SCOPE')
  expect(await codeOf(getMessageSettings(kit.world, withScopes('tokens:read')))).toBe('INSUFFICIENT_SCOPE')
  for (const scope of ['messages:read', 'messages:write'] as const) {
    expect((await getMessageSettings(kit.world, withScopes(scope))).ownTraffic).toBe(false)
  }
})
