import { line, text } from '../../platform/validation.ts'

export const MAX_NAME = 200

/** What people call a voice file, by field. */
export const NAMING = { name: line(MAX_NAME), description: text(2_000).nullish() }
