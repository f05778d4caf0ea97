/** What reaches across the domains that know something of a person. */
export { deleteResponse } from './delete-response.ts'
export { eraseContact } from './erase-contact.ts'
export { type MergeContactsInput, mergeContacts } from './merge-contacts.ts'
