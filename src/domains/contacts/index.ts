export { type CreateContactInput, createContact } from './create-contact.ts'
export { contactExists } from './store.ts'
