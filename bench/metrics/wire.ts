import { type Generated, type GeneratedMessage, messageInput, resolveInput } from './generate.ts'

/** Messages as clients send them. */

/** The body of `POST /v1/messages` (contract/saysimple.md 5). */
export function restBody(message: GeneratedMessage): object {
  const { direction, content, businessHours, timeZone, ...rest } = messageInput(message)
  const hours = businessHours ? { businessHours, timeZone } : {}
  return { tenant: 'shop', direction: direction.toUpperCase(), ...rest, message: content, ...hours }
}

const ADD_MESSAGE = `mutation Add($input: AddMessageInput!) {
  addMessage(input: $input) { __typename ... on AddMessagePayload { message { id } } ... on Error { code detail: message } }
}`

/** The body of `POST /graphql`; without opening hours, which have another form there. */
export function graphqlBody(message: GeneratedMessage): object {
  const { direction, businessHours: _, timeZone: __, ...rest } = messageInput(message)
  return { query: ADD_MESSAGE, variables: { input: { ...rest, direction: direction.toUpperCase() } } }
}

/** A line of `POST /messages/import`. */
export function importLine(item: Generated): string {
  const row = item.kind === 'message' ? messageInput(item) : { type: 'resolution', ...resolveInput(item) }
  return `${JSON.stringify(row)}\n`
}
