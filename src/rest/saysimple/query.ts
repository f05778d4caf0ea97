import { z } from 'zod'
import type { MetricFilter } from '../../domains/metrics/index.ts'
import { isStorable } from '../../platform/validation.ts'
import { type Fault, Refused } from '../legacy/index.ts'
import { readInstantInQuery } from './instants.ts'
import { NOT_ISO_8601, shouldBe } from './words.ts'

const DEFAULT_DAYS_MS = 30 * 86_400_000

/** Names whose values contain no comma, which therefore always parts them. */
const WORDS = ['channel', 'provider'] as const
/** Names whose values may be anything: with a comma one is both its parts and, where it can be one, itself. */
const TEXTS = ['agent', 'tag', 'identifier', 'conversation'] as const
const LISTS: ReadonlySet<string> = new Set([...WORDS, ...TEXTS])

const ALL = '*'
/** Of what messages name. */
const LONGEST = 100

/**
 * The query as metrics read it: of names that take several values all of them, whether the name was repeated, has empty
 * brackets or numbers in them, or the values commas between them; of others the last. What stands for no value of its
 * own, such as `channel[a]=b`, is null.
 */
export function parseQuery(search: string): Record<string, unknown> {
  const query = new Map<string, unknown>()
  for (const [name, value] of new URLSearchParams(search)) {
    const [, base = name, index] = /^(\w+)\[(.*)\]$/s.exec(name) ?? []
    if (!LISTS.has(base)) query.set(name, value)
    else query.set(base, [...((query.get(base) as unknown[]) ?? []), /^\d*$/.test(index ?? '') ? value : null])
  }
  return Object.fromEntries(query)
}

const instant = (description: string) =>
  z
    .string()
    .transform((text, context) => {
      const read = readInstantInQuery(text)
      if (read) return read
      context.addIssue({ code: 'custom', message: NOT_ISO_8601 })
      return z.NEVER
    })
    .optional()
    .meta({ description, format: 'date-time' })

/** Several texts; undefined: all. */
const texts = (name: (typeof TEXTS)[number], description: string) =>
  z
    .array(z.string(shouldBe(name, 'a string')).refine(isStorable, shouldBe(name, 'a string')))
    .transform((values) => chosen(values.flatMap((value) => [...(canBeOne(value) ? [value] : []), ...partsOf(value)])))
    .optional()
    .meta({ description: `${description} Several as \`${name}=a&${name}=b\`, \`${name}=a,b\` or \`${name}[]=a\`.` })

/** Several words of A to Z and `_`, in any case; undefined: all. */
const words = (name: (typeof WORDS)[number], description: string) =>
  z
    .array(z.string(shouldBe(name, 'a string')))
    .transform((values, context) => {
      const all = values.flatMap(partsOf)
      const strange = all.find((each) => each !== ALL && !/^[A-Z_]{2,100}$/i.test(each))
      if (strange === undefined) return chosen(all)
      const what = /[a-z]/i.test(strange) ? 'of 2 to 100 letters A to Z and underscores' : 'a string'
      context.addIssue({ code: 'custom', message: shouldBe(name, what) })
      return z.NEVER
    })
    .optional()
    .meta({ description: `${description} Several in the same ways as \`agent\`. In any case.` })

/** One word of several, in any case. */
const word = <const Words extends readonly string[]>(name: string, choices: Words, description: string) =>
  z
    .string()
    .transform((text, context) => {
      const upper = text.toUpperCase()
      if ((choices as readonly string[]).includes(upper)) return upper as Words[number]
      context.addIssue({ code: 'custom', message: shouldBe(name, `one of ${choices.join(', ')}`) })
      return z.NEVER
    })
    .optional()
    .meta({ description: `${description} Default: ALL.`, enum: [...choices] })

function partsOf(value: string): string[] {
  return value.split(',').map((part) => part.trim())
}

function canBeOne(value: string): boolean {
  return value.length <= LONGEST && /[^\s,]/.test(value)
}

function chosen(values: readonly string[]): string[] | undefined {
  const named = [...new Set(values.filter((value) => value !== ''))]
  return named.length === 0 || named.includes(ALL) ? undefined : named
}

const common = {
  between: instant('The start of the period, inclusive. ISO 8601 with its `T`. Default: 30 days ago.'),
  and: instant('The end of the period, inclusive. Default: 30 days after `between`.'),
  agent: texts('agent', 'Agents.'),
  channel: words('channel', 'Names of channels, such as `WHATSAPP`.'),
  tag: texts('tag', 'Tags; `user:` may be left out, `team:` and `system:` may not.'),
  provider: words('provider', 'Providers, such as `TWILIO`.'),
  identifier: texts('identifier', 'Addresses of the tenant or of customers.'),
  conversation: texts('conversation', 'Conversations.'),
}

const direction = word('direction', ['IN', 'OUT', 'ALL'], 'Only messages received (`IN`) or sent (`OUT`).')
const initiatedBy = word('initiatedBy', ['USER', 'BUSINESS', 'ALL'], 'Only those begun by the user or by the business.')

const all = z.object({ ...common, direction, initiatedBy })
export type MetricQuery = z.output<typeof all>

/** Parameters that not every metric takes. */
export interface Takes {
  direction?: boolean
  initiatedBy?: boolean
  tag?: boolean
}

/** What a metric takes; other parameters are passed over, whatever they hold. */
export function queryOf(takes: Takes) {
  const { tag: _, ...withoutTag } = common
  return z.object({
    ...(takes.tag === false ? withoutTag : common),
    ...(takes.direction ? { direction } : {}),
    ...(takes.initiatedBy ? { initiatedBy } : {}),
  }) as z.ZodType<MetricQuery>
}

/** The period that is asked for, both ends inclusive. Throws `Refused` when it ends before it begins. */
export function periodOf({ between, and }: MetricQuery, now: Date): { between: Date; and: Date } {
  const start = between ?? new Date(now.getTime() - DEFAULT_DAYS_MS)
  const end = and ?? new Date(start.getTime() + DEFAULT_DAYS_MS)
  if (end >= start) return { between: start, and: end }
  const fault: Fault = { path: ['and'], message: 'And should not be before between', value: and?.toISOString() }
  throw new Refused({ kind: 'invalid', where: 'query', faults: [fault], input: undefined })
}

export function filterOf({ direction, initiatedBy, ...query }: MetricQuery): MetricFilter {
  return {
    direction: direction === 'IN' ? 'in' : direction === 'OUT' ? 'out' : undefined,
    initiatedBy: initiatedBy === 'USER' ? 'user' : initiatedBy === 'BUSINESS' ? 'business' : undefined,
    agents: query.agent,
    channels: query.channel,
    providers: query.provider,
    tags: query.tag,
    identifiers: query.identifier,
    conversations: query.conversation,
  }
}

/** What the domain calls a filter, and what this API does. */
export const FILTER_NAMES = {
  from: 'between',
  to: 'and',
  agents: 'agent',
  channels: 'channel',
  providers: 'provider',
  tags: 'tag',
  identifiers: 'identifier',
  conversations: 'conversation',
}
