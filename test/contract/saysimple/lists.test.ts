import { expect, it } from 'vitest'
import { addHistory } from './history.ts'
import { BASE, LIST_PATHS, MESSAGES, saysimpleServer } from './kit.ts'
import { AGENTS, compact, TEAMS } from './literals.ts'

const server = await saysimpleServer()
const { acme, other, answers, call, add } = server

it('are empty at first', async () => {
  for (const path of LIST_PATHS) await answers(200, '[]', 'GET', path)
})

it('answer the documentation’s samples once messages have named them, ascending and each once', async () => {
  for (const agent of ['manager@teddies.co.uk', 'agent_for@teddies.co.uk', 'manager@teddies.co.uk']) {
    await add({
      agent,
      tags: [
        `team:${agent === 'manager@teddies.co.uk' ? 'Support' : 'Finance'}`,
        'user:support',
        'finance',
        'system:paid_template',
      ],
    })
  }
  await answers(200, compact(AGENTS), 'GET', `${BASE}/agents`)
  await answers(200, compact(TEAMS), 'GET', `${BASE}/teams`)
  // The sample of the documentation repeats that of agents by mistake; the client library's test shows these.
  await answers(200, '["finance","support"]', 'GET', `${BASE}/tags`)
  const channels = [{ channel: 'SMS', tenantChannelIdentifier: '+31612345678' }]
  await answers(200, JSON.stringify(channels), 'GET', `${BASE}/channels`)
  for (const path of LIST_PATHS) {
    const { text } = await call('GET', path)
    for (const same of [
      `${path}?`,
      `${path}/`,
      `/saysimple${path}`,
      path.replace(BASE, '/v1'),
      `${path}?agent=x&between=y`,
    ]) {
      await answers(200, text, 'GET', same)
    }
  }
})

it('tell what was ever used, of one’s own workspace only', async () => {
  for (const path of LIST_PATHS) await answers(200, '[]', 'GET', path, { token: other.key })
  await addHistory(server)
  const pairs = ['+31600000001', '+31600000002'].map((tenantChannelIdentifier) => ({
    channel: 'WHATSAPP',
    tenantChannelIdentifier,
  }))
  await answers(200, '["anna"]', 'GET', `${BASE}/agents`, { token: other.key })
  await answers(200, JSON.stringify(pairs.slice(0, 1)), 'GET', `${BASE}/channels`, { token: other.key })
  const agents = ['Doe, John', ...JSON.parse(AGENTS), 'anna', 'bert', 'carl']
  expect((await call('GET', `${BASE}/agents`)).json.toSorted()).toEqual(agents.toSorted())
  const sms = ['+31600000001', '+31612345678'].map((tenantChannelIdentifier) => ({
    channel: 'SMS',
    tenantChannelIdentifier,
  }))
  await answers(
    200,
    JSON.stringify([...sms, { channel: 'TWITTER_DM', tenantChannelIdentifier: '@teddies' }, ...pairs]),
    'GET',
    `${BASE}/channels`,
  )
  await answers(200, '["Finance","Sales","Support"]', 'GET', `${BASE}/teams`)
  // Also of a resolution, but not of a message without a conversation: "all tags that were linked to a conversation".
  await add({ conversation: undefined, tags: ['loose', 'user:VIP'] })
  expect((await call('GET', `${BASE}/tags`)).json.toSorted()).toEqual(['Finance', 'VIP', 'finance', 'support'])
  await answers(400, (await call('POST', MESSAGES, { body: {} })).text, 'POST', MESSAGES, { token: acme.key, body: {} })
})
