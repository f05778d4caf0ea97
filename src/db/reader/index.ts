import type { Sql } from 'sql-template-tag'
import { BoundedMap } from '../../platform/bounded-map.ts'
import type { Database } from '../database.ts'
import { dataModel } from '../generated/data-model.ts'
import { Prisma, type PrismaClient } from '../generated/prisma/client.ts'
import { bindArguments } from './bind-arguments.ts'
import { isUuid } from './encode.ts'
import { type Model, resolveModels } from './model.ts'
import { compile, type Plan, READ_METHODS, type ReadMethod } from './plan.ts'
import { ShapeScan, vocabularyOf } from './shape.ts'
import { Unsupported } from './unsupported.ts'

type Delegate = Uncapitalize<Prisma.ModelName>

/**
 * The read methods of Prisma's client, with its arguments and results, confined to one workspace. They return plain
 * promises: a read starts when it is called, and `findUnique` has no fluent methods, whatever its type says.
 */
export type WorkspaceReader = { readonly [M in Delegate]: Pick<PrismaClient[M], ReadMethod> }

export interface Reader {
  /** Every read of the result is bound to the workspace. Cheap; throws `TypeError` when it is no UUID. */
  forWorkspace(workspaceId: string): WorkspaceReader
}

export interface ReaderOptions {
  db: Database
  /** Told of each read that is left to Prisma's engine, several times slower, and why. */
  onFallback?: (model: string, reason: string) => void
  /** How many shapes of arguments stay compiled. Default 1,000. */
  maxPlans?: number
}

/**
 * Answers Prisma's reads with one prepared statement each, whose JSON PostgreSQL builds; what it does not know it
 * leaves to Prisma, bound to the workspace all the same. It differs from Prisma on purpose in two points: `%` and `_`
 * in a text to look for stand for themselves, and null for a relation means that there is none (Prisma compares the
 * workspace's column with null too, and so never finds any).
 */
export function createReader({ db, onFallback, maxPlans = 1000 }: ReaderOptions): Reader {
  const models = resolveModels(dataModel)
  const vocabulary = vocabularyOf(models.values())
  // A refused shape is remembered with its reason.
  const plans = new BoundedMap<string, Plan | Unsupported>(maxPlans)

  function planOf(model: Model, method: ReadMethod, shape: string): Plan {
    const key = `${model.name}.${method}${shape}`
    let plan = plans.get(key)
    if (plan === undefined) {
      plan = tryCompile(model, method, shape)
      plans.set(key, plan)
    }
    if (plan instanceof Unsupported) throw plan
    return plan
  }

  async function read(model: Model, method: ReadMethod, args: unknown, workspaceId: string): Promise<unknown> {
    let plan: Plan
    let statement: Sql
    try {
      const shape = new ShapeScan(vocabulary)
      shape.args(args ?? {})
      plan = planOf(model, method, shape.key)
      statement = prepared(plan.text, plan.bind(workspaceId, shape.leaves))
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error
      onFallback?.(model.name, error.message)
      return viaPrisma(db.prisma, model, method, args, workspaceId)
    }
    const result = plan.decode(await db.query<{ j: unknown }>(statement))
    if (result === null && (method === 'findFirstOrThrow' || method === 'findUniqueOrThrow')) throw notFound(model)
    return result
  }

  const Bound = boundReader(models.values(), read)
  return {
    forWorkspace(workspaceId) {
      // With undefined Prisma would read all workspaces.
      if (!isUuid(workspaceId)) throw new TypeError('a workspace is named by a UUID')
      return new Bound(workspaceId) as unknown as WorkspaceReader
    },
  }
}

type Read = (model: Model, method: ReadMethod, args: unknown, workspaceId: string) => Promise<unknown>

/** A class with a getter per model and a method per read, so that a reader of a workspace is one small object. */
function boundReader(models: Iterable<Model>, read: Read): new (workspaceId: string) => object {
  class Bound {
    readonly workspaceId: string
    constructor(workspaceId: string) {
      this.workspaceId = workspaceId
    }
  }
  for (const model of models) {
    Object.defineProperty(Bound.prototype, delegateName(model), {
      enumerable: true,
      get(this: Bound) {
        const { workspaceId } = this
        return Object.fromEntries(
          READ_METHODS.map((method) => [method, (args: unknown) => read(model, method, args, workspaceId)]),
        )
      },
    })
  }
  return Bound
}

function delegateName(model: Model): Delegate {
  return (model.name[0]!.toLowerCase() + model.name.slice(1)) as Delegate
}

function tryCompile(model: Model, method: ReadMethod, shape: string): Plan | Unsupported {
  try {
    return compile(model, method, shape)
  } catch (error) {
    if (error instanceof Unsupported) return error
    throw error
  }
}

/** `Database.query` asks for no more of an `Sql` than these two; a template would be taken apart at every call. */
function prepared(text: string, values: unknown[]): Sql {
  return { text, values } as unknown as Sql
}

async function viaPrisma(
  prisma: PrismaClient,
  model: Model,
  method: ReadMethod,
  args: unknown,
  workspaceId: string,
): Promise<unknown> {
  const delegate = prisma[delegateName(model)] as unknown as Record<ReadMethod, (args: unknown) => Promise<unknown>>
  return delegate[method](bindArguments(model, args, workspaceId))
}

/** Prisma's own error, so that callers need not know which way a read went. */
function notFound(model: Model): Error {
  return new Prisma.PrismaClientKnownRequestError(
    'An operation failed because it depends on one or more records that were required but not found. No record was found for a query.',
    {
      code: 'P2025',
      clientVersion: Prisma.prismaVersion.client,
      meta: { modelName: model.name, operation: 'a query' },
    },
  )
}
