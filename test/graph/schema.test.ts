import { readFile } from 'node:fs/promises'
import {
  type GraphQLInputField,
  type GraphQLNamedType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { buildSchema, printedSchema } from '../../src/graphql/schema.ts'
import { fieldsOf } from './walk.ts'

const schema = buildSchema()
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
)

/** Everything that can have a description, by coordinate. */
function* described(): Generator<[coordinate: string, description: string | null | undefined]> {
  for (const type of types) {
    yield [type.name, type.description]
    if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description]
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field.description]
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field.description]
      for (const argument of field.args) yield [`${type.name}.${field.name}(${argument.name}:)`, argument.description]
    }
  }
}

describe('the schema', () => {
  it('is the committed schema.graphql', async () => {
    const committed = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8')
    expect(printedSchema(schema), 'run `npm run schema`').toBe(committed)
  })

  it('describes everything, in sentences', () => {
    const all = [...described()]
    expect(all.length).toBeGreaterThan(400)
    expect(all.filter(([, text]) => !text).map(([coordinate]) => coordinate)).toEqual([])
    const own = all.filter(
      ([coordinate]) => !isLeafType(schema.getType(coordinate)) || isEnumType(schema.getType(coordinate)),
    )
    expect(own.filter(([, text]) => text && !/[.`)]$/.test(text)).map(([coordinate]) => coordinate)).toEqual([])
  })

  it('names types, fields and values in the usual cases', () => {
    const wrong = [...described()]
      .map(([coordinate]) => coordinate)
      .filter((coordinate) => {
        const [typeName, rest] = coordinate.split('.') as [string, string | undefined]
        if (!/^[A-Z][A-Za-z0-9]*$/.test(typeName)) return true
        if (rest === undefined) return false
        if (isEnumType(schema.getType(typeName))) return !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/.test(rest)
        return !/^[a-z][A-Za-z0-9]*(\([a-z][A-Za-z0-9]*:\))?$/.test(rest)
      })
    expect(wrong).toEqual([])
    expect(types.filter((type) => isInputObjectType(type) && !/(Input|Filter|Changes)$/.test(type.name))).toEqual([])
  })

  it('has one form for mutations: an input, a union of one payload and typed errors', () => {
    const fields = Object.values(schema.getMutationType()!.getFields())
    expect(fields.length).toBeGreaterThan(10)
    for (const field of fields) {
      const name = field.name[0]!.toUpperCase() + field.name.slice(1)
      expect(field.args.map((argument) => `${argument.name}: ${argument.type}`)).toEqual([`input: ${name}Input!`])
      expect(String(field.type)).toBe(`${name}Result!`)
      const result = schema.getType(`${name}Result`)
      if (!isUnionType(result)) throw new Error(`${name}Result is no union`)
      const errors = result.getTypes().filter((type) => type.getInterfaces().some(({ name }) => name === 'Error'))
      expect(
        result
          .getTypes()
          .filter((type) => !errors.includes(type))
          .map(String),
      ).toEqual([`${name}Payload`])
      expect(errors.map(String)).toEqual(expect.arrayContaining(['ValidationError', 'ForbiddenError']))
      for (const error of errors) expect(error.getInterfaces().map(String), error.name).toEqual(['Error'])
    }
  })

  it('takes an idempotency key wherever something is made that repeating would double', () => {
    const creating = [
      'CreateLinkInput',
      'CreateContactInput',
      'CreateContactListInput',
      'CreateSegmentInput',
      'InviteRespondentInput',
      'CreateSurveyCallsInput',
      'AddRespondentsInput',
      'CallRespondentsInput',
      'AddMessageInput',
      'AddMessagesInput',
      'ResolveConversationInput',
      'CreateWebhookInput',
      'RecordAnalysisInput',
      'CreateUserInput',
      'CreateSubuserInput',
    ]
    for (const name of creating) {
      const input = schema.getType(name) as GraphQLNamedType & { getFields(): Record<string, GraphQLInputField> }
      expect(input.getFields().idempotencyKey, name).toBeDefined()
    }
  })

  it('bounds every list of objects, or says how long it can be', () => {
    const unbounded = [...fieldsOf(schema)].filter(({ type, field }) => {
      if (!isListType(getNullableType(field.type)) || isLeafType(getNamedType(field.type))) return false
      if (/(Connection|Page)$/.test(type.name) || field.args.some(({ name }) => name === 'ids')) return false
      return !/at most \d+|one per |Every broken rule/.test(field.description ?? '')
    })
    expect(unbounded.map(({ name, field }) => `${name}: ${field.description}`)).toEqual([])
  })

  it('has nothing but non-null items in lists, but for nodes', () => {
    const nullable = [...fieldsOf(schema)].filter(({ field }) => {
      const type = getNullableType(field.type)
      return isListType(type) && !isNonNullType(type.ofType)
    })
    expect(nullable.map(({ name }) => name)).toEqual(['Query.nodes'])
  })

  it('gives connections the Relay form', () => {
    const connections = types.filter((type) => isObjectType(type) && type.name.endsWith('Connection'))
    expect(connections.length).toBeGreaterThan(3)
    for (const { name } of connections) {
      const fields = [...fieldsOf(schema)].filter(({ type }) => type.name === name)
      const node = name.replace('Connection', '')
      expect(Object.fromEntries(fields.map(({ field }) => [field.name, String(field.type)])), name).toEqual({
        edges: `[${node}Edge!]!`,
        nodes: `[${node}!]!`,
        pageInfo: 'PageInfo!',
        totalCount: 'Int!',
      })
      for (const { field, name: coordinate } of fieldsOf(schema)) {
        if (getNamedType(field.type).name !== name) continue
        const args = field.args.map((argument) => argument.name)
        expect(args, coordinate).toEqual(expect.arrayContaining(['first', 'last', 'after', 'before']))
      }
    }
  })
})
