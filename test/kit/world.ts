import { expect } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { type BrowserTokens, browserTokens } from '../../src/domains/auth/browser-token.ts'
import { authenticate, createWorkspace, type Viewer } from '../../src/domains/auth/index.ts'
import { findLinkById, type LinkRow } from '../../src/domains/links/index.ts'
import { type TokenSigner, tokenSigner } from '../../src/domains/responses/index.ts'
import type { World } from '../../src/domains/world.ts'
import { createEventLog, type EventType } from '../../src/events/index.ts'
import { type Clock, FakeClock } from '../../src/platform/clock.ts'
import { ExpectedError, type Issue, ValidationError } from '../../src/platform/errors.ts'
import { idGenerator } from '../../src/platform/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { createSealer } from '../../src/platform/sealed.ts'
import { testDatabase } from './database.ts'

export const START = '2026-11-22T10:00:00.000Z'

const TEST_SEALER = createSealer(new Uint8Array(32).fill(9))

export interface TestWorld {
  world: World
  db: Database
  clock: FakeClock
  /** All scopes, in the first workspace. */
  viewer: Viewer
  workspaceId: string
  /** All scopes, in a second workspace. */
  otherViewer: Viewer
  tokens: BrowserTokens
  signer: TokenSigner
}

/** Two workspaces on a fresh database, under a clock that stands still. */
export async function testWorld(options: { poolSize?: number } = {}): Promise<TestWorld> {
  return worldWithWorkspaces(await testDatabase(options))
}

/** The same on a database that is open already. */
export async function worldWithWorkspaces(db: Database): Promise<TestWorld> {
  const clock = new FakeClock(START)
  const world = worldOn(db, clock)
  const secret = new Uint8Array(32).fill(7)
  const tokens = browserTokens(world, secret)
  const logger = createLogger('silent')
  const acme = await createWorkspace(world, { slug: 'acme', name: 'Acme' })
  const other = await createWorkspace(world, { slug: 'other', name: 'Other' })
  return {
    world,
    db,
    clock,
    viewer: await authenticate({ world, tokens, logger }, acme.key),
    workspaceId: acme.workspaceId,
    otherViewer: await authenticate({ world, tokens, logger }, other.key),
    tokens,
    signer: tokenSigner(secret),
  }
}

/** What one process makes for itself on a database that others use as well. */
export function worldOn(db: Database, clock: Clock = new FakeClock(START)): World {
  const newId = idGenerator(clock)
  return { db, clock, newId, sealer: TEST_SEALER, events: createEventLog({ db, clock, newId }) }
}

/** What was refused: everything a caller is told, as plain data. Fails when `attempt` succeeds or breaks otherwise. */
export async function refusal(attempt: Promise<unknown> | (() => unknown)): Promise<{
  code: string
  message: string
  path: readonly (string | number)[]
  details: Readonly<Record<string, unknown>>
}> {
  const error = await caught(attempt)
  if (!(error instanceof ExpectedError)) throw error
  const { code, message, path, details } = error
  return { code, message, path, details }
}

/** The code of what was refused. */
export async function codeOf(attempt: Promise<unknown> | (() => unknown)): Promise<string> {
  return (await refusal(attempt)).code
}

/** Path (joined by dots) and rule of every broken rule. Also holds each to its promise: path, rule and message are there. */
export async function brokenRules(attempt: Promise<unknown> | (() => unknown)): Promise<string[]> {
  const error = await caught(attempt)
  if (!(error instanceof ValidationError)) throw error
  expect(error.path).toEqual(error.issues[0]?.path)
  expect(error.details).toEqual({ rule: error.issues[0]?.rule })
  return error.issues.map(({ path, rule, message }: Issue) => {
    expect(rule).toMatch(/^[a-z_]+$/)
    expect(message).not.toBe('')
    return `${path.join('.')} ${rule}`
  })
}

async function caught(attempt: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt)
  } catch (error) {
    return error
  }
  throw new Error('expected a refusal, but it succeeded')
}

/** What the log holds after `after`, as `[position, type, payload]`. */
export async function eventsAfter(world: World, workspaceId: string, after: number) {
  const { events } = await world.events.read(workspaceId, after, 10_000)
  return events.map((event): [number, EventType, object] => [event.position, event.type, event.payload])
}

export async function headOf(world: World, workspaceId: string): Promise<number> {
  return (await world.events.head(workspaceId)).position
}

/** The link as its page would load it now. */
export async function loadLink(world: World, workspaceId: string, id: string): Promise<LinkRow> {
  const link = await findLinkById(world.db, workspaceId, id)
  if (!link) throw new Error(`no link ${id}`)
  return link
}

/** A wait is given up only after so many looks: a machine that stood still for its whole time has not looked. */
const LEAST_LOOKS = 500

/** Lets promises and finished I/O go on until `holds`, for what has no promise of its own. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, timeoutMs = 20_000): Promise<void> {
  const end = performance.now() + timeoutMs
  for (let looks = 1; !(await holds()); looks++) {
    if (performance.now() > end && looks >= LEAST_LOOKS) throw new Error(`did not happen in ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
