import { requireScope } from '../../domains/auth/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { isStorable } from '../../platform/validation.ts'
import { builder } from '../builder.ts'
import { Link } from './link.ts'
import { ResponseFilter } from './response.ts'

const ExportFormatEnum = builder.enumType('ExportFormat', {
  description: 'What an export is written as.',
  values: {
    CSV: { value: 'csv', description: 'One row per response, for spreadsheets.' },
    NDJSON: { value: 'ndjson', description: 'One JSON object per response and line, with everything.' },
    ZIP: { value: 'zip', description: 'Both, with all recordings and files.' },
  } as const,
})

const ResponseExport = builder.objectRef<{ url: string; expiresAt: Date }>('ResponseExport').implement({
  description: 'An export that a browser can download.',
  fields: (t) => ({
    url: t.field({
      type: 'URL',
      description: 'Downloads it, without a credential: give it to nobody else.',
      resolve: ({ url }) => url,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the address stops working, ten minutes from now; a download that began goes on.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
})

builder.prismaObjectField(Link, 'export', (t) =>
  t.field({
    type: ResponseExport,
    description: 'Its responses as a download, as docs/responses.md describes it. Needs `responses:read`.',
    args: {
      format: t.arg({ type: ExportFormatEnum, required: true, description: 'Written as this.' }),
      filter: t.arg({ type: ResponseFilter, description: 'Only these.' }),
    },
    select: { id: true },
    resolve: ({ id }, { format, filter }, { viewer, exportUrl }) => {
      requireScope(viewer, 'responses:read')
      for (const name of ['search', 'topic'] as const) {
        // An address can carry characters only, half a one is none.
        if (isStorable(filter?.[name] ?? '')) continue
        const message = 'must not contain NUL characters or broken surrogate pairs'
        throw new ValidationError([{ path: ['filter', name], rule: 'unstorable_character', message }])
      }
      return exportUrl(viewer.workspaceId, id, format, filter)
    },
  }),
)
