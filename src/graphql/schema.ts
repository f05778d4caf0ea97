import {
  defaultFieldResolver,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { READ_SCOPES, requireScope } from '../domains/auth/index.ts'
import { ExpectedError } from '../platform/errors.ts'
import { builder } from './builder.ts'
import type { Context } from './context.ts'
import './scalars.ts'
import './errors.ts'
import './types/workspace.ts'
import './types/user.ts'
import './types/question.ts'
import './types/analysis.ts'
import './types/follow-up.ts'
import './types/insight-budget.ts'
import './types/response.ts'
import './types/answer-search.ts'
import './types/respondent.ts'
import './types/contact.ts'
import './types/contact-list.ts'
import './types/segment.ts'
import './types/contact-import.ts'
import './types/contact-duplicates.ts'
import './types/link.ts'
import './types/link-summary.ts'
import './types/response-export.ts'
import './types/voice-file.ts'
import './types/campaign.ts'
import './types/campaign-kinds.ts'
import './types/campaign-target.ts'
import './types/receiver.ts'
import './types/call.ts'
import './types/outbound-message.ts'
import './types/outreach-policy.ts'
import './types/messaging-words.ts'
import './types/message.ts'
import './types/conversation.ts'
import './types/message-thread.ts'
import './types/metric.ts'
import './types/webhook.ts'
import './types/event.ts'
import './types/node.ts'
import './types/link-mutations.ts'
import './types/webhook-mutations.ts'
import './types/message-mutations.ts'
import './types/message-settings.ts'
import './types/metric-mutations.ts'
import './types/signing-key.ts'
import './types/voice-file-mutations.ts'
import './types/transcript-mutations.ts'
import './types/campaign-mutations.ts'
import './types/campaign-simulation.ts'
import './types/people-mutations.ts'
import './types/respondent-mutations.ts'
import './types/response-mutations.ts'
import './types/contact-mutations.ts'
import './types/contact-list-mutations.ts'
import './types/segment-mutations.ts'
import './types/credential-mutations.ts'
import './types/user-mutations.ts'
import './types/subscription.ts'

builder.queryType({ description: 'What can be read.' })
builder.mutationType({
  description: 'What can be done: one verb per field. Expected failures are members of each result.',
})

/** The schema that the server executes. */
export function buildSchema(): GraphQLSchema {
  const schema = builder.toSchema({ sortSchema: false })
  guardReads(schema)
  locateFailures(schema)
  return schema
}

/** The schema as text, in a fixed order: the committed `schema.graphql`. */
export function printedSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`
}

/**
 * Every field that leads to an object demands the scope that reading such objects needs, wherever the field stands, so
 * that a new field cannot forget it. What a mutation returns of its own effect is exempt: who wrote it may see it.
 */
function guardReads(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__') || type.extensions.payload) continue
    for (const field of Object.values(type.getFields())) {
      const scope = READ_SCOPES[nodeNameOf(getNamedType(field.type) as GraphQLObjectType)]
      if (!scope) continue
      const resolve = field.resolve ?? defaultFieldResolver
      field.resolve = (parent, args, context: Context, info) => {
        requireScope(context.viewer, scope)
        return resolve(parent, args, context, info)
      }
    }
  }
}

/**
 * An expected failure carries a path into the input, and GraphQL takes an error with a path for one that has its place
 * in the result already. So it is wrapped where it is thrown: at the roots and where a field leads to objects.
 */
function locateFailures(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue
    for (const field of Object.values(type.getFields())) {
      const { resolve } = field
      if (!resolve || (isLeafType(getNamedType(field.type)) && !roots.includes(type))) continue
      field.resolve = (parent, args, context: Context, info) => {
        try {
          const result: unknown = resolve(parent, args, context, info)
          return result instanceof Promise ? result.catch(throwLocatable) : result
        } catch (error) {
          return throwLocatable(error)
        }
      }
    }
  }
}

function throwLocatable(error: unknown): never {
  throw error instanceof ExpectedError ? new GraphQLError(error.message, { originalError: error }) : error
}

/** `Link` for `Link` itself and for `LinkConnection`-like types: what their nodes are. */
function nodeNameOf(type: { name: string } & Partial<GraphQLObjectType>): string {
  if (type.name in READ_SCOPES || !type.name.endsWith('Connection') || !type.getFields) return type.name
  const nodes = type.getFields().nodes
  return nodes ? getNamedType(nodes.type).name : type.name
}
