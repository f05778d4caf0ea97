import { listAgents, listChannels, listTags, listTeams } from '../../domains/metrics/index.ts'
import { builder } from '../builder.ts'

export interface ChannelParts {
  channel: string
  tenantChannelIdentifier: string
}

export const Agent = builder.objectRef<{ name: string }>('Agent').implement({
  description: 'Somebody, or something, who handles messages for the business. Comes into being by being named.',
  fields: (t) => ({ name: t.exposeString('name', { description: 'As clients name the agent.' }) }),
})

export const Team = builder.objectRef<{ name: string }>('Team').implement({
  description: 'A team that messages are for. Comes into being by a tag with the prefix `team:`.',
  fields: (t) => ({ name: t.exposeString('name', { description: 'Its name, without the prefix of the tag.' }) }),
})

export const Channel = builder.objectRef<ChannelParts>('Channel').implement({
  description: 'An address of the workspace on a channel. Comes into being with the first message.',
  fields: (t) => ({
    channel: t.exposeString('channel', { description: 'The name of the channel, such as `WHATSAPP`.' }),
    tenantChannelIdentifier: t.exposeString('tenantChannelIdentifier', {
      description: "The workspace's address on it, such as a telephone number.",
    }),
  }),
})

type TagKind = 'user' | 'system'

const TagKindEnum = builder.enumType('TagKind', {
  description: 'Whose tag it is.',
  values: {
    USER: { value: 'user', description: 'A label of your own.' },
    SYSTEM: { value: 'system', description: 'With a meaning, such as `automatic_reply` or `paid_template`.' },
  } as const satisfies Record<string, { value: TagKind; description: string }>,
})

export const Tag = builder.objectRef<{ name: string; kind: TagKind }>('Tag').implement({
  description: 'A label of messages and resolutions. Comes into being by being used.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Without its prefix.' }),
    kind: t.field({ type: TagKindEnum, description: 'Whose tag it is.', resolve: ({ kind }) => kind }),
  }),
})

const TEAM = 'team:'
const PREFIXES: Record<TagKind, string> = { user: 'user:', system: 'system:' }

const named = (name: string) => ({ name })

/** Tags with their prefixes, as domains have them, as objects; teams are not among them. */
export function tagsAmong(tags: readonly string[]) {
  return tags.flatMap((tag) =>
    (['user', 'system'] as const).flatMap((kind) =>
      tag.startsWith(PREFIXES[kind]) ? [{ name: tag.slice(PREFIXES[kind].length), kind }] : [],
    ),
  )
}

export function teamsAmong(tags: readonly string[]) {
  return tags.filter((tag) => tag.startsWith(TEAM)).map((tag) => named(tag.slice(TEAM.length)))
}

export function agentNamed(name: string | null) {
  return name === null ? null : named(name)
}

builder.queryFields((t) => ({
  agents: t.field({
    type: [Agent],
    description: 'Whom messages and resolutions ever named, one per agent, by name. Needs `messages:read`.',
    resolve: async (_root, _args, { world, viewer }) => (await listAgents(world, viewer)).map(named),
  }),
  teams: t.field({
    type: [Team],
    description: 'Teams that tags ever named, one per team, by name. Needs `messages:read`.',
    resolve: async (_root, _args, { world, viewer }) => (await listTeams(world, viewer)).map(named),
  }),
  tags: t.field({
    type: [Tag],
    description: "The user's tags that were ever used, one per tag, by name. Needs `messages:read`.",
    resolve: async (_root, _args, { world, viewer }) =>
      (await listTags(world, viewer)).map((name) => ({ name, kind: 'user' as const })),
  }),
  channels: t.field({
    type: [Channel],
    description:
      'What messages ever went over, one per channel and address of the workspace, by both. Needs `messages:read`.',
    resolve: (_root, _args, { world, viewer }) => listChannels(world, viewer),
  }),
}))
