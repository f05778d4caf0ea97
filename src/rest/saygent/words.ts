/** What `messages` say. The first four are the documentation's, to the letter. */
export const AUTHENTICATION_FAILED = 'Authentication failed'
export const EMAIL_INVALID = 'Email not in a valid format'
export const ID_INVALID = 'Respondent id invalid'
export const PHONE_INVALID = 'Phone number is invalid'

/** The contract's own (contract/saygent.md 3, 7, A3, A5). */
export const RATE_LIMIT_EXCEEDED = 'Rate limit exceeded'
export const INVALID_JSON = 'Invalid JSON'
export const IDS_REQUIRED = 'Respondent ids are required'
export const SURVEY_INVALID = 'Survey id invalid'

export const SURVEY_REQUIRED = 'Survey id is required'
export const IDS_NOT_NUMBERS = 'Respondent ids must be numbers'
export const RESPONDENTS_REQUIRED = 'Respondents are required'
export const RESPONDENTS_NOT_A_LIST = 'Respondents must be an array'
export const RESPONDENT_NOT_AN_OBJECT = 'Respondent must be an object'
export const REQUEST_NOT_AN_OBJECT = 'Request must be a JSON object'
export const CONTACT_UNSUPPORTED = 'Contact method is not supported'
