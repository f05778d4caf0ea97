import { stringify } from 'csv-stringify/sync'
import {
  type ExportedAnswer,
  type ExportedResponse,
  exportedFileName,
  type FieldColumns,
  type ResponseExport,
} from '../../domains/reporting/index.ts'
import { guardCell } from '../csv-cells.ts'

/** Rows that are written in one piece. */
const CHUNK = 100

type Cell = string | number | boolean | null | undefined

interface Column<Of> {
  name: string
  cell(of: Of): Cell
}

const OF_RESPONSE: Column<ExportedResponse>[] = [
  { name: 'response_id', cell: ({ id }) => id },
  { name: 'status', cell: ({ status }) => status },
  { name: 'channel', cell: ({ channel }) => channel },
  { name: 'respondent_id', cell: ({ respondentId }) => respondentId },
  { name: 'contact_id', cell: ({ contactId }) => contactId },
  { name: 'respondent_email', cell: ({ respondentEmail }) => respondentEmail },
  { name: 'started_at', cell: ({ startedAt }) => startedAt },
  { name: 'submitted_at', cell: ({ submittedAt }) => submittedAt },
  { name: 'analyzed_at', cell: ({ analyzedAt }) => analyzedAt },
]

interface Answered {
  response: ExportedResponse
  answer: ExportedAnswer
}

/** The columns of one question: those of which there is anything. */
function columnsOf(field: FieldColumns): Column<Answered>[] {
  const { fieldKey: key } = field
  const of = (suffix: string, cell: Column<Answered>['cell']): Column<Answered> => ({ name: `${key}.${suffix}`, cell })
  return [
    ...(field.isFollowUp ? [of('question', ({ answer }) => answer.question)] : []),
    ...(field.hasValues || !field.hasFiles
      ? [{ name: key, cell: ({ answer }: Answered) => inWords(answer.value) }]
      : []),
    ...(field.hasFiles ? [of('file', ({ response, answer }) => exportedFileName(response.id, answer))] : []),
    ...(field.hasDurations ? [of('seconds', ({ answer }) => answer.upload?.durationSeconds)] : []),
    ...(field.hasTranscripts
      ? [
          of('transcript', ({ answer }) => answer.transcript?.text),
          of('transcript_method', ({ answer }) => answer.transcript?.method),
        ]
      : []),
    ...(field.hasInsights
      ? [
          of('sentiment', ({ answer }) => answer.insight?.sentiment),
          of('sentiment_score', ({ answer }) => answer.insight?.sentimentScore),
          of('actionable', ({ answer }) => answer.insight?.actionable),
          of('key_topics', ({ answer }) => answer.insight?.keyTopics.join('; ')),
          of('summary', ({ answer }) => answer.insight?.summary),
          of('clarity', ({ answer }) => answer.insight?.clarity),
          ...field.customFields.map((name) => of(name, ({ answer }) => answer.insight?.customFields?.[name])),
        ]
      : []),
  ]
}

/** Several options stand beside each other. */
function inWords(value: unknown): Cell {
  if (Array.isArray(value)) return value.join('; ')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Cell)
}

/**
 * One row per response, one column or more per question. Cells that a spreadsheet would take for formulas are guarded.
 * `bom`: with a byte-order mark, without which spreadsheets take UTF-8 for something else.
 */
export async function* csvOf({ fields, responses }: ResponseExport, bom: boolean): AsyncGenerator<string> {
  const perField = fields.map((field) => ({ fieldKey: field.fieldKey, columns: columnsOf(field) }))
  const names = [...OF_RESPONSE, ...perField.flatMap(({ columns }) => columns)].map(({ name }) => name)
  yield `${bom ? '\uFEFF' : ''}${stringify([uniqueOf(names).map(guardCell)])}`
  let rows: string[][] = []
  for await (const response of responses()) {
    const answers = new Map(response.answers.map((answer) => [answer.fieldKey, answer]))
    const cells = perField.flatMap(({ fieldKey, columns }) => {
      const answer = answers.get(fieldKey)
      return columns.map(({ cell }) => (answer ? cell({ response, answer }) : null))
    })
    rows.push([...OF_RESPONSE.map(({ cell }) => cell(response)), ...cells].map(written))
    if (rows.length < CHUNK) continue
    yield stringify(rows)
    rows = []
  }
  if (rows.length > 0) yield stringify(rows)
}

function written(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  return typeof cell === 'string' ? guardCell(cell) : String(cell)
}

/** A field key may be called as another column: the second of a name gets a number. */
function uniqueOf(names: readonly string[]): string[] {
  const used = new Set<string>()
  return names.map((name) => {
    let unique = name
    for (let n = 2; used.has(unique); n++) unique = `${name} (${n})`
    used.add(unique)
    return unique
  })
}
