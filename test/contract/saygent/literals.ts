/**
 * What the documentation shows, byte by byte, but for what contract/saygent.md 5 and 7 correct: it has a comma, two
 * quotes and a brace too few, and a comma too many. The comments quote the lines that were corrected.
 */

export const SUCCESS = '{ "status":"success" }'
export const AUTHENTICATION_FAILED = '{ "status":"failure", "messages":{ "auth_token": "Authentication failed" } }'

/** POST /respondents. `"auth_token":"abcdef"` without a comma; `"phone":"222-222-2222,`. */
export const ADD_REQUEST = `{
"auth_token":"abcdef",
"survey_id":1234,
"respondents":[
{
"phone":"111-111-1111",
"first_name":"john",
"last_name":"smith",
"email":"johnsmith@example.com",
"contact":{
"by":"phone"
}
},
{
"phone":"222-222-2222",
"email":"asdf.com"
}
]
}`

export const ADD_ANSWER = `{
"status": "warning",
"respondents": [
{
"id": 1,
"phone": "111-111-1111",
"first_name": "john",
"last_name": "smith",
"email": "johnsmith@example.com",
"status": "created"
},
{
"phone": "222-222-2222",
"email": "asdf.com",
"status": "failed",
"messages": {
"email": "Email not in a valid format"
}
}
]
}`

/** GET /respondents. */
export const READ_REQUEST = `{
"auth_token": "asdfjkl",
"respondent_ids": "1,2",
"survey_id": "xyz123"
}`

/** `"phone": 555-555-5555,`. */
export const READ_ANSWER = `{
"status": "success",
"respondents": [
{
"id": 1,
"phone":"111-111-1111",
"first_name":"john",
"last_name":"smith",
"email":"johnsmith@example.com"
},
{
"id": 2,
"phone": "555-555-5555",
"email": "professor@planex.com"
}
]
}`

/** POST /call. */
export const CALL_REQUEST = `{
"auth_token": "asbcdwwogw",
"respondent_ids": [
1, 2, 3
]
}`

export const CALL_ANSWER = `{
"status": "warning",
"respondents": [
{
"id": 1,
"status": "queued"
},
{
"id": 2,
"status": "invalid",
"messages": {
"id": "Respondent id invalid"
}
},
{
"id": 3,
"status": "queued"
}
]
}`

/** GET /status. */
export const STATUS_REQUEST = `{
"auth_token": "asdwodj",
"respondent_ids": "1,2,3,4"
}`

/** `"status": "surveyed",`; no brace before the last bracket. */
export const STATUS_ANSWER = `{
"status": "warning",
"respondents": [
{
"id": 1,
"status": "called"
},
{
"id": 2,
"status": "surveyed"
},
{
"id": 3,
"status": "analyzed"
},
{
"id": 4,
"status": "invalid",
"messages": {
"phone": "Phone number is invalid"
}
}
]
}`

/** The same JSON as this server writes it: without white space. */
export function compact(literal: string): string {
  return JSON.stringify(JSON.parse(literal))
}

/** A documented request with a token of this server's in the place of its own. */
export function withToken(literal: string, token: string): string {
  return literal.replace(/("auth_token": ?")\w+"/, (_, start: string) => `${start}${token}"`)
}
