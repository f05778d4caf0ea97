import type { DateRule } from './dates.ts'
import type { Kind } from './forms.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** What was sent. */
export type RequestBody =
  | { kind: 'none' }
  | { kind: 'json'; value: Json }
  | { kind: 'text'; text: string }
  | { kind: 'form'; fields: [string, string][] }
  | { kind: 'multipart'; parts: { name: string; value: string; fileName?: string; contentType?: string }[] }
  | { kind: 'bytes'; bytes: Buffer }

/** What was answered. `any`: the recording does not say. */
export type ExpectedBody =
  | { kind: 'any' }
  | { kind: 'json'; value: Json }
  | { kind: 'text'; text: string }
  | { kind: 'bytes'; bytes: Buffer }

export interface Expectation {
  status: number
  /** Documented ones, by lower-case name. Null: the header must be absent. */
  headers: Record<string, string | null>
  body: ExpectedBody
}

/** A value by its JSON path; with `pattern`, what the first group of it finds in the text there. */
export interface Capture {
  path: string
  pattern?: string
}

/** One recorded request. */
export interface Entry {
  /** Where it stands in the file, from 1. In a HAR: the line on which the entry begins. */
  line: number
  note?: string
  method: string
  /** A path with its query, or an absolute URL. May hold `{{names}}`. */
  url: string
  /** By lower-case name. */
  headers: Record<string, string>
  body: RequestBody
  /** Absent: a step that only has to succeed. */
  expect?: Expectation
  /** What a value must be, by JSON path, where the recorded value is an example of it. */
  match: Record<string, Kind>
  /** Values of the answer that later requests and answers hold as `{{name}}`. */
  capture: Record<string, Capture>
  /** Values by JSON path that the answer must have: until then the request is sent again and again. */
  until?: Record<string, Json>
  /** The credential to send: absent: the one of the replay; null: what was recorded; else this. */
  key?: string | null
  allowExtra?: boolean
}

export interface Recording {
  name: string
  /** Hosts of the recorded server; `*.` stands for any one label. */
  hosts: string[]
  /** Texts that stand for ids though they do not look like it. */
  ids: string[]
  /** Which kind of thing an id under this key belongs to, where the name does not tell: `{ "parentId": "group" }`. */
  kinds: Record<string, string>
  dates: DateRule
  entries: Entry[]
}

/** The file is no recording. The process ends with 2. */
export class UnreadableRecording extends Error {
  override readonly name = 'UnreadableRecording'

  constructor(line: number, rule: string) {
    super(`line ${line}: ${rule}`)
  }
}
