import { type Bindings, kindAround } from './bindings.ts'
import type { DateRule } from './dates.ts'
import type { Json } from './entry.ts'
import { isOfKind, type Kind } from './forms.ts'
import { ALL, below, readPath, type Step } from './json-path.ts'
import { textFault, type Why } from './match-text.ts'

export interface Difference {
  /** A JSON path into the body, or `status`, `headers.<name>`, `body`, `request`. */
  path: string
  why: Why
  expected?: Json
  actual?: Json
  detail?: string
}

export interface MatchContext {
  bindings: Bindings
  dates: DateRule
  hosts: readonly string[]
  server: URL
  /** Compiled by `readRules`. */
  rules: readonly Rule[]
  allowExtra: boolean
  keyOrder: boolean
  /** The kind of thing that the request's path is about, for ids that are numbers. */
  about: string
}

export interface Rule {
  steps: readonly Step[]
  kind: Kind
}

export function readRules(match: Readonly<Record<string, Kind>>): Rule[] {
  return Object.entries(match).map(([path, kind]) => ({ steps: readPath(path), kind }))
}

/** Every difference between a recorded JSON value and the one that was answered. Binds the ids that it meets. */
export function differences(expected: Json, actual: Json, context: MatchContext): Difference[] {
  const found: Difference[] = []
  compare(expected, actual, { path: '$', key: '', around: context.about, rules: context.rules })
  return found

  interface Place {
    path: string
    /** The key that the value stands under, through arrays. */
    key: string
    /** The kind of thing that holds it. */
    around: string
    /** Those that may apply here or further down, less the steps that led here. */
    rules: readonly Rule[]
  }

  function compare(then: Json | undefined, now: Json | undefined, place: Place): void {
    const rule = place.rules.find(({ steps }) => steps.length === 0)
    const prefix = rule?.kind === 'begins'
    if (rule && rule.kind !== 'begins') {
      if (isOfKind(rule.kind, now)) return
      found.push({
        path: place.path,
        why: now === undefined ? 'missing' : 'form',
        actual: now,
        detail: `must be ${rule.kind}`,
      })
      return
    }
    if (then === undefined && now === undefined) return
    if (then === undefined) {
      if (!context.allowExtra) found.push({ path: place.path, why: 'extra', actual: now })
      return
    }
    if (now === undefined) {
      found.push({ path: place.path, why: 'missing', expected: then })
      return
    }
    if (typeOf(then) !== typeOf(now)) {
      found.push({
        path: place.path,
        why: 'type',
        expected: then,
        actual: now,
        detail: `${typeOf(then)} became ${typeOf(now)}`,
      })
    } else if (Array.isArray(then)) compareArrays(then, now as Json[], prefix, place)
    else if (typeof then === 'object' && then !== null) compareObjects(then, now as { [key: string]: Json }, place)
    else if (typeof then === 'string') compareTexts(then, now as string, place)
    else if (typeof then === 'number') compareNumbers(then, now as number, place)
    else if (then !== now) found.push({ path: place.path, why: 'value', expected: then, actual: now })
  }

  function compareArrays(then: Json[], now: Json[], prefix: boolean, place: Place): void {
    const length = prefix ? then.length : Math.max(then.length, now.length)
    for (let index = 0; index < length; index++) compare(then[index], now[index], inside(place, index))
  }

  function compareObjects(then: { [key: string]: Json }, now: { [key: string]: Json }, place: Place): void {
    const ruled = place.rules.flatMap(({ steps: [step, ...rest] }) =>
      typeof step === 'string' && rest.length === 0 ? [step] : [],
    )
    const keys = new Set([...Object.keys(then), ...Object.keys(now), ...ruled])
    for (const key of keys) compare(own(then, key), own(now, key), inside(place, key))
    if (!context.keyOrder) return
    const shared = (object: object, other: object) => Object.keys(object).filter((key) => Object.hasOwn(other, key))
    const [before, after] = [shared(then, now), shared(now, then)]
    if (before.some((key, index) => key !== after[index])) {
      found.push({ path: place.path, why: 'order', expected: before, actual: after })
    }
  }

  function inside(place: Place, step: string | number): Place {
    const rules = place.rules.flatMap(({ steps: [first, ...rest], kind }) =>
      first === step || first === ALL ? [{ steps: rest, kind }] : [],
    )
    if (typeof step === 'number') return { ...place, path: below(place.path, step), rules }
    const around = kindAround(place.key, place.around)
    return { path: below(place.path, step), key: step, around, rules }
  }

  function compareTexts(then: string, now: string, { path, key, around }: Place): void {
    const fault = textFault(then, now, { key, around }, context)
    if (fault) found.push({ path, why: fault.why, expected: then, actual: now, detail: fault.detail })
  }

  function compareNumbers(then: number, now: number, { path, key, around }: Place): void {
    const kind = context.bindings.kindOf(key, around)
    if (kind !== undefined && Number.isInteger(then) && Number.isInteger(now)) {
      const fault = context.bindings.bind(String(then), String(now), kind)
      if (fault) found.push({ path, why: 'binding', expected: then, actual: now, detail: fault })
    } else if (then !== now) found.push({ path, why: 'value', expected: then, actual: now })
  }
}

function own(object: { [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function typeOf(value: Json): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}
