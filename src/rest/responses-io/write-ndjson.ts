import { type ExportedResponse, exportedFileName, type ResponseExport } from '../../domains/reporting/index.ts'
import { gather } from './gather.ts'

/** One response a line, with all of its answers. */
export function ndjsonOf({ link, responses }: ResponseExport): AsyncGenerator<string> {
  return gather(
    (async function* () {
      for await (const response of responses()) yield `${JSON.stringify({ link, ...lineOf(response) })}\n`
    })(),
  )
}

/** Where the server keeps bytes is nobody's business; what they are called in a ZIP is. */
function lineOf({ answers, ...response }: ExportedResponse) {
  return {
    ...response,
    answers: answers.map(({ upload, place, ...answer }) => {
      if (!upload) return { ...answer, file: null }
      const { storageKey, ...file } = upload
      return { ...answer, file: { name: exportedFileName(response.id, { ...answer, place, upload }), ...file } }
    }),
  }
}
