import { readFile } from 'node:fs/promises'
import { getNamedType, isEnumType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { EVENT_CATALOG } from '../../src/events/index.ts'
import { decodeGlobalId } from '../../src/graphql/global-id.ts'
import { buildSchema } from '../../src/graphql/schema.ts'
import { CAMPAIGN_TYPES } from '../../src/graphql/types/campaign.ts'
import { testApp } from '../kit/app.ts'
import { NODE_NAMES, twoWorkspaces } from './population.ts'

/** How one gets from an id in an event to its object, as docs/webhooks.md says. */
const text = await readFile(new URL('../../docs/webhooks.md', import.meta.url), 'utf8')
/** By field of payloads: the type for `nodeByUuid`; null where nothing is found by it. */
const DOCUMENTED = new Map(
  text
    .split('\n')
    .filter((line) => /^\| `\w+Ids?`/.test(line))
    .flatMap((line) => {
      const [fields = '', type = ''] = line.slice(2, -2).split(' | ')
      const named = /^`([A-Z_]+)`/.exec(type)?.[1] ?? null
      return [...fields.matchAll(/`(\w+)`/g)].map(([, field]) => [field!, named] as const)
    }),
)

const schema = buildSchema()
const argument = schema
  .getQueryType()!
  .getFields()
  .nodeByUuid!.args.find(({ name }) => name === 'type')!
const named = getNamedType(argument.type)
const TYPES = isEnumType(named) ? named.getValues().map(({ name }) => name) : []
const enumName = (typename: string) => typename.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()

/** Whether a value of this shape is a UUID or a list of them. */
function isId(shape: z.ZodType): boolean {
  if (shape instanceof z.ZodNullable) return isId(shape.unwrap() as z.ZodType)
  return shape instanceof z.ZodArray ? isId(shape.element as z.ZodType) : shape instanceof z.ZodUUID
}

describe('docs/webhooks.md', () => {
  it('says of every id in every event what it names', () => {
    const ids = Object.values(EVENT_CATALOG).flatMap(({ payload }) =>
      Object.entries(payload.shape as Record<string, z.ZodType>).flatMap(([field, shape]) =>
        isId(shape) ? [field] : [],
      ),
    )
    expect(ids.length).toBeGreaterThan(80)
    expect([...DOCUMENTED.keys()].sort()).toEqual([...new Set(ids)].sort())
    for (const type of DOCUMENTED.values()) if (type) expect(TYPES).toContain(type)
  })
})

describe('nodeByUuid', async () => {
  const app = await testApp({ SPEECH: 'none' })
  const { a, b } = await twoWorkspaces(app)
  async function find(type: string, uuid: string, key = a.key): Promise<{ __typename: string; id: string } | null> {
    const { data, errors } = await app.graphql(
      'query ($type: NodeType!, $uuid: UUID!) { nodeByUuid(type: $type, uuid: $uuid) { __typename id } }',
      { type, uuid },
      key,
    )
    expect(errors).toBeUndefined()
    return data!.nodeByUuid
  }

  it('knows every type that has a global id, and campaigns whatever their kind', () => {
    expect([...TYPES].sort()).toEqual([...NODE_NAMES, 'Campaign'].map(enumName).sort())
  })

  it.each(NODE_NAMES)('finds a %s as its global id does, as long as it is the own one', async (name) => {
    const { id: uuid } = decodeGlobalId(a.ids[name])
    expect(await find(enumName(name), uuid)).toEqual({ __typename: name, id: a.ids[name] })
    expect(await find(enumName(name), uuid.toUpperCase())).toEqual({ __typename: name, id: a.ids[name] })
    expect(await find(enumName(name), uuid, b.key)).toBeNull()
    for (const other of TYPES) {
      const isSame =
        other === enumName(name) || (other === 'CAMPAIGN' && Object.values(CAMPAIGN_TYPES).includes(name as never))
      if (!isSame) expect(await find(other, uuid), other).toBeNull()
    }
  })

  it.each(Object.values(CAMPAIGN_TYPES))('finds a %s without being told its kind, whole', async (name) => {
    const id = a.ids[name]
    const { data, errors } = await app.graphql(
      `query ($id: ID!, $uuid: UUID!) { node(id: $id) { ...Whole } nodeByUuid(type: CAMPAIGN, uuid: $uuid) { ...Whole } }
       fragment Whole on Node {
         __typename id ... on Campaign { name kind stats { receivers } }
         ... on RsvpCampaign { acceptsWanted calls(first: 1) { nodes { state } } } ... on SurveyCalls { link { name } }
         ... on SmsBroadcast { message } ... on EmailBroadcast { subject }
       }`,
      { id, uuid: decodeGlobalId(id).id },
      a.key,
    )
    expect(errors).toBeUndefined()
    expect(data!.nodeByUuid).toMatchObject({ __typename: name, id, stats: { receivers: expect.any(Number) } })
    expect(data!.nodeByUuid).toEqual(data!.node)
    // What is no type of an object has no global ids.
    const none = Buffer.from(`Campaign:${decodeGlobalId(id).id}`).toString('base64url')
    expect(await app.graphql('query ($id: ID!) { node(id: $id) { id } }', { id: none }, a.key)).toMatchObject({
      data: { node: null },
    })
  })

  it('needs the scope that reading the object needs', async () => {
    const { data } = await app.graphql(
      `mutation { createApiKey(input: { name: "Links", scopes: [LINKS_READ] }) { ... on CreateApiKeyPayload { key } } }`,
      {},
      a.key,
    )
    const { key } = data!.createApiKey
    expect(await find('LINK', decodeGlobalId(a.ids.Link).id, key)).toEqual({ __typename: 'Link', id: a.ids.Link })
    for (const type of ['CALL', 'CAMPAIGN', 'CONVERSATION']) {
      const answer = await app.graphql(
        `{ nodeByUuid(type: ${type}, uuid: "${decodeGlobalId(a.ids.Call).id}") { id } }`,
        {},
        key,
      )
      expect(answer.data).toEqual({ nodeByUuid: null })
      expect(answer.errors![0]!.extensions.code).toBe('INSUFFICIENT_SCOPE')
    }
  })

  it('finds what the events of a workspace name', async () => {
    const { data } = await app.graphql(
      '{ events(first: 100) { ... on EventPage { events { type payload } } } }',
      {},
      a.key,
    )
    const seen = new Set<string>()
    for (const { type, payload } of data!.events.events) {
      for (const [field, value] of Object.entries(payload)) {
        const named = DOCUMENTED.get(field)
        if (!named) continue
        for (const uuid of [value].flat()) {
          if (typeof uuid !== 'string') continue
          seen.add(field)
          const found = await find(named, uuid)
          expect(found && decodeGlobalId(found.id).id, `${field} of ${type}`).toBe(uuid)
        }
      }
    }
    // Of the other fields nothing has happened here.
    expect([...seen]).toEqual(
      expect.arrayContaining(['callId', 'campaignId', 'conversationIds', 'recordingId', 'userId']),
    )
    expect(seen.size).toBeGreaterThan(15)
  })
})
