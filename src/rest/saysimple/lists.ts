import type { z } from 'zod'
import type { Viewer } from '../../domains/auth/index.ts'
import { listAgents, listChannels, listConversationTags, listTeams } from '../../domains/metrics/index.ts'
import type { World } from '../../domains/world.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import type { SaysimpleDeps } from './deps.ts'
import { AGENTS, CHANNELS, TAGS, TEAMS } from './examples.ts'
import { API_PATH } from './paths.ts'
import { channels, names } from './schemas.ts'

interface List {
  id: string
  path: string
  summary: string
  schema: z.ZodType
  example: unknown
  read(world: World, viewer: Viewer): Promise<unknown[]>
}

const LISTS: readonly List[] = [
  {
    id: 'getAgents',
    path: '/agents',
    summary: 'List all agents, of now and of the past',
    schema: names,
    example: AGENTS,
    read: listAgents,
  },
  {
    id: 'getChannels',
    path: '/channels',
    summary: 'List all channels with their identifiers',
    schema: channels,
    example: CHANNELS,
    read: listChannels,
  },
  {
    id: 'getTags',
    path: '/tags',
    summary: 'List all tags of conversations, without those of teams and of the system',
    schema: names,
    example: TAGS,
    read: listConversationTags,
  },
  { id: 'getTeams', path: '/teams', summary: 'List all teams', schema: names, example: TEAMS, read: listTeams },
]

export function listOperations({ world }: SaysimpleDeps): AnyOperation[] {
  return LISTS.map(({ id, path, summary, schema, example, read }) =>
    operation({
      id,
      method: 'GET',
      path: API_PATH + path,
      tag: 'Lists',
      summary,
      scope: 'messages:read',
      answers: [{ status: 200, description: 'Ascending.', schema, example }],
      handle: async ({ viewer }) => ({ status: 200, body: await read(world, viewer) }),
    }),
  )
}
