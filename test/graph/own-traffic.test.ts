import { expect, test, vi } from 'vitest'
import { testApp } from '../kit/app.ts'
import { tablesWith } from '../kit/tables-with.ts'
import { until } from '../kit/world.ts'

vi.setConfig({ testTimeout: 60_000 })

const app = await testApp({ QUIET_HOURS: 'off', SMS_FROM: 'Acme', SMS: 'outbox', EMAIL: 'outbox' })

async function query(text: string, variables: Record<string, unknown> = {}): Promise<Record<string, any>> {
  const { data, errors } = await app.graphql(text, variables)
  expect(errors).toBeUndefined()
  return data!
}

test('what a server sends is among its messages soon after, with the way to where it was sent', async () => {
  await query(`mutation ($input: CreateSmsBroadcastInput!) { createSmsBroadcast(input: $input) { __typename } }`, {
    input: { receivers: [{ phone: '+358401230001' }, { phone: '+358401230002' }], content: { message: 'Hei!' } },
  })
  const messages = async () =>
    (
      await query(`{ messages(first: 10) { totalCount nodes {
        direction channel { channel tenantChannelIdentifier } customerChannelIdentifier provider content
        outboundMessage { state receiver { outcome } } call { id } conversation { messagesSent } } } }`)
    ).messages
  await until(async () => (await messages()).totalCount === 2, 'both are counted', 30_000)
  const { nodes } = await messages()
  expect(nodes.map((node: { customerChannelIdentifier: string }) => node.customerChannelIdentifier).sort()).toEqual([
    '+358401230001',
    '+358401230002',
  ])
  for (const node of nodes) {
    expect(node).toMatchObject({
      ...{
        direction: 'OUT',
        provider: 'SAYGRAPH',
        channel: { channel: 'SMS', tenantChannelIdentifier: 'Acme' },
        content: null,
        call: null,
      },
      outboundMessage: { state: 'SENT', receiver: { outcome: 'SENT' } },
      conversation: { messagesSent: 1 },
    })
  }
})

test('what is encrypted is read by the graph alone', async () => {
  await query(`mutation { updateMessageSettings(input: { contentPolicy: ENCRYPT }) { __typename } }`)
  const content = { textContent: 'Rumpelstiltskin' }
  const { addMessage } = await query(
    `mutation ($input: AddMessageInput!) { addMessage(input: $input) {
      ... on AddMessagePayload { message { id content } } } }`,
    {
      input: {
        ...{ direction: 'IN', channel: 'WHATSAPP', provider: 'TWILIO', tenantChannelIdentifier: '+31201234567' },
        ...{ customerChannelIdentifier: '+31687654321', content },
      },
    },
  )
  expect(addMessage.message.content).toEqual(content)
  const { node } = await query(`query ($id: ID!) { node(id: $id) { ... on Message { content } } }`, {
    id: addMessage.message.id,
  })
  expect(node.content).toEqual(content)
  expect(await tablesWith(app.db, content.textContent)).toEqual([])
})
