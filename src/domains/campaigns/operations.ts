import { z } from 'zod'
import type { Issue } from '../../platform/errors.ts'
import { issuesOf, line } from '../../platform/validation.ts'
import { DIGITS } from '../../providers/telephony/index.ts'
import { speechText } from '../voice-files/index.ts'

/** What a VoiceBroadcast does in a call, one after the other (docs/operations.md). */
export type Operations = readonly Operation[]

export type Operation =
  | Spoken
  | {
      do: 'gather'
      /** Played while keys may be pressed already. */
      prompt: readonly Spoken[]
      /** How many at most. */
      digits: number
      /** After the end of the prompt for the first digit, and from each digit to the next. */
      timeoutSeconds: number
      /** The key that ends it early; null: none. */
      finishOn: '*' | '#' | null
      /** By what was pressed. Without `operations` the call goes on with what follows. */
      replies: Readonly<Record<string, { reply?: OperationReply; operations?: Operations }>>
      /** When nothing was pressed, or anything else; absent: the call goes on with what follows. */
      otherwise?: Operations
    }
  | {
      do: 'record'
      maxSeconds: number
      /** Ends when nothing was said for so long; null: silence does not end it. */
      silenceSeconds: number | null
      beep: boolean
      /** The key that ends it; null: none. */
      finishOn: 'any' | '*' | '#' | null
    }
  | { do: 'hangUp' }

/** What a person hears. */
export type Spoken =
  | { do: 'play'; voiceFileId: string }
  | { do: 'say'; text: string; voice: string }
  | { do: 'pause'; seconds: number }

export type OperationReply = (typeof OPERATION_REPLIES)[number]

const OPERATION_REPLIES = ['accept', 'decline', 'optOut'] as const
const SPOKEN_KINDS = ['play', 'say', 'pause'] as const
const OPERATION_KINDS = [...SPOKEN_KINDS, 'gather', 'record', 'hangUp'] as const

/** All of one broadcast, those within prompts and replies included. */
export const MAX_OPERATIONS = 50
/** Lists within lists. */
export const MAX_OPERATION_DEPTH = 3
const MAX_DIGITS = 20
const MAX_REPLIES = 50
/** Of the JSON text. */
const MAX_TEXT_LENGTH = 100_000

/** Looks at the elements only when there are not too many. */
const list = <Item extends z.ZodType>(item: Item) =>
  z.array(z.unknown()).max(MAX_OPERATIONS, `must be at most ${MAX_OPERATIONS}`).pipe(z.array(item))

/** Holds a value against the one schema that it should fit, so that what is wrong is told of that one. */
const chosen = (choose: (value: unknown) => z.ZodType) =>
  z.unknown().transform((value, context) => {
    const result = choose(value).safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) context.addIssue({ ...issue } as never)
    return z.NEVER
  })

/** What `options` has for the value's `do`; any other `do` is refused by that name. */
function oneOf<Kind extends string>(kinds: readonly Kind[], options: Record<Kind, z.ZodType>) {
  const named = z.looseObject({ do: z.enum(kinds, `must be one of ${kinds.join(', ')}`) })
  return chosen((value) => {
    const name = named.safeParse(value)
    return name.success ? options[name.data.do] : named
  })
}

const seconds = (min: number, max: number) =>
  z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`)

/** A global id, a UUID, or the number that a legacy API shows. */
const voiceFileReference = z.union([z.number().int().positive().max(2_147_483_647).transform(String), line(200)])

const spokenOptions = {
  play: z.strictObject({ do: z.literal('play'), voiceFileId: voiceFileReference }),
  say: z.strictObject({ do: z.literal('say'), text: speechText, voice: line(100) }),
  pause: z.strictObject({ do: z.literal('pause'), seconds: seconds(0.1, 60) }),
}

const record = z.strictObject({
  do: z.literal('record'),
  maxSeconds: seconds(1, 300),
  silenceSeconds: seconds(1, 60).nullable().default(null),
  beep: z.boolean().default(true),
  finishOn: z.enum(['any', '*', '#'], 'must be any, * or #').nullable().default(null),
})

const replyWord = z.enum(OPERATION_REPLIES, `must be one of ${OPERATION_REPLIES.join(', ')}`)

/** Lists of the depth given, 1 being the outermost. */
function listAt(depth: number): z.ZodType<Operations> {
  const nested: z.ZodType<Operations> =
    depth < MAX_OPERATION_DEPTH
      ? listAt(depth + 1)
      : z.custom<Operations>(() => false, {
          params: { rule: 'too_deep' },
          message: `must not be nested: ${MAX_OPERATION_DEPTH} lists are as deep as it goes`,
        })
  const word = replyWord.transform((reply) => ({ reply }))
  const withMore = z.strictObject({ reply: replyWord.optional(), operations: nested.optional() })
  const reply = chosen((value) => (typeof value === 'string' ? word : withMore))
  const gather = z
    .strictObject({
      do: z.literal('gather'),
      prompt: list(oneOf(SPOKEN_KINDS, spokenOptions)).default([]),
      digits: z.int().min(1, 'must be at least 1').max(MAX_DIGITS, `must be at most ${MAX_DIGITS}`).default(1),
      timeoutSeconds: seconds(1, 60).default(10),
      finishOn: z.enum(['*', '#'], 'must be * or #').nullable().default(null),
      replies: z.record(z.string(), reply).default({}),
      otherwise: nested.optional(),
    })
    .superRefine(({ digits, finishOn, replies }, context) => {
      const refuse = (path: string[], rule: string, message: string) =>
        context.addIssue({ code: 'custom', path, params: { rule }, message })
      const pressed = Object.keys(replies)
      if (pressed.length > MAX_REPLIES) refuse(['replies'], 'too_long', `must be at most ${MAX_REPLIES}`)
      for (const keys of pressed) {
        const path = ['replies', keys]
        if (keys === '' || [...keys].some((key) => !DIGITS.includes(key))) {
          refuse(path, 'digits', 'must be made of the keys 0 to 9, * and #')
        } else if (keys.length > digits) {
          refuse(path, 'unreachable', `can never be pressed: there are at most ${digits} digits`)
        } else if (finishOn !== null && keys.includes(finishOn)) {
          refuse(path, 'unreachable', `can never be pressed: ${finishOn} ends it`)
        }
      }
    })
  const options = { ...spokenOptions, gather, record, hangUp: z.strictObject({ do: z.literal('hangUp') }) }
  return list(oneOf(OPERATION_KINDS, options)).superRefine((operations, context) => {
    const end = (operations as Operations).findIndex((operation) => operation.do === 'hangUp')
    if (end === -1 || end === operations.length - 1) return
    const message = 'is never reached: hangUp stands before it'
    context.addIssue({ code: 'custom', path: [end + 1], params: { rule: 'unreachable' }, message })
  }) as unknown as z.ZodType<Operations>
}

/** Operations as they are given; gives them back with every default in its place. */
export const operationsSchema: z.ZodType<Operations> = listAt(1).superRefine((operations, context) => {
  if (operations.length === 0) {
    context.addIssue({ code: 'custom', params: { rule: 'too_short' }, message: 'must have at least one operation' })
  }
  if (count(operations) > MAX_OPERATIONS) {
    const message = `must be at most ${MAX_OPERATIONS}, prompts and nested ones included`
    context.addIssue({ code: 'custom', params: { rule: 'too_long' }, message })
  }
})

/**
 * Operations as JSON text. Multisender takes any JSON for them, so what is `unsupported` was stored all the same and is
 * refused when it would be dialled.
 */
export function parseOperations(text: string): { operations: Operations } | { unsupported: Issue[] } {
  const unsupported = (rule: string, message: string) => ({ unsupported: [{ path: [], rule, message }] })
  if (text.length > MAX_TEXT_LENGTH) return unsupported('too_long', `must have at most ${MAX_TEXT_LENGTH} characters`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unsupported('json', 'must be JSON')
  }
  const result = operationsSchema.safeParse(value)
  return result.success ? { operations: result.data } : { unsupported: issuesOf(result.error) }
}

/** Every voice file that is named, with where; the same one as often as it is named. */
export function voiceFileReferences(operations: Operations): { voiceFileId: string; path: (string | number)[] }[] {
  return [...walk(operations, [])].flatMap(({ operation, path }) =>
    operation.do === 'play' ? [{ voiceFileId: operation.voiceFileId, path: [...path, 'voiceFileId'] }] : [],
  )
}

/** The same operations with each reference to a voice file replaced by what `replacement` gives for it. */
export function replaceVoiceFiles(operations: Operations, replacement: (voiceFileId: string) => string): Operations {
  const inSpoken = (spoken: Spoken): Spoken =>
    spoken.do === 'play' ? { ...spoken, voiceFileId: replacement(spoken.voiceFileId) } : spoken
  const inList = (list: Operations): Operations =>
    list.map((operation) => {
      if (operation.do === 'record' || operation.do === 'hangUp') return operation
      if (operation.do !== 'gather') return inSpoken(operation)
      const { prompt, replies, otherwise } = operation
      return {
        ...operation,
        prompt: prompt.map(inSpoken),
        replies: Object.fromEntries(
          Object.entries(replies).map(([pressed, one]) => [
            pressed,
            one.operations ? { ...one, operations: inList(one.operations) } : one,
          ]),
        ),
        ...(otherwise ? { otherwise: inList(otherwise) } : {}),
      }
    })
  return inList(operations)
}

/** Every text that is said, once, with its key for `operationsScript` and where it is said first. */
export function saidTexts(
  operations: Operations,
): { key: string; text: string; voice: string; path: (string | number)[] }[] {
  const found = new Map<string, { key: string; text: string; voice: string; path: (string | number)[] }>()
  for (const { operation, path } of walk(operations, [])) {
    if (operation.do !== 'say') continue
    const key = saidKey(operation)
    if (!found.has(key)) found.set(key, { key, text: operation.text, voice: operation.voice, path })
  }
  return [...found.values()]
}

/** What tells one thing that is said from another. */
export function saidKey({ text, voice }: { text: string; voice: string }): string {
  return JSON.stringify([voice, text])
}

function count(operations: Operations): number {
  return [...walk(operations, [])].length
}

/** Every operation, prompts and nested ones included, in the order in which they are written. */
function* walk(
  operations: Operations,
  at: (string | number)[],
): Generator<{ operation: Operation; path: (string | number)[] }> {
  for (const [index, operation] of operations.entries()) {
    const path = [...at, index]
    yield { operation, path }
    if (operation.do !== 'gather') continue
    yield* walk(operation.prompt, [...path, 'prompt'])
    for (const [pressed, { operations: list }] of Object.entries(operation.replies)) {
      if (list) yield* walk(list, [...path, 'replies', pressed, 'operations'])
    }
    if (operation.otherwise) yield* walk(operation.otherwise, [...path, 'otherwise'])
  }
}
