import type { Sql } from 'sql-template-tag'
import type { PrismaClient } from './generated/prisma/client.ts'

/** Something that runs SQL. Parameters travel apart from the text; build statements with `sql` only. */
export interface Queryable {
  query<Row extends object>(statement: Sql): Promise<Row[]>
  /**
   * Runs text that a library composed (the queue); our own statements go through `query`. Without `values` it may be
   * several statements, also its own BEGIN to COMMIT, which is undone as a whole when it fails; the rows of all of them
   * are returned in one list.
   */
  raw<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>
}

/** An open transaction. Do no I/O other than its own queries while it is open: on the embedded database all wait for it. */
export interface Tx extends Queryable {
  readonly inTransaction: true
  /** Runs a script of several statements without parameters. */
  script(text: string): Promise<void>
}

export interface Database extends Queryable {
  readonly kind: 'embedded' | 'postgres'
  /** Unbound: for start-up, tests and the reader that binds it to a workspace. */
  readonly prisma: PrismaClient
  /**
   * Commits when `run` resolves, rolls back when it throws. `lastly` gives statements to run at the very end; they are
   * sent together with the commit, so that locks they take are held no longer than the database needs. They must fail by
   * themselves when they cannot do their work: nobody looks at what they return.
   */
  transaction<T>(run: (tx: Tx) => Promise<T>, lastly?: () => readonly Sql[]): Promise<T>
  /** Runs a script of several statements without parameters. */
  script(text: string): Promise<void>
  /**
   * Calls `onNews` for every NOTIFY on `channel`, from any process. Delivery is best effort: a lost connection is
   * opened again, and what was said in between is lost, so listeners also look by themselves now and then.
   */
  listen(channel: string, onNews: (payload: string) => void): Promise<() => Promise<void>>
  notify(channel: string, payload: string): Promise<void>
  close(): Promise<void>
}
