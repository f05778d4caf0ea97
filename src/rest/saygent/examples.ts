/** The documentation's own, as corrected by contract/saygent.md 5, without the token, which may be sent in other ways. */
export const ADD_REQUEST = {
  survey_id: 1234,
  respondents: [
    {
      phone: '111-111-1111',
      first_name: 'john',
      last_name: 'smith',
      email: 'johnsmith@example.com',
      contact: { by: 'phone' },
    },
    { phone: '222-222-2222', email: 'asdf.com' },
  ],
}

export const ADD_ANSWER = {
  status: 'warning',
  respondents: [
    {
      id: 1,
      phone: '111-111-1111',
      first_name: 'john',
      last_name: 'smith',
      email: 'johnsmith@example.com',
      status: 'created',
    },
    {
      phone: '222-222-2222',
      email: 'asdf.com',
      status: 'failed',
      messages: { email: 'Email not in a valid format' },
    },
  ],
}

export const READ_REQUEST = { respondent_ids: '1,2', survey_id: 'xyz123' }

export const READ_ANSWER = {
  status: 'success',
  respondents: [
    { id: 1, phone: '111-111-1111', first_name: 'john', last_name: 'smith', email: 'johnsmith@example.com' },
    { id: 2, phone: '555-555-5555', email: 'professor@planex.com' },
  ],
}

export const CALL_REQUEST = { respondent_ids: [1, 2, 3] }

export const CALL_ANSWER = {
  status: 'warning',
  respondents: [
    { id: 1, status: 'queued' },
    { id: 2, status: 'invalid', messages: { id: 'Respondent id invalid' } },
    { id: 3, status: 'queued' },
  ],
}

export const STATUS_REQUEST = { respondent_ids: '1,2,3,4' }

export const STATUS_ANSWER = {
  status: 'warning',
  respondents: [
    { id: 1, status: 'called' },
    { id: 2, status: 'surveyed' },
    { id: 3, status: 'analyzed' },
    { id: 4, status: 'invalid', messages: { phone: 'Phone number is invalid' } },
  ],
}
