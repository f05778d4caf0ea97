import { z } from 'zod'
import { respondentsByNumber } from '../../domains/responses/index.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { failureAnswers } from './common-answers.ts'
import type { SaygentDeps } from './deps.ts'
import { answerOf, type Entry, unknownEntry } from './entries.ts'
import { CALL_ANSWER, CALL_REQUEST, STATUS_ANSWER, STATUS_REQUEST } from './examples.ts'
import { idsField, textParameter, tokenField } from './fields.ts'
import { placeCalls } from './place-calls.ts'
import { numbersOf, type RequestedId } from './requested-ids.ts'
import { states } from './schemas.ts'
import { PHONE_INVALID } from './words.ts'

const idsBody = z.object({ auth_token: tokenField, respondent_ids: idsField }).meta({ id: 'RespondentIds' })

type Ids = { respondent_ids: RequestedId[] }

export function callOperations(deps: SaygentDeps): AnyOperation[] {
  const { world } = deps
  const all = { status: 400, description: 'None of them exists, or none has a usable number.', schema: states }

  async function poll({ viewer, body: { respondent_ids: ids } }: Pick<Call<unknown, Ids>, 'viewer' | 'body'>) {
    const known = await respondentsByNumber(world, viewer, numbersOf(ids))
    return answerOf(
      ids.map(({ echo, number }): Entry => {
        const respondent = number === undefined ? undefined : known.get(number)
        return respondent ? stateEntry(echo, respondent.status) : unknownEntry(echo)
      }),
    )
  }

  const status = {
    path: '/api/v1/status',
    tag: 'Calls',
    summary: 'Ask what became of respondents',
    scope: 'responses:read',
    body: idsBody,
    example: STATUS_REQUEST,
    answers: [
      { status: 200, description: 'The state of each.', schema: states, example: STATUS_ANSWER },
      all,
      ...failureAnswers,
    ],
    handle: poll,
  } as const

  return [
    operation({
      id: 'callRespondents',
      method: 'POST',
      path: '/api/v1/call',
      tag: 'Calls',
      summary: 'Have respondents called',
      description: [
        'As soon as possible. Who is queued already is called once; who was called without completing the survey is called again; who completed it keeps the state, unless the survey allows repeats.',
        'Needs the scope `responses:read` as well.',
      ].join('\n\n'),
      scope: 'campaigns:write',
      body: idsBody,
      example: CALL_REQUEST,
      answers: [
        { status: 200, description: 'What came of each.', schema: states, example: CALL_ANSWER },
        all,
        ...failureAnswers,
      ],
      async handle({ viewer, body: { respondent_ids: ids } }) {
        const known = await respondentsByNumber(world, viewer, numbersOf(ids))
        // In the order asked for, which is the one they are called in.
        const toCall = ids.flatMap(({ number }) => (number === undefined ? [] : (known.get(number) ?? [])))
        const placed = await placeCalls(deps, viewer, toCall)
        return answerOf(
          ids.map(({ echo, number }): Entry => {
            const respondent = number === undefined ? undefined : known.get(number)
            if (!respondent) return unknownEntry(echo)
            const called = placed.get(respondent.id)!
            if ('messages' in called) return { id: echo, status: 'invalid', messages: called.messages }
            // Who is being called, or waits for another attempt, is asked for already.
            return stateEntry(echo, called.outcome === 'unchanged' ? called.status : called.outcome)
          }),
        )
      },
    }),
    operation({
      ...status,
      id: 'readStatus',
      method: 'GET',
      description: [
        '`created`: not asked to be called; `queued`; `called`: an attempt was made; `surveyed`: the survey is completed; `analyzed`; `invalid`: the number cannot be called. Parameters may stand in the query, or in a JSON body as in the documentation.',
      ].join('\n\n'),
      query: z.object({ respondent_ids: textParameter('Ids, with commas between them.') }),
      bodyRequired: false,
    }),
    operation({ ...status, id: 'postStatus', method: 'POST', undocumented: true }),
  ]
}

function stateEntry(echo: number | string, status: string): Entry {
  return { id: echo, status, ...(status === 'invalid' ? { messages: { phone: PHONE_INVALID } } : {}) }
}
