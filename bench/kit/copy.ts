import type pg from 'pg'

/** What pg gives whoever answers for a query of their own. */
interface Wire {
  query(text: string): void
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

const CHUNK = 65_536

/** `COPY … FROM STDIN` of rows in PostgreSQL's text format, in one transaction. Throws what the server says. */
export function copyIn(client: pg.Client, statement: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const submittable = {
      submit: (wire: Wire) => wire.query(statement),
      handleCopyInResponse(wire: Wire) {
        for (let at = 0; at < rows.length; at += CHUNK) wire.sendCopyFromChunk(rows.subarray(at, at + CHUNK))
        wire.endCopyFrom()
      },
      handleCommandComplete() {},
      handleReadyForQuery: () => resolve(),
      handleError: (error: Error) => reject(error),
    }
    client.query(submittable as unknown as pg.Submittable)
  })
}
