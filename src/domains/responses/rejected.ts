import { ExpectedError } from '../../platform/errors.ts'

/** Why an upload is not taken: a word for programs, a sentence for the person who sent it. */
export function rejected(rule: string, message: string): ExpectedError {
  return new ExpectedError('UPLOAD_REJECTED', message, { path: ['value'], details: { rule } })
}

export function tooLarge(limit: number): ExpectedError {
  return rejected('too_large', `The file is larger than ${limit} bytes.`)
}
