import { z } from 'zod'
import { requireScope, type Viewer } from '../../domains/auth/index.ts'
import { addRespondentsCallingSome } from '../../domains/campaigns/index.ts'
import { findLinkByName } from '../../domains/links/index.ts'
import { respondentsByNumber } from '../../domains/responses/index.ts'
import type { Issue } from '../../platform/errors.ts'
import { type Answer, type AnyOperation, operation, Refused } from '../legacy/index.ts'
import { failureAnswers } from './common-answers.ts'
import type { SaygentDeps } from './deps.ts'
import { answerOf, type Entry, unknownEntry } from './entries.ts'
import { ADD_ANSWER, ADD_REQUEST, READ_ANSWER, READ_REQUEST } from './examples.ts'
import { idsField, respondentsField, surveyField, textParameter, tokenField } from './fields.ts'
import { messagesOf, readRespondent } from './new-respondent.ts'
import { reasonOf } from './place-calls.ts'
import { numbersOf, type RequestedId } from './requested-ids.ts'
import { added, failure, read } from './schemas.ts'
import { storedEntry } from './stored-respondent.ts'
import { IDS_REQUIRED, RESPONDENTS_REQUIRED, SURVEY_INVALID } from './words.ts'

const PATH = '/api/v1/respondents'
/** Of numbers without a country code, where the workspace says nothing (contract/saygent.md 5.1). */
const COUNTRY = 'US'

const addBody = z
  .object({
    auth_token: tokenField,
    survey_id: surveyField,
    respondents: respondentsField.nullish(),
    respondent_ids: idsField.nullish().meta({ description: 'Instead of `respondents`: reads these, as `GET` does.' }),
  })
  .refine(({ respondents, respondent_ids: ids }) => (respondents ?? ids ?? null) !== null, {
    path: ['respondents'],
    error: RESPONDENTS_REQUIRED,
    // Beside what else is wrong.
    when: () => true,
  })
  .meta({ id: 'RespondentsInput' })

const readBody = z
  .object({ auth_token: tokenField, survey_id: surveyField, respondent_ids: idsField })
  .meta({ id: 'RespondentsQuery' })

export function respondentOperations(deps: SaygentDeps): AnyOperation[] {
  const { world } = deps

  async function surveyOf(viewer: Viewer, name: string | number) {
    const link = await findLinkByName(world, viewer, name)
    if (link) return link
    const faults = [{ path: ['survey_id'], message: SURVEY_INVALID, value: name }]
    throw new Refused({ kind: 'invalid', where: 'body', faults, input: undefined })
  }

  async function add(viewer: Viewer, survey: string | number, entries: readonly unknown[]): Promise<Answer> {
    requireScope(viewer, 'responses:write')
    const given = entries.map(readRespondent)
    if (given.some(({ isCalled }) => isCalled)) requireScope(viewer, 'campaigns:write')
    const link = await surveyOf(viewer, survey)
    const sound = given.filter(({ messages }) => messages === undefined)
    const respondents = sound.map(({ person, isCalled }) => ({ ...person, callNow: isCalled }))
    const { added: results, notCalled } = await addRespondentsCallingSome(deps.campaigns, viewer, {
      ...{ linkId: link.id, respondents, fallbackCountry: COUNTRY },
    })
    const resultOf = new Map(sound.map((each, n) => [each, results[n]!]))
    return answerOf(
      given.map((each): Entry => {
        const result = resultOf.get(each)
        if (result?.outcome !== 'added') {
          return { ...each.echo, status: 'failed', messages: result ? messagesOf(result.issues) : each.messages! }
        }
        return { id: result.legacyId, ...each.echo, status: 'created', ...(each.isCalled ? uncalled(notCalled) : {}) }
      }),
    )
  }

  async function show(viewer: Viewer, survey: string | number, ids: readonly RequestedId[]): Promise<Answer> {
    requireScope(viewer, 'responses:read')
    const { id: linkId } = await surveyOf(viewer, survey)
    const known = await respondentsByNumber(world, viewer, numbersOf(ids), linkId)
    return answerOf(
      ids.map(({ echo, number }) => {
        const respondent = number === undefined ? undefined : known.get(number)
        return respondent ? storedEntry(respondent) : unknownEntry(echo)
      }),
    )
  }

  return [
    operation({
      id: 'addRespondents',
      method: 'POST',
      path: PATH,
      tag: 'Respondents',
      summary: 'Add respondents to a survey',
      description: [
        'Each is judged by itself: those that failed have `messages` and no `id`. With `contact.by`, `call` or `phone`, a respondent is phoned at once; when that cannot be, the entry says so in `messages` beside its `created`.',
        'Needs the scope `responses:write`, with `contact.by` also `campaigns:write`. `POST` with `respondent_ids` instead of `respondents` reads them and needs `responses:read`.',
      ].join('\n\n'),
      scope: null,
      body: addBody,
      example: ADD_REQUEST,
      answers: [
        { status: 200, description: 'What came of each, in their order.', schema: added, example: ADD_ANSWER },
        { status: 200, description: 'Those asked for, with `respondent_ids`.', schema: read },
        { status: 400, description: 'All of them failed.', schema: added },
        { status: 400, description: 'None of those asked for exists.', schema: read },
        {
          status: 400,
          description: 'There is no such survey; nothing was created.',
          schema: failure,
          example: { status: 'failure', messages: { survey_id: SURVEY_INVALID } },
        },
        ...failureAnswers,
      ],
      handle: ({ viewer, body: { survey_id: survey, respondents, respondent_ids: ids } }) =>
        respondents ? add(viewer, survey, respondents) : show(viewer, survey, ids!),
    }),
    operation({
      id: 'readRespondents',
      method: 'GET',
      path: PATH,
      tag: 'Respondents',
      summary: 'Read respondents',
      description:
        'In the order asked for, with what was sent when they were added. Parameters may stand in the query, or in a JSON body as in the documentation.',
      scope: 'responses:read',
      query: z.object({
        survey_id: textParameter('Number, UUID or slug of the survey: only its respondents are found.'),
        respondent_ids: textParameter('Ids, with commas between them.'),
      }),
      body: readBody,
      bodyRequired: false,
      example: READ_REQUEST,
      answers: [
        { status: 200, description: 'Each, in the order asked for.', schema: read, example: READ_ANSWER },
        { status: 400, description: 'None of them exists.', schema: read },
        {
          status: 400,
          description: 'No ids were sent.',
          schema: failure,
          example: { status: 'failure', messages: { respondent_ids: IDS_REQUIRED } },
        },
        ...failureAnswers,
      ],
      handle: ({ viewer, body: { survey_id: survey, respondent_ids: ids } }) => show(viewer, survey, ids),
    }),
  ]
}

/** That a respondent is there and will not be called; that the number is wrong is told by `/status`. */
function uncalled(issues: readonly Issue[] | null): Pick<Entry, 'messages'> {
  return issues ? { messages: { contact: `Not called: ${Object.values(reasonOf(issues)).join(' ')}` } } : {}
}
