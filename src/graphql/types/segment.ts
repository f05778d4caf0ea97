import { queryFromInfo } from '@pothos/plugin-prisma'
import DataLoader from 'dataloader'
import {
  countSegments,
  SEGMENT_FIELDS,
  type SegmentField,
  type SegmentFilter,
  type SegmentOperator,
  type SegmentPage,
  segmentPages,
} from '../../domains/contacts/index.ts'
import { builder } from '../builder.ts'
import { connectionOf, connectionTypes, keysetBounds, NODE_PATHS, type Order, rootConnection } from '../connection.ts'
import type { Context } from '../context.ts'
import { idOrNull } from '../global-id.ts'
import { CONTACTS_PAGE, Contact } from './contact.ts'

export const SegmentOperatorEnum = builder.enumType('SegmentOperator', {
  description:
    'How a field is compared. An empty value and null mean "not set". Letters are compared exactly, also by case; order is that of numbers where both sides are decimal numbers, and that of characters otherwise.',
  values: {
    EQUALS: { value: '==', description: 'The field is the value.' },
    NOT_EQUALS: { value: '!=', description: 'The field is not the value; also when it is not set.' },
    GREATER_THAN: { value: '>', description: 'The field comes after the value.' },
    LESS_THAN: { value: '<', description: 'The field comes before the value.' },
    AT_LEAST: { value: '>=', description: 'The field is the value or comes after it.' },
    AT_MOST: { value: '<=', description: 'The field is the value or comes before it.' },
    IN: { value: 'in', description: 'The field is one of a list of values.' },
    CONTAINS: { value: 'contains', description: 'The value is part of the field; for texts only.' },
  } as const satisfies Record<string, { value: SegmentOperator; description: string }>,
})

const KIND_TEXTS = {
  text: 'compared as text',
  number: 'compared as a number',
  instant: 'compared as an instant, to the second; values such as 2026-02-22 17:15:55 (UTC)',
} as const

export const SegmentFieldEnum = builder.enumType('SegmentField', {
  description: 'A field of contacts that a filter can ask about.',
  values: Object.fromEntries(
    (Object.entries(SEGMENT_FIELDS) as [SegmentField, keyof typeof KIND_TEXTS][]).map(([field, kind]) => [
      field.replace(/(?=[A-Z])/g, '_').toUpperCase(),
      { value: field, description: `\`Contact.${field}\`, ${KIND_TEXTS[kind]}.` },
    ]),
  ) as Record<string, { value: SegmentField; description: string }>,
})

const SegmentFilterType = builder.objectRef<SegmentFilter>('SegmentFilter').implement({
  description: 'One condition of a segment.',
  fields: (t) => ({
    field: t.field({ type: SegmentFieldEnum, description: 'What is compared.', resolve: (filter) => filter.field }),
    operator: t.field({ type: SegmentOperatorEnum, description: 'How.', resolve: (filter) => filter.operator }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description: 'With what: a text, a number, null, or for `IN` a list of them; as it was given.',
      resolve: (filter) => filter.value,
    }),
  }),
})

/** Pages and counts of all segments of an operation are found by one statement each. */
interface Loaders {
  pages: DataLoader<SegmentPage, string[]>
  counts: DataLoader<string, number>
}
const loaders = new WeakMap<Context, Loaders>()

function loadersOf(context: Context): Loaders {
  let found = loaders.get(context)
  if (!found) {
    const { world, viewer } = context
    found = {
      pages: new DataLoader((pages) => segmentPages(world.db, viewer.workspaceId, pages), { cache: false }),
      counts: new DataLoader(async (ids) => {
        const counts = await countSegments(world.db, viewer.workspaceId, ids)
        return ids.map((id) => counts.get(id) ?? 0)
      }),
    }
    loaders.set(context, found)
  }
  return found
}

const CONTACTS: Order = { name: 'segmentContacts', column: 'legacyId', direction: 'asc', type: 'integer' }

export const Segment = builder.prismaNode('Segment', {
  id: { field: 'id', description: 'Global id.' },
  select: { id: true },
  extensions: { readScope: 'contacts:read' },
  description: 'A saved filter over contacts, evaluated when it is used.',
  fields: (t) => ({
    legacyId: t.exposeInt('legacyId', {
      description: "The segment's number in the APIs that number things; unique in the workspace.",
    }),
    name: t.exposeString('name', { nullable: true, description: 'Its name; null: it has none.' }),
    filters: t.field({
      type: [SegmentFilterType],
      description: 'All of these must hold; at most 50.',
      select: { filters: true },
      resolve: (segment) => segment.filters as unknown as SegmentFilter[],
    }),
    contacts: t.connection(
      {
        type: Contact,
        description: 'Whom it has now, in the order of their numbers.',
        select: { id: true },
        resolve: async (segment, args, context, info) => {
          const { workspaceId } = context.viewer
          const { after, before, take, backward } = keysetBounds(args, CONTACTS, workspaceId)
          const bounds = { after: after as number | null, before: before as number | null }
          const ids = await loadersOf(context).pages.load({ segmentId: segment.id, ...bounds, limit: take, backward })
          const select = { id: true, [CONTACTS.column]: true }
          const query = queryFromInfo({ context, info, typeName: 'Contact', paths: NODE_PATHS, select })
          const rows = await Promise.all(ids.map((id) => context.batches.node('contact', id, query)))
          const found = rows.filter((row) => row !== null) as ({ id: string } & Record<string, unknown>)[]
          return connectionOf(found, args, CONTACTS, workspaceId, () =>
            loadersOf(context).counts.load(segment.id),
          ) as never
        },
      },
      ...CONTACTS_PAGE,
    ),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    deletedAt: t.expose('deletedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was deleted; it stays for what referred to it.',
    }),
  }),
})

const SEGMENTS_PAGE = connectionTypes(Segment, 'Segment', 'segments')
const SEGMENTS: Order = { name: 'segments', column: 'createdAt', direction: 'desc', type: 'instant' }

builder.queryFields((t) => ({
  segment: t.prismaField({
    type: 'Segment',
    nullable: true,
    description:
      'One segment, also a deleted one; null when your workspace has none with this id. Needs `contacts:read`.',
    args: { id: t.arg.id({ required: true, description: 'Global id of the segment.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = idOrNull('Segment', id)
      return uuid === null ? null : context.reader.segment.findUnique({ ...query, where: { id: uuid } })
    },
  }),
  segments: t.connection(
    {
      type: Segment,
      description: 'The segments of the workspace that are not deleted, newest first. Needs `contacts:read`.',
      resolve: (_root, args, context, info) =>
        rootConnection(context.reader.segment, 'Segment', args, SEGMENTS, { deletedAt: null }, context, info),
    },
    ...SEGMENTS_PAGE,
  ),
}))
