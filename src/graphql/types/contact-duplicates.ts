import { requireScope } from '../../domains/auth/index.ts'
import { type DuplicateGroup, findDuplicates } from '../../domains/contacts/index.ts'
import { ExpectedError, ValidationError } from '../../platform/errors.ts'
import { isStorable } from '../../platform/validation.ts'
import { builder } from '../builder.ts'
import { MAX_PAGE } from '../connection.ts'

const DuplicateKindEnum = builder.enumType('ContactDuplicateKind', {
  description: 'What contacts can have in common.',
  values: {
    PHONE: { value: 'phone', description: 'The telephone number.' },
    EMAIL: { value: 'email', description: 'The e-mail address, in any case.' },
  } as const,
})

const ContactDuplicates = builder.objectRef<DuplicateGroup>('ContactDuplicates').implement({
  description: 'Contacts that may be one person.',
  fields: (t) => ({
    by: t.field({ type: DuplicateKindEnum, description: 'What they have in common.', resolve: (group) => group.by }),
    value: t.string({
      description: 'The telephone number in E.164, or the e-mail address in lower case.',
      resolve: (group) => group.value,
    }),
    contacts: t.prismaField({
      type: ['Contact'],
      description: 'Who they are, in the order of their numbers; at most 100.',
      resolve: async (query, group, _args, context) => {
        const rows = await Promise.all(group.contactIds.map((id) => context.batches.node('contact', id, query)))
        return rows.filter((row) => row !== null) as never
      },
    }),
  }),
})

interface Page {
  groups: DuplicateGroup[]
  workspaceId: string
  hasMore: boolean
}

const ContactDuplicatesPage = builder.objectRef<Page>('ContactDuplicatesPage').implement({
  description: 'Some of the duplicates, and where to continue.',
  fields: (t) => ({
    groups: t.field({ type: [ContactDuplicates], description: 'By address.', resolve: (page) => page.groups }),
    cursor: t.string({
      nullable: true,
      description: 'Give it as `after` to continue; null when there is nothing on this page.',
      resolve: ({ groups, workspaceId }) => {
        const last = groups.at(-1)
        return last ? Buffer.from(JSON.stringify([workspaceId, last.by, last.value])).toString('base64url') : null
      },
    }),
    hasMore: t.boolean({ description: 'Whether more follows.', resolve: (page) => page.hasMore }),
  }),
})

function placeOf(cursor: string, workspaceId: string): { by: 'phone' | 'email'; value: string } {
  try {
    const [workspace, by, value] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    const known = workspace === workspaceId && (by === 'phone' || by === 'email')
    if (known && typeof value === 'string' && isStorable(value)) return { by: by as 'phone' | 'email', value }
  } catch {
    // Answered as any other text that is no cursor.
  }
  throw new ExpectedError('INVALID_CURSOR', 'This is not a cursor of this list.', { path: ['after'] })
}

builder.queryField('contactDuplicates', (t) =>
  t.field({
    type: ContactDuplicatesPage,
    description:
      'Contacts with the same telephone number or e-mail address; `mergeContacts` makes one of them. Needs `contacts:read`.',
    args: {
      first: t.arg.int({ required: true, description: 'How many groups, 1 to 100.' }),
      after: t.arg.string({ description: 'Only groups after this cursor.' }),
    },
    resolve: async (_root, { first, after }, { viewer, world }) => {
      requireScope(viewer, 'contacts:read')
      if (first < 1 || first > MAX_PAGE) {
        const rule = first < 1 ? 'too_small' : 'too_large'
        throw new ValidationError([{ path: ['first'], rule, message: `must be from 1 to ${MAX_PAGE}` }])
      }
      const { workspaceId } = viewer
      const place = after == null ? null : placeOf(after, workspaceId)
      const groups = await findDuplicates(world.db, workspaceId, place, first + 1)
      return { groups: groups.slice(0, first), workspaceId, hasMore: groups.length > first }
    },
  }),
)
