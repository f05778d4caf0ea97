import { z } from 'zod'
import {
  addToContactList,
  type ContactListView,
  createContactList,
  deleteContactList,
  exportContacts,
  findContactIds,
  getContact,
  getContactList,
  listContactLists,
  removeFromContactList,
  updateContactList,
} from '../../domains/contacts/index.ts'
import { NotFoundError } from '../../platform/errors.ts'
import { type AnyOperation, type Call, operation } from '../legacy/index.ts'
import { groupAccount, writeGroupAccount, written } from './account.ts'
import { bodyAnswers, created, deleted } from './common-answers.ts'
import { writeDateTime } from './date-times.ts'
import type { MultisenderDeps } from './deps.ts'
import { GROUP, GROUP_ACCOUNT, GROUP_INPUT, MEMBERSHIP } from './examples.ts'
import { idField, listField, objectField, requiredText } from './fields.ts'
import { idParam, readId, writeId } from './ids.ts'
import { location } from './location.ts'
import { dateTime, id, optionalText } from './schemas.ts'

const groupBody = objectField({
  name: requiredText().meta({ description: 'Group name.' }),
  description: requiredText().meta({ description: 'Description of the group.' }),
}).meta({ id: 'GroupInput' })

const groupChanges = objectField({
  name: requiredText().optional().meta({ description: 'Group name.' }),
  description: requiredText().nullish().meta({ description: 'Description of the group.' }),
}).meta({ id: 'GroupChanges' })

const group = z
  .object({
    groupId: id,
    name: z.string(),
    description: optionalText,
    updatedAt: dateTime,
    createdAt: dateTime,
    numberOfAccounts: z.int(),
  })
  .meta({ id: 'Group' })

const member = z.union([idField(), objectField({ accountId: idField() })], { error: 'must be an account id' })
const members = listField(member.transform((each) => (typeof each === 'number' ? each : each.accountId)))

/** The documentation's body is a bare list; its table has a name for it. */
const membersBody = z
  .union([members, objectField({ accountIds: members })], { error: 'must be an array' })
  .transform((body) => (Array.isArray(body) ? body : body.accountIds))
  .meta({ id: 'GroupAccountsInput', description: 'Accounts to add; ids alone, or `{"accountIds": [...]}`, will do.' })

const membership = z.object({ groupId: id, accountId: id }).meta({ id: 'Membership' })

const groupParam = idParam('groupId', 'group')

export function groupOperations({ world }: MultisenderDeps): AnyOperation[] {
  const groupOf = ({ viewer, params }: Pick<Call, 'viewer' | 'params'>) =>
    getContactList(world, viewer, readId(params.groupId!))
  const locate = async (call: Call) => {
    await groupOf(call)
  }
  return [
    operation({
      id: 'listGroupAccounts',
      method: 'GET',
      path: '/v1/groups/{groupId}/accounts',
      tag: 'Groups',
      summary: 'List the accounts of a group',
      description: 'All of them, in the order in which they were added.',
      scope: 'contacts:read',
      params: groupParam,
      answers: [{ status: 200, description: 'The accounts.', schema: z.array(groupAccount), example: [GROUP_ACCOUNT] }],
      async handle(call) {
        const { id: listId, legacyId } = await groupOf(call)
        const contacts = await exportContacts(world, call.viewer, { listId })
        return { status: 200, items: written(contacts, (contact) => writeGroupAccount(legacyId, contact)) }
      },
    }),
    operation({
      id: 'addGroupAccounts',
      method: 'POST',
      path: '/v1/groups/{groupId}/accounts',
      tag: 'Groups',
      summary: 'Add accounts to a group',
      description: 'Accounts that are in it already are ignored. All are added or none.',
      scope: 'contacts:write',
      params: groupParam,
      body: membersBody,
      example: [{ accountId: '1' }, { accountId: '2' }],
      names: { contactIds: 'accountIds' },
      answers: [
        {
          status: 201,
          description: 'One entry for each account that was asked for.',
          schema: z.array(membership),
          example: [MEMBERSHIP, { ...MEMBERSHIP, accountId: '2' }],
        },
        ...bodyAnswers({ 'accountIds.1': ['accountIds.1 must be an account of yours'] }),
      ],
      locate,
      async handle(call) {
        const { viewer, body: numbers } = call
        const { id: listId, legacyId } = await groupOf(call)
        const ids = await findContactIds(world, viewer, numbers)
        // An unknown one is refused by the domain, with its place.
        await addToContactList(
          world,
          viewer,
          listId,
          numbers.map((number) => ids.get(number) ?? 'unknown'),
        )
        const memberships = [...new Set(numbers)].map((accountId) => ({
          groupId: writeId(legacyId),
          accountId: writeId(accountId),
        }))
        return { status: 201, body: memberships }
      },
    }),
    operation({
      id: 'removeGroupAccount',
      method: 'DELETE',
      path: '/v1/groups/{groupId}/{accountId}',
      aliases: ['/v1/groups/{groupId}/accounts/{accountId}'],
      tag: 'Groups',
      summary: 'Remove an account from a group',
      description: 'The account stays. One that is not in the group is unknown here.',
      scope: 'contacts:write',
      params: { ...groupParam, ...idParam('accountId', 'account') },
      answers: [{ status: 204, description: 'It is no longer in the group.' }],
      async handle(call) {
        const { viewer, params } = call
        const { id: listId } = await groupOf(call)
        const contact = await getContact(world, viewer, readId(params.accountId!))
        const { removed } = await removeFromContactList(world, viewer, listId, [contact.id])
        if (removed === 0) throw new NotFoundError('contact of this list', ['accountId'])
        return { status: 204 }
      },
    }),
    operation({
      // The documentation's own address of "delete a group", read so that it does the least harm
      // (contract/multisender.md, A2).
      id: 'removeGroupAccounts',
      method: 'DELETE',
      path: '/v1/groups/{groupId}/accounts',
      tag: 'Groups',
      summary: 'Remove all accounts from a group',
      undocumented: true,
      scope: 'contacts:write',
      params: groupParam,
      answers: [],
      async handle(call) {
        await removeFromContactList(world, call.viewer, (await groupOf(call)).id, 'all')
        return { status: 204 }
      },
    }),
    operation({
      id: 'listGroups',
      method: 'GET',
      path: '/v1/groups',
      tag: 'Groups',
      summary: 'List all groups',
      description: 'By ascending id.',
      scope: 'contacts:read',
      answers: [{ status: 200, description: 'The groups.', schema: z.array(group), example: [GROUP] }],
      async handle({ viewer }) {
        return { status: 200, body: (await listContactLists(world, viewer)).map(writeGroup) }
      },
    }),
    operation({
      id: 'getGroup',
      method: 'GET',
      path: '/v1/groups/{groupId}',
      tag: 'Groups',
      summary: 'Get one group',
      scope: 'contacts:read',
      params: groupParam,
      answers: [{ status: 200, description: 'The group.', schema: group, example: GROUP }],
      async handle(call) {
        return { status: 200, body: writeGroup(await groupOf(call)) }
      },
    }),
    operation({
      id: 'createGroup',
      method: 'POST',
      path: '/v1/groups',
      tag: 'Groups',
      summary: 'Create a group',
      scope: 'contacts:write',
      body: groupBody,
      example: GROUP_INPUT,
      answers: [created('The group.', group, GROUP), ...bodyAnswers({ name: ['name is required'] })],
      async handle({ viewer, body, request }) {
        const { id } = await createContactList(world, viewer, body)
        const list = await getContactList(world, viewer, id)
        return { status: 201, body: writeGroup(list), headers: location(request, `/groups/${list.legacyId}`) }
      },
    }),
    operation({
      id: 'updateGroup',
      method: 'PUT',
      path: '/v1/groups/{groupId}',
      tag: 'Groups',
      summary: 'Update a group',
      description: 'What is not sent stays as it is.',
      scope: 'contacts:write',
      params: groupParam,
      body: groupChanges,
      example: GROUP_INPUT,
      answers: [
        { status: 200, description: 'The group.', schema: group, example: GROUP },
        ...bodyAnswers({ name: ['name must not be blank'] }),
      ],
      locate,
      async handle(call) {
        const { id } = await groupOf(call)
        await updateContactList(world, call.viewer, id, call.body)
        return { status: 200, body: writeGroup(await getContactList(world, call.viewer, id)) }
      },
    }),
    operation({
      id: 'deleteGroup',
      method: 'DELETE',
      path: '/v1/groups/{groupId}',
      tag: 'Groups',
      summary: 'Delete a group',
      description: 'Its accounts stay.',
      scope: 'contacts:write',
      params: groupParam,
      answers: [deleted],
      async handle(call) {
        await deleteContactList(world, call.viewer, (await groupOf(call)).id)
        return { status: 204 }
      },
    }),
  ]
}

function writeGroup({ legacyId, name, description, updatedAt, createdAt, memberCount }: ContactListView) {
  return {
    groupId: writeId(legacyId),
    name,
    description,
    updatedAt: writeDateTime(updatedAt),
    createdAt: writeDateTime(createdAt),
    numberOfAccounts: memberCount,
  }
}
