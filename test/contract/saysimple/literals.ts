/**
 * What the documentation shows, byte by byte; what it shows collapsed (`"data": { }`) is left out of comparisons. Where
 * contract/saysimple.md 12 calls a value an error of copying, a comment says so.
 */

/** Errors. `{documentationEndpoint}` stands for an address. */
export const NOT_FOUND = `{
  "code": 404,
  "message": "Resource not found",
  "moreInfo": "{documentationEndpoint}/errors/404"
}`

export const MALFORMED = `{
  "code": 1536,
  "message": "Malformed query parameters",
  "moreInfo": "{documentationEndpoint}/errors/1536?fields[between]=Date%20is%20not%20formated%20as%20ISO8601&fields[channel]=Channel%20should%20be%20a%20string"
}`

/** Dates of the global agreements. */
export const CORRECT_DATES = ['2020-01-15T15:00:39Z', '2019-10-08T15:00:21+01:00']
export const INCORRECT_DATE = '2020-01-15 01:12:41'

/** POST /messages; `message` and `businessHours` are collapsed. */
export const ADD_MESSAGE = `{
  "tenant": "teddies",
  "direction": "OUT",
  "time": "2020-02-14T12:03:59Z",
  "provider": "SAYSIMPLE",
  "channel": "SMS",
  "tenantChannelIdentifier": "+31612345678",
  "customerChannelIdentifier": "+31687654321",
  "agent": "teddy_himself@teddies.com",
  "message": {
    },
  "conversation": "42",
  "businessHours": {
    },
  "timeZone": "UTC"
}`

/** POST /events/conversations/resolve; `tags` is collapsed. */
export const RESOLVE = `{
  "conversation": "1",
  "provider": "SAYSIMPLE",
  "channel": "SMS",
  "tenantChannelIdentifier": "+31612345678",
  "agent": "teddy_himself@teddies.com",
  "tags": [
    ],
  "time": "2020-02-14T12:03:59Z"
}`

/** What both answer. */
export const DONE = '""'

/** Nine days, with values of the whole period. */
export const SERIES = `{
  "aggregatedBy": "DAY",
  "firstDataOccurrence": "2020-06-01T00:00:00.000Z",
  "lastDataOccurrence": "2020-06-10T00:00:00.000Z",
  "data": {
    },
  "aggregatedValue": 200634,
  "previousAggregatedValue": 100061
}`

/** Fourteen hours. */
export const HOURLY = `{
  "aggregatedBy": "HOUR",
  "firstDataOccurrence": "2020-06-01T00:00:00.000Z",
  "lastDataOccurrence": "2020-06-01T13:00:00.000Z",
  "data": {
    },
  "aggregatedValue": 1200,
  "previousAggregatedValue": 1600
}`

/** Without values of the whole period: contacts by country, resolved conversations, tags. */
export const WITHOUT_VALUES = `{
  "aggregatedBy": "DAY",
  "firstDataOccurrence": "2020-06-01T00:00:00.000Z",
  "lastDataOccurrence": "2020-06-10T00:00:00.000Z",
  "data": {
    }
}`

/** GET /agents; the sample of /tags repeats it by mistake. */
export const AGENTS = `[
  "agent_for@teddies.co.uk",
  "manager@teddies.co.uk"
]`

export const TEAMS = `[
  "Finance",
  "Support"
]`

export const TOKEN = `{
    "tokenType": "Bearer",
    "accessToken": "eyJhbGci...eyJpc3MiZXN0Lm...adew39Sijas",
    "expiresIn": "2020-09-08T22:52:41.455Z"
}`

/** The claims of the token in the response sample, which is longer; it ends five minutes after it was issued. */
export const TOKEN_CLAIMS =
  'eyJpc3MiOiJhcGktZG9jdW1lbnRhdGlvbi5zYXlzaW1wbGUuaW8iLCJjaWQiOjEsInN1YiI6MjU1MTYsImFwaVRva2VuIjp0cnVlLCJpYXQiOjE2MDA2Nzg4MDQsImV4cCI6MTYwMDY3OTEwNH0'

/** How the documentation says that keys are made. */
export const OPENSSL = ['openssl genrsa -out private.pem 2048', 'openssl rsa -in private.pem -pubout > public.pem']

/** The same JSON as this server writes it: without white space. */
export function compact(literal: string): string {
  return JSON.stringify(JSON.parse(literal))
}

/** An error of the documentation, at the address of this server. */
export function errorAt(documentationEndpoint: string, literal: string): string {
  return compact(literal.replace('{documentationEndpoint}', documentationEndpoint))
}
