import SchemaBuilder from '@pothos/core'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import RelayPlugin from '@pothos/plugin-relay'
import type { GraphQLResolveInfo } from 'graphql'
import type { PrismaClient } from '../db/generated/prisma/client.ts'
import { ValidationError } from '../platform/errors.ts'
import type { Context } from './context.ts'
import type PrismaTypes from './generated/pothos-prisma.ts'
import { getDatamodel } from './generated/pothos-prisma.ts'
import { decodeGlobalId, encodeGlobalId, type GlobalId } from './global-id.ts'

export interface SchemaTypes {
  Context: Context
  PrismaTypes: PrismaTypes
  DefaultFieldNullability: false
  DefaultNodeNullability: false
  DefaultEdgesNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    EmailAddress: { Input: string; Output: string }
    PhoneNumber: { Input: string; Output: string }
    URL: { Input: URL | string; Output: string }
    UUID: { Input: string; Output: string }
    JSON: { Input: unknown; Output: unknown }
    JSONObject: { Input: Record<string, unknown>; Output: Record<string, unknown> }
    PositiveInt: { Input: number; Output: number }
  }
}

/** How many ids `nodes` takes. */
const MAX_NODES = 100

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, RelayPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  prisma: {
    // The reader has the read methods of a Prisma client, which is all that the plugin calls.
    client: (context: Context) => context.reader as unknown as PrismaClient,
    dmmf: getDatamodel(),
    onUnusedQuery: null,
  },
  relay: {
    cursorType: 'String',
    nodesOnConnection: { description: 'The objects of this page.' },
    idFieldOptions: { description: 'Global id.' },
    encodeGlobalID: (typename, id) => encodeGlobalId(typename, String(id)),
    decodeGlobalID: decodeGlobalId,
    nodeTypeOptions: {
      name: 'Node',
      description: 'Anything with an id that `node(id:)` finds again.',
    },
    nodeQueryOptions: {
      description: 'The object with this global id; null when your workspace has none, whatever the reason.',
      nullable: true,
      args: { id: { description: 'A global id, as given by any `id` field.' } },
      resolve: (_root, { id }, context, info) => loadNode(id, context, info) as never,
    },
    nodesQueryOptions: {
      description:
        'The objects with these global ids, in their order, null for each that your workspace does not have.',
      nullable: { list: false, items: true },
      args: { ids: { description: `Up to ${MAX_NODES} global ids.` } },
      resolve: (_root, { ids }, context, info) => {
        if (ids.length > MAX_NODES) {
          throw new ValidationError([{ path: ['ids'], rule: 'too_long', message: `must be at most ${MAX_NODES}` }])
        }
        return Promise.all(ids.map((id) => loadNode(id, context, info))) as never
      },
    },
    nodeFieldOptions: { description: 'The object itself.' },
    edgesFieldOptions: { description: 'The objects of this page, each with its cursor.' },
    cursorFieldOptions: { description: 'Give it as `after` or `before` to continue from here, with the same sort.' },
    pageInfoFieldOptions: { description: 'Whether and how to continue.' },
    pageInfoTypeOptions: { name: 'PageInfo', description: 'Where a page lies within its list (Relay).' },
    hasNextPageFieldOptions: { description: 'Whether more follows; exact when paging forward.' },
    hasPreviousPageFieldOptions: { description: 'Whether more precedes; exact when paging backward.' },
    startCursorFieldOptions: { description: 'Cursor of the first object of this page.', nullable: true },
    endCursorFieldOptions: { description: 'Cursor of the last object of this page.', nullable: true },
    firstArgOptions: { description: 'How many objects from the front, 1 to 100. Give either `first` or `last`.' },
    lastArgOptions: { description: 'How many objects from the back, 1 to 100.' },
    afterArgOptions: { description: 'Only objects after this cursor.' },
    beforeArgOptions: { description: 'Only objects before this cursor.' },
  },
  errors: {
    directResult: true,
    defaultTypes: [],
    defaultUnionOptions: {
      name: ({ fieldName }) => `${fieldName[0]!.toUpperCase()}${fieldName.slice(1)}Result`,
      description: 'What came of it: all that was asked for, or why nothing was done.',
    },
  },
})

type LoadNode = (id: GlobalId, context: Context, info: GraphQLResolveInfo) => Promise<object | null>

/** Set by node.ts, which knows the types; here because the builder needs it when it is made. */
let loadNode: LoadNode = async () => null

export function setLoadNode(load: LoadNode): void {
  loadNode = load
}
