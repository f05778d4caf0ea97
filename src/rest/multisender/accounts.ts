import { z } from 'zod'
import {
  createContact,
  deleteContact,
  deleteContacts,
  exportContacts,
  getContact,
  getSegment,
  updateContact,
} from '../../domains/contacts/index.ts'
import { ValidationError } from '../../platform/errors.ts'
import { type AnyOperation, operation } from '../legacy/index.ts'
import { ACCOUNT_NAMES, account, accountBody, contactInput, writeAccount, written } from './account.ts'
import { bodyAnswers, created, deleted, unknownId } from './common-answers.ts'
import type { MultisenderDeps } from './deps.ts'
import { ACCOUNT, ACCOUNT_INPUT } from './examples.ts'
import { idParam, readId } from './ids.ts'
import { location } from './location.ts'
import { failure } from './schemas.ts'

/** `?all` has no value; with one it must be a clear yes or no, since everything depends on it. */
const YES = ['', '1', 'true', 'yes', 'all']
const NO = ['0', 'false', 'no']

const filterId = z
  .string()
  .regex(/^\s*\d+\s*$/, 'must be an integer')
  .optional()
  .meta({ description: 'Id of an account filter.', type: 'integer', pattern: undefined })

const deleteManyQuery = z.object({
  all: z
    .enum([...YES, ...NO], 'must have no value')
    .optional()
    .meta({ description: 'A flag without a value: delete all accounts.', enum: undefined }),
  filterId,
})

const accountParam = idParam('accountId', 'account')

export function accountOperations({ world }: MultisenderDeps): AnyOperation[] {
  return [
    operation({
      id: 'listAccounts',
      method: 'GET',
      path: '/v1/accounts',
      tag: 'Accounts',
      summary: 'List all accounts',
      description: 'All there are, by ascending id; with `filterId` those that match the filter.',
      scope: 'contacts:read',
      query: z.object({ filterId }),
      answers: [
        { status: 200, description: 'The accounts.', schema: z.array(account), example: [ACCOUNT] },
        { ...unknownId, description: 'The filter does not exist, or it belongs to somebody else.' },
        badFilterId,
      ],
      async handle({ viewer, query }) {
        const segment =
          query.filterId === undefined ? undefined : await getSegment(world, viewer, readId(query.filterId))
        const contacts = await exportContacts(world, viewer, segment ? { segmentId: segment.id } : {})
        return { status: 200, items: written(contacts, writeAccount) }
      },
    }),
    operation({
      id: 'getAccount',
      method: 'GET',
      path: '/v1/accounts/{accountId}',
      tag: 'Accounts',
      summary: 'Get one account',
      scope: 'contacts:read',
      params: accountParam,
      answers: [{ status: 200, description: 'The account.', schema: account, example: ACCOUNT }],
      async handle({ viewer, params }) {
        return { status: 200, body: writeAccount(await getContact(world, viewer, readId(params.accountId!))) }
      },
    }),
    operation({
      id: 'createAccount',
      method: 'POST',
      path: '/v1/accounts',
      tag: 'Accounts',
      summary: 'Create an account',
      description: 'No field is required, and accounts may have the same e-mail address or phone number.',
      scope: 'contacts:write',
      body: accountBody,
      example: ACCOUNT_INPUT,
      names: ACCOUNT_NAMES,
      answers: [
        created('The account.', account, ACCOUNT),
        ...bodyAnswers({ yearOfBirth: ['yearOfBirth must be an integer'] }),
      ],
      async handle({ viewer, body, request }) {
        const { id } = await createContact(world, viewer, contactInput(body), { allowEmpty: true })
        const contact = await getContact(world, viewer, id)
        return {
          status: 201,
          body: writeAccount(contact),
          headers: location(request, `/accounts/${contact.legacyId}`),
        }
      },
    }),
    operation({
      id: 'updateAccount',
      method: 'PUT',
      path: '/v1/accounts/{accountId}',
      tag: 'Accounts',
      summary: 'Update an account',
      description: 'What is not sent stays as it is.',
      scope: 'contacts:write',
      params: accountParam,
      body: accountBody,
      example: ACCOUNT_INPUT,
      names: ACCOUNT_NAMES,
      answers: [
        { status: 200, description: 'The account.', schema: account, example: ACCOUNT },
        ...bodyAnswers({ yearOfBirth: ['yearOfBirth must be an integer'] }),
      ],
      async locate({ viewer, params }) {
        await getContact(world, viewer, readId(params.accountId!))
      },
      async handle({ viewer, params, body }) {
        const contact = await getContact(world, viewer, readId(params.accountId!))
        await updateContact(world, viewer, contact.id, contactInput(body, contact))
        return { status: 200, body: writeAccount(await getContact(world, viewer, contact.id)) }
      },
    }),
    operation({
      id: 'deleteAccount',
      method: 'DELETE',
      path: '/v1/accounts/{accountId}',
      tag: 'Accounts',
      summary: 'Delete an account',
      scope: 'contacts:write',
      params: accountParam,
      answers: [deleted],
      async handle({ viewer, params }) {
        const { id } = await getContact(world, viewer, readId(params.accountId!))
        await deleteContact(world, viewer, id)
        return { status: 204 }
      },
    }),
    operation({
      id: 'deleteAccounts',
      method: 'DELETE',
      path: '/v1/accounts',
      tag: 'Accounts',
      summary: 'Delete many accounts',
      description:
        'With `all` all there are, with `filterId` those that match the filter now. Exactly one of them must be given; `all=0` and `all=false` count as not given.',
      scope: 'contacts:write',
      query: deleteManyQuery,
      answers: [
        { status: 204, description: 'They are gone; there may have been none.' },
        { ...unknownId, description: 'The filter does not exist, or it belongs to somebody else.' },
        badFilterId,
      ],
      async handle({ viewer, query }) {
        const all = query.all !== undefined && YES.includes(query.all)
        if (all === (query.filterId !== undefined)) {
          // Never read as "all": nothing is deleted by mistake.
          const message = all ? 'must not be given with filterId' : 'or filterId must be given'
          throw new ValidationError([{ path: ['all'], rule: 'exactly_one', message }])
        }
        const which = all
          ? ('all' as const)
          : { segmentId: (await getSegment(world, viewer, readId(query.filterId!))).id }
        await deleteContacts(world, viewer, which)
        return { status: 204 }
      },
    }),
  ]
}

const badFilterId = {
  status: 400,
  description: 'The query is wrong; nothing was done.',
  schema: failure,
  example: { status: 400, message: 'Validation failed', errors: { filterId: ['filterId must be an integer'] } },
}
