import { z } from 'zod'
import {
  createSegment,
  deleteSegment,
  getSegment,
  listSegments,
  SEGMENT_FIELDS,
  SEGMENT_OPERATORS,
  type SegmentField,
  type SegmentFilter,
  type SegmentView,
  updateSegment,
} from '../../domains/contacts/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { ACCOUNT_NAMES, account } from './account.ts'
import { bodyAnswers, created } from './common-answers.ts'
import { writeDateTime } from './date-times.ts'
import type { MultisenderDeps } from './deps.ts'
import { FILTER, FILTERS } from './examples.ts'
import { listField, objectField } from './fields.ts'
import { idParam, readId } from './ids.ts'
import { location } from './location.ts'
import { dateTime, numericId } from './schemas.ts'

/** Every field of an account, and what the graph calls it. Filters of the graph may have two fields more. */
const ACCOUNT_FIELDS = Object.keys(account.shape)
const WRITTEN: Readonly<Record<string, string>> = ACCOUNT_NAMES
const READ: Readonly<Record<string, SegmentField>> = Object.fromEntries(
  (Object.keys(SEGMENT_FIELDS) as SegmentField[]).map((field) => [WRITTEN[field] ?? field, field]),
)

const filterBody = objectField({
  filters: listField(
    objectField({
      field: z.enum(ACCOUNT_FIELDS, 'must be a field of accounts'),
      operator: z.string('must be a string').meta({ enum: [...SEGMENT_OPERATORS] }),
      value: z.unknown().meta({
        description: 'A text, a number or null; a list of them for `in`. Order is numeric when both sides are numbers.',
      }),
    }),
  ).meta({ description: 'All of them must hold.' }),
}).meta({ id: 'AccountFilterInput' })

const filter = z
  .object({
    filterId: numericId,
    filters: z.array(z.object({ field: z.string(), operator: z.enum(SEGMENT_OPERATORS), value: z.unknown() })),
    updatedAt: dateTime,
    createdAt: dateTime,
  })
  .meta({ id: 'AccountFilter' })

const filterParam = idParam('filterId', 'account filter')
const wrong = bodyAnswers({ 'filters.0.field': ['filters.0.field must be a field of accounts'] })

export function filterOperations({ world }: MultisenderDeps): AnyOperation[] {
  return [
    operation({
      id: 'createAccountFilter',
      method: 'POST',
      path: '/v1/accounts/filters',
      tag: 'Account filters',
      summary: 'Create an account filter',
      scope: 'contacts:write',
      body: filterBody,
      example: { filters: FILTERS },
      answers: [created('The filter.', filter, FILTER), ...wrong],
      async handle({ viewer, body, request }) {
        const { id } = await createSegment(world, viewer, { filters: body.filters.map(readFilter) })
        const segment = await getSegment(world, viewer, id)
        return {
          status: 201,
          body: writeFilter(segment),
          headers: location(request, `/accounts/filters/${segment.legacyId}`),
        }
      },
    }),
    operation({
      id: 'listAccountFilters',
      method: 'GET',
      path: '/v1/accounts/filters',
      tag: 'Account filters',
      summary: 'List all account filters',
      description: 'By ascending id.',
      scope: 'contacts:read',
      answers: [{ status: 200, description: 'The filters.', schema: z.array(filter), example: [FILTER] }],
      async handle({ viewer }) {
        return { status: 200, body: (await listSegments(world, viewer)).map(writeFilter) }
      },
    }),
    operation({
      id: 'getAccountFilter',
      method: 'GET',
      path: '/v1/accounts/filters/{filterId}',
      tag: 'Account filters',
      summary: 'Get one account filter',
      scope: 'contacts:read',
      params: filterParam,
      answers: [{ status: 200, description: 'The filter.', schema: filter, example: FILTER }],
      async handle({ viewer, params }) {
        return { status: 200, body: writeFilter(await getSegment(world, viewer, readId(params.filterId!))) }
      },
    }),
    operation({
      id: 'deleteAccountFilter',
      method: 'DELETE',
      path: '/v1/accounts/filters/{filterId}',
      tag: 'Account filters',
      summary: 'Delete an account filter',
      description: 'Its accounts stay. Unlike other deletions it answers `201` with what was deleted.',
      scope: 'contacts:write',
      params: filterParam,
      answers: [{ status: 201, description: 'The filter that was.', schema: filter, example: FILTER }],
      async handle({ viewer, params }) {
        const segment = await getSegment(world, viewer, readId(params.filterId!))
        await deleteSegment(world, viewer, segment.id)
        return { status: 201, body: writeFilter(segment) }
      },
    }),
    operation({
      // What that 201 may have been instead (contract/multisender.md, A1).
      id: 'updateAccountFilter',
      method: 'PUT',
      path: '/v1/accounts/filters/{filterId}',
      tag: 'Account filters',
      summary: 'Update an account filter',
      undocumented: true,
      scope: 'contacts:write',
      params: filterParam,
      body: filterBody.partial(),
      answers: [],
      async locate({ viewer, params }) {
        await getSegment(world, viewer, readId(params.filterId!))
      },
      async handle({ viewer, params, body: { filters } }) {
        const { id } = await getSegment(world, viewer, readId(params.filterId!))
        await updateSegment(world, viewer, id, filters ? { filters: filters.map(readFilter) } : {})
        return { status: 201, body: writeFilter(await getSegment(world, viewer, id)) }
      },
    }),
  ]
}

/** Operator and value are the domain's to judge. */
function readFilter({ field, operator, value }: { field: string; operator: string; value?: unknown }): SegmentFilter {
  return { field: READ[field]!, operator, value } as SegmentFilter
}

function writeFilter({ legacyId, filters, updatedAt, createdAt }: SegmentView) {
  return {
    filterId: legacyId,
    filters: filters.map(({ field, ...rest }) => ({ field: WRITTEN[field] ?? field, ...rest })),
    updatedAt: writeDateTime(updatedAt),
    createdAt: writeDateTime(createdAt),
  }
}
