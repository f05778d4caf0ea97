import { z } from 'zod'
import { getResponse, listResponses, type ResponseOrder } from '../../domains/responses/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { invalidPage } from './common-answers.ts'
import type { SayifyDeps } from './deps.ts'
import { RESPONSE, RESPONSES } from './examples.ts'
import { linkParam } from './links.ts'
import { paged, pagingQuery } from './paging.ts'
import { envelopeOf, response } from './schemas.ts'
import { writeResponse } from './write-response.ts'

const ORDERABLE: Readonly<Record<string, ResponseOrder['field']>> = {
  submitted_at: 'submittedAt',
  status: 'status',
  respondent_email: 'respondentEmail',
}

export function responseOperations(deps: SayifyDeps): AnyOperation[] {
  const { world } = deps
  return [
    operation({
      id: 'listResponses',
      method: 'GET',
      path: '/api/v1/links/{link_uuid}/responses/',
      tag: 'Responses',
      summary: 'List the responses of a link',
      description: 'Those that are completed.',
      scope: 'responses:read',
      params: linkParam,
      query: z.object({
        ...pagingQuery,
        ordering: z.string().optional().meta({
          default: '-submitted_at',
          description: '`submitted_at`, `status` or `respondent_email`, with `-` for descending; others are ignored.',
        }),
        search: z
          .string()
          .optional()
          .meta({ description: 'Text in the e-mail address or in a transcript, in any case.' }),
      }),
      answers: [
        { status: 200, description: 'One page.', schema: envelopeOf('ResponsePage', response), example: RESPONSES },
        invalidPage,
      ],
      handle: ({ viewer, params, query, request }) =>
        paged(request, query, async (range) => {
          const { total, responses } = await listResponses(world, viewer, params.link_uuid!, {
            search: query.search,
            order: orderOf(query.ordering),
            ...range,
          })
          return { total, items: responses.map((view) => writeResponse(deps, viewer.workspaceId, view)) }
        }),
    }),
    operation({
      id: 'getResponse',
      method: 'GET',
      path: '/api/v1/links/{link_uuid}/responses/{response_uuid}/',
      tag: 'Responses',
      summary: 'Get one response',
      description: 'Also one that is not completed.',
      scope: 'responses:read',
      params: {
        ...linkParam,
        response_uuid: { description: 'UUID of the response.', schema: { type: 'string', format: 'uuid' } },
      },
      answers: [{ status: 200, description: 'The response.', schema: response, example: RESPONSE }],
      async handle({ viewer, params }) {
        const view = await getResponse(world, viewer, params.link_uuid!, params.response_uuid!)
        return { status: 200, body: writeResponse(deps, viewer.workspaceId, view) }
      },
    }),
  ]
}

/** Fields that are unknown are passed over; undefined, which is the default, when none is left. */
function orderOf(ordering = ''): ResponseOrder[] | undefined {
  const order = ordering.split(',').flatMap((term) => {
    const [, sign, name] = /^\s*(-?)(\w+)\s*$/.exec(term) ?? []
    const field = name !== undefined && Object.hasOwn(ORDERABLE, name) ? ORDERABLE[name] : undefined
    return field ? [{ field, descending: sign === '-' }] : []
  })
  return order.length > 0 ? order : undefined
}
