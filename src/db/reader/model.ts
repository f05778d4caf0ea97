import type { DataModel, ModelDefinition, ScalarDefinition } from './data-model.ts'
import { type ColumnKind, type Encode, encoderOf } from './encode.ts'

export interface Model {
  name: string
  /** Quoted. */
  table: string
  columns: Map<string, Column>
  relations: Map<string, Relation>
  /** Prisma's name of each key of several fields, with the fields. */
  compoundKeys: Map<string, Column[]>
  /** Fields that are a key by themselves. */
  singleKeys: Set<string>
  primaryKey: Column[]
  /** The column that holds the workspace; of the model Workspace, its id. */
  workspace: Column
}

export interface Column {
  field: string
  /** Quoted. */
  name: string
  /** The type in PostgreSQL, to cast parameters to. */
  type: string
  list: boolean
  required: boolean
  kind: ColumnKind
  encode: Encode
}

export interface Relation {
  field: string
  target: Model
  list: boolean
  required: boolean
  /** Pairs of a column here and the column of the target that equals it. */
  on: [Column, Column][]
}

const WORKSPACE_MODEL = 'Workspace'
const WORKSPACE_FIELD = 'workspaceId'

/**
 * The models by name. Throws when a model has no workspace: it could not be bound, and a read of it would be a hole.
 */
export function resolveModels(definition: DataModel): Map<string, Model> {
  const models = new Map<string, Model>()
  for (const [name, model] of Object.entries(definition.models)) models.set(name, scalars(definition, name, model))
  for (const [name, { fields }] of Object.entries(definition.models)) {
    const model = models.get(name)!
    for (const [field, relation] of Object.entries(fields)) {
      if (relation.kind !== 'relation') continue
      const target = models.get(relation.model)!
      const on = relation.on.map(([here, there]): [Column, Column] => [
        model.columns.get(here)!,
        target.columns.get(there)!,
      ])
      model.relations.set(field, { field, target, list: relation.list, required: relation.required, on })
    }
  }
  return models
}

function scalars(definition: DataModel, name: string, model: ModelDefinition): Model {
  const columns = new Map<string, Column>()
  for (const [field, scalar] of Object.entries(model.fields)) {
    if (scalar.kind !== 'relation') columns.set(field, column(definition, field, scalar))
  }
  const workspace = columns.get(name === WORKSPACE_MODEL ? 'id' : WORKSPACE_FIELD)
  if (!workspace) throw new Error(`the model ${name} has no ${WORKSPACE_FIELD}, so its rows belong to nobody`)
  const named = (fields: string[]) => fields.map((field) => columns.get(field)!)
  return {
    name,
    table: quote(model.table),
    columns,
    relations: new Map(),
    compoundKeys: new Map(
      model.keys.filter((key) => key.fields.length > 1).map((key) => [key.name, named(key.fields)]),
    ),
    singleKeys: new Set(model.keys.filter((key) => key.fields.length === 1).map((key) => key.fields[0]!)),
    primaryKey: named(model.primaryKey),
    workspace,
  }
}

function column(definition: DataModel, field: string, scalar: ScalarDefinition): Column {
  const values = scalar.kind === 'enum' ? definition.enums[scalar.type]! : undefined
  const [kind, type] = values ? (['enum', quote(values.type)] as const) : builtIn(scalar)
  return {
    field,
    name: quote(scalar.column),
    type,
    list: scalar.list,
    required: scalar.required,
    kind,
    encode: encoderOf(kind, values?.values),
  }
}

/** Types that are not here, for want of a column that has them, are left to Prisma. */
function builtIn({ type, nativeType }: ScalarDefinition): readonly [Column['kind'], string] {
  if (type === 'String' && (nativeType === null || nativeType === 'Text')) return ['text', 'text']
  if (type === 'String' && nativeType === 'Uuid') return ['uuid', 'uuid']
  if (type === 'Int' && nativeType === null) return ['number', 'int4']
  if (type === 'Boolean') return ['boolean', 'boolean']
  if (type === 'DateTime' && nativeType === 'Timestamptz') return ['date', 'timestamptz']
  if (type === 'BigInt' && nativeType === null) return ['bigint', 'int8']
  if (type === 'Float' && nativeType === null) return ['float', 'float8']
  if (type === 'Json' && nativeType === null) return ['json', 'jsonb']
  if (type === 'Json' && nativeType === 'Json') return ['json', 'json']
  if (type === 'Bytes' && nativeType === null) return ['bytes', 'bytea']
  return ['unreadable', 'text']
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
