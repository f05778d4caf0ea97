export { addToContactList, MAX_MEMBERS_PER_CALL, removeFromContactList } from './change-members.ts'
export type { ContactFields, ContactInput } from './contact-fields.ts'
export {
  type ContactListInput,
  createContactList,
  deleteContactList,
  updateContactList,
} from './contact-lists.ts'
export { contactsOfPeople, type Person } from './contacts-of-people.ts'
export { countriesOf, countryOf } from './countries.ts'
export { type CreateContactInput, type CreateContactOptions, createContact } from './create-contact.ts'
export { setDefaultCountry } from './default-country.ts'
export { deleteContact, deleteContacts } from './delete-contact.ts'
export { type ExportOptions, exportContacts } from './export-contacts.ts'
export { type DuplicateGroup, findDuplicates } from './find-duplicates.ts'
export {
  getImport,
  IMPORT_BATCH,
  type ImportOptions,
  importContacts,
  importReport,
  UnreadableRow,
} from './import-contacts.ts'
export { IMPORT_FIELDS, IMPORT_KEYS, type ImportField, type ImportKey, type RefusedRow } from './import-row.ts'
export type { ImportRun } from './import-store.ts'
export { leaveLists, mergeMemberships } from './membership-store.ts'
export {
  type Address,
  addressesOf,
  isOptedOut,
  type OptOutInput,
  OUTREACH_CHANNELS,
  type OutreachChannel,
  optedOutAmong,
  optIn,
  optOut,
  recordOptIns,
  recordOptOuts,
} from './opt-out.ts'
export { type Country, isCountry, parsePhone } from './phone.ts'
export { type ContactView, findContactIds, getContact } from './read-contacts.ts'
export {
  type ContactListView,
  getContactList,
  getSegment,
  listContactLists,
  listSegments,
  type SegmentView,
} from './read-lists.ts'
export { contactsOf, findReceivers, type Receiver, type ReceiverInput, receiverIds } from './receivers.ts'
export {
  SEGMENT_FIELDS,
  SEGMENT_OPERATORS,
  type SegmentField,
  type SegmentFilter,
  type SegmentOperator,
  type SegmentValue,
} from './segment-filter.ts'
export { countSegments, type SegmentPage, segmentPages } from './segment-store.ts'
export { createSegment, deleteSegment, type SegmentInput, updateSegment } from './segments.ts'
export {
  addressesToErase,
  type ContactRow,
  contactExists,
  defaultCountry,
  lockContacts,
  lockForErasure,
  markContactsDeleted,
  updateContacts,
  wipeContacts,
} from './store.ts'
export { updateContact } from './update-contact.ts'
