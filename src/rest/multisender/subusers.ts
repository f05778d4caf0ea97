import { z } from 'zod'
import {
  createSubuser,
  deactivateSubuser,
  getSubuser,
  listSubusers,
  type SubuserView,
  updateSubuser,
} from '../../domains/auth/index.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import { writeDateTime } from './date-times.ts'
import type { MultisenderDeps } from './deps.ts'
import { SUBUSER, SUBUSER_INPUT } from './examples.ts'
import { objectField, requiredText, textField } from './fields.ts'
import { idParam, readId } from './ids.ts'
import { location } from './location.ts'
import { dateTime, failure, numericId, optionalText } from './schemas.ts'

/** The documentation lost both bodies; these follow from the answer (contract/multisender.md 5.10). */
const profile = {
  firstName: textField(),
  lastName: textField(),
  company: textField(),
  phone: textField(),
}
const password = z.string('must be a string').nullish()

const subuserBody = objectField({
  username: requiredText(),
  email: requiredText().meta({ description: 'Unique on this server.' }),
  ...profile,
  password: password.meta({ description: '8 characters or more. Without one only the token enters.' }),
}).meta({ id: 'SubuserInput' })

const subuserChanges = objectField({
  username: requiredText().optional(),
  email: requiredText().optional(),
  ...profile,
  password: password.meta({ description: 'Another password ends the old one, and the token with it.' }),
}).meta({ id: 'SubuserChanges' })

const subuser = z
  .object({
    subuserId: numericId,
    username: optionalText,
    email: z.string(),
    firstName: optionalText,
    lastName: optionalText,
    company: optionalText,
    authToken: z.string(),
    phone: optionalText,
    updatedAt: dateTime,
    createdAt: dateTime,
  })
  .meta({ id: 'Subuser' })

const subuserParam = idParam('subuserId', 'subuser')

export function subuserOperations({ world }: MultisenderDeps): AnyOperation[] {
  return [
    operation({
      id: 'listSubusers',
      method: 'GET',
      path: '/v1/subusers',
      tag: 'Subusers',
      summary: 'List all subusers',
      description: 'By ascending id, each with its access token.',
      scope: 'subusers:read',
      answers: [{ status: 200, description: 'The subusers.', schema: z.array(subuser), example: [SUBUSER] }],
      async handle({ viewer }) {
        return { status: 200, body: (await listSubusers(world, viewer)).map(writeSubuser) }
      },
    }),
    operation({
      id: 'getSubuser',
      method: 'GET',
      path: '/v1/subusers/{subuserId}',
      tag: 'Subusers',
      summary: 'Get one subuser',
      scope: 'subusers:read',
      params: subuserParam,
      answers: [{ status: 200, description: 'The subuser.', schema: subuser, example: SUBUSER }],
      async handle({ viewer, params }) {
        return { status: 200, body: writeSubuser(await getSubuser(world, viewer, readId(params.subuserId!))) }
      },
    }),
    operation({
      id: 'createSubuser',
      method: 'POST',
      path: '/v1/subusers',
      tag: 'Subusers',
      summary: 'Create a subuser',
      description: 'With data of its own, which its parent does not see. A subuser has no subusers (409).',
      scope: 'subusers:write',
      body: subuserBody,
      example: SUBUSER_INPUT,
      answers: [
        created('The subuser.', subuser, SUBUSER),
        ...bodyAnswers({ username: ['username is required'] }),
        depthReached,
      ],
      async handle({ viewer, body, request }) {
        const { id, legacyId } = await createSubuser(world, viewer, body)
        return {
          status: 201,
          body: writeSubuser(await getSubuser(world, viewer, id)),
          headers: location(request, `/subusers/${legacyId}`),
        }
      },
    }),
    operation({
      id: 'updateSubuser',
      method: 'PUT',
      path: '/v1/subusers/{subuserId}',
      tag: 'Subusers',
      summary: 'Update a subuser',
      description: 'What is not sent stays as it is.',
      scope: 'subusers:write',
      params: subuserParam,
      body: subuserChanges,
      example: { firstName: SUBUSER_INPUT.firstName, company: SUBUSER_INPUT.company },
      answers: [
        { status: 200, description: 'The subuser.', schema: subuser, example: SUBUSER },
        ...bodyAnswers({ email: ['email must be an e-mail address'] }),
      ],
      async locate({ viewer, params }) {
        await getSubuser(world, viewer, readId(params.subuserId!))
      },
      async handle({ viewer, params, body: { password, ...changes } }) {
        const { id } = await getSubuser(world, viewer, readId(params.subuserId!))
        await updateSubuser(world, viewer, id, { ...changes, password: password ?? undefined })
        return { status: 200, body: writeSubuser(await getSubuser(world, viewer, id)) }
      },
    }),
    operation({
      id: 'deleteSubuser',
      method: 'DELETE',
      path: '/v1/subusers/{subuserId}',
      // As the documentation writes it, though there is no such collection (contract/multisender.md, A2).
      aliases: ['/v1/subusers/{subuserId}/accounts'],
      tag: 'Subusers',
      summary: 'Delete a subuser',
      description: 'Its token and its password open nothing any more.',
      scope: 'subusers:write',
      params: subuserParam,
      answers: [deleted],
      async handle({ viewer, params }) {
        const { id } = await getSubuser(world, viewer, readId(params.subuserId!))
        await deactivateSubuser(world, viewer, id)
        return { status: 204 }
      },
    }),
  ]
}

const depthReached = {
  status: 409,
  description: 'The caller is a subuser.',
  schema: failure,
  example: { status: 409, message: 'A subuser cannot have subusers of its own.' },
}

function writeSubuser(view: SubuserView) {
  return {
    subuserId: view.legacyId,
    username: view.username,
    email: view.email,
    firstName: view.firstName,
    lastName: view.lastName,
    company: view.company,
    authToken: view.authToken,
    phone: view.phone,
    updatedAt: writeDateTime(view.updatedAt),
    createdAt: writeDateTime(view.createdAt),
  }
}
