/** What `prisma generate` writes to src/db/generated/data-model.ts (prisma/data-model-generator.ts). */
export interface DataModel {
  models: Record<string, ModelDefinition>
  enums: Record<string, EnumDefinition>
}

export interface ModelDefinition {
  table: string
  primaryKey: string[]
  keys: KeyDefinition[]
  fields: Record<string, FieldDefinition>
}

/** Fields that together name at most one row; `name` is how Prisma's unique `where` calls them. */
export interface KeyDefinition {
  name: string
  fields: string[]
}

export interface EnumDefinition {
  /** Its name in the database. */
  type: string
  values: string[]
}

export type FieldDefinition = ScalarDefinition | RelationDefinition

export interface ScalarDefinition {
  kind: 'scalar' | 'enum'
  column: string
  /** Prisma's name of the type: String, Int, DateTime, the name of an enum, .. */
  type: string
  /** The `@db.` attribute, without its arguments. */
  nativeType: string | null
  list: boolean
  required: boolean
}

export interface RelationDefinition {
  kind: 'relation'
  model: string
  list: boolean
  required: boolean
  /** Pairs of a field here and the field of the other model that equals it; empty when it has no foreign key. */
  on: [string, string][]
}
