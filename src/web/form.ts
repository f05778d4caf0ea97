import type { FastifyRequest } from 'fastify'
import { ERROR_CODES, ExpectedError } from '../platform/errors.ts'
import { bytesOf } from '../platform/incoming.ts'
import { type IncomingFile, partsOf } from './body.ts'
import { malformed } from './errors.ts'
import { toLineFeeds } from './form-values.ts'

/** Names of the form's inputs. The first ones stand first in the form, since files are saved while they stream in. */
export const FIELD = {
  /** The session's token, for browsers that keep no cookies. */
  session: 'session',
  /** The key of a page without a session: sent twice, it begins one session. */
  page: 'page',
  /** The respondent's token from a personal address. */
  respondent: 'r',
  /** The ids of the questions on the page: only these can have been left empty. */
  shown: 'shown',
  answer: (questionId: string) => `a.${questionId}`,
  remove: (questionId: string) => `d.${questionId}`,
} as const

const ANSWER_PREFIX = FIELD.answer('')
/** All text of one page together; a form that a person filled in stays far below. */
const MAX_TEXT_CHARACTERS = 5_000_000

/** What was entered, by name of the input, with plain line feeds. */
export class FormFields {
  readonly #values = new Map<string, string[]>()

  add(name: string, value: string): void {
    const list = this.#values.get(name)
    if (list) list.push(value)
    else this.#values.set(name, [value])
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** The first value that is not empty. */
  one(name: string): string | undefined {
    return this.all(name).find((value) => value !== '')
  }
}

export interface ReadFormOptions {
  maxFiles: number
  /** The most bytes of all files together, refused ones included: those are read to their end to get at the rest. */
  maxBytes: number
  /** Called for each chosen file, in order, with the fields before it. What it does not read is skipped. */
  onFile: (questionId: string, file: IncomingFile, fields: FormFields) => Promise<void>
}

/** Reads a page's form. Throws VALIDATION_FAILED (`malformed`), PAYLOAD_TOO_LARGE, and what `onFile` throws. */
export async function readForm(request: FastifyRequest, options: ReadFormOptions): Promise<FormFields> {
  checkLength(Number(request.headers['content-length'] ?? 0), options.maxBytes + MAX_TEXT_CHARACTERS)
  const fields = new FormFields()
  let textLength = 0
  let fileBytes = 0
  try {
    for await (const part of partsOf(request, { files: options.maxFiles })) {
      if (part.type === 'field') {
        const value = toLineFeeds(String(part.value ?? ''))
        textLength += value.length
        checkLength(textLength, MAX_TEXT_CHARACTERS)
        fields.add(part.fieldname, value)
        continue
      }
      const bytes = counted(bytesOf(part.file, malformed))
      // An input in which no file was chosen is sent as an empty file without a name.
      if (part.filename && part.fieldname.startsWith(ANSWER_PREFIX)) {
        const file = { fileName: part.filename, source: bytes }
        await options.onFile(part.fieldname.slice(ANSWER_PREFIX.length), file, fields)
      }
      for await (const _ of counted(bytesOf(part.file, malformed)));
    }
    return fields
  } catch (error) {
    request.raw.unpipe()
    request.raw.pause()
    throw error
  }

  async function* counted(source: AsyncIterable<Uint8Array>) {
    for await (const chunk of source) {
      fileBytes += chunk.length
      checkLength(fileBytes, options.maxBytes)
      yield chunk
    }
  }
}

function checkLength(length: number, max: number): void {
  if (length > max) throw new ExpectedError('PAYLOAD_TOO_LARGE', ERROR_CODES.PAYLOAD_TOO_LARGE.text)
}
