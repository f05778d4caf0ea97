import { z } from 'zod'
import { isStorable } from '../../platform/validation.ts'
import { readIds } from './requested-ids.ts'
import {
  IDS_NOT_NUMBERS,
  IDS_REQUIRED,
  RESPONDENTS_NOT_A_LIST,
  RESPONDENTS_REQUIRED,
  SURVEY_INVALID,
  SURVEY_REQUIRED,
} from './words.ts'

/** Fields of requests. They judge types only; what is missing and what is wrong have texts of their own. */
const said = (missing: string, wrong: string) => (issue: { input?: unknown }) =>
  issue.input === undefined || issue.input === null ? missing : wrong

/** Longer than any number, UUID or slug. */
const LONGEST_NAME = 200

export const surveyField = z
  .union([z.string(), z.int()], { error: said(SURVEY_REQUIRED, SURVEY_INVALID) })
  .refine((name) => String(name).trim() !== '', { error: SURVEY_REQUIRED, abort: true })
  .refine((name) => String(name).length <= LONGEST_NAME && isStorable(String(name)), { error: SURVEY_INVALID })
  .meta({ description: 'Number, UUID or slug of the survey, which is a link of the graph.' })

const id = z.union([z.string(), z.number()])

export const idsField = z
  .union([z.string(), z.number(), z.array(id)], { error: said(IDS_REQUIRED, IDS_NOT_NUMBERS) })
  .transform(readIds)
  .refine((ids) => ids.length > 0, { error: IDS_REQUIRED })
  .meta({ description: 'Ids of respondents: a text with commas, or an array.' })

/** Entries are judged one by one, so that one that is wrong keeps nobody else out. */
export const respondentsField = z
  .array(
    z.unknown().meta({
      id: 'RespondentInput',
      type: 'object',
      required: ['phone'],
      properties: {
        phone: { type: 'string', description: 'With at least seven digits; without a country code one of the US.' },
        first_name: { type: 'string' },
        last_name: { type: 'string' },
        email: { type: 'string' },
        contact: {
          type: 'object',
          properties: { by: { type: 'string', enum: ['call', 'phone'], description: 'Phone the respondent now.' } },
        },
      },
    }),
    { error: said(RESPONDENTS_REQUIRED, RESPONDENTS_NOT_A_LIST) },
  )
  .min(1, RESPONDENTS_REQUIRED)
  .meta({ description: 'One entry per person, each judged by itself.' })

/** For the document: where a JSON body carries the token, which is taken out before the body is judged. */
export const tokenField = z.string().optional().meta({ description: 'The API key, unless it is sent otherwise.' })

/** For the document: what may stand in the query as well. */
export const textParameter = (description: string) => z.string().optional().meta({ description })
