import type { Json } from './entry.ts'

/** One step: a key, an index, or all of them. */
export type Step = string | number | typeof ALL
export const ALL = Symbol('all')

const STEP = /\.([^.[\]"]+)|\[(\d+)\]|\[\*\]|\["((?:[^"\\]|\\.)*)"\]/y

/** The steps of `$.results[*].uuid`, `$[0]["odd.key"]`, `$.*`. Throws RangeError for anything else. */
export function readPath(path: string): Step[] {
  if (!path.startsWith('$')) throw new RangeError(`the JSON path ${path} does not begin with $`)
  const steps: Step[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < path.length) {
    const at = STEP.lastIndex
    const found = STEP.exec(path)
    if (!found) throw new RangeError(`the JSON path ${path} is not understood from character ${at + 1} on`)
    const [text, key, index, quoted] = found
    if (index !== undefined) steps.push(Number(index))
    else if (quoted !== undefined) steps.push(JSON.parse(`"${quoted}"`))
    else steps.push(text === '[*]' || key === '*' ? ALL : key!)
  }
  return steps
}

/** The path one step further down. */
export function below(path: string, step: string | number): string {
  if (typeof step === 'number') return `${path}[${step}]`
  return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(step) ? `${path}.${step}` : `${path}[${JSON.stringify(step)}]`
}

/** The first value at the path; undefined when there is none. */
export function valueAt(value: Json | undefined, steps: readonly Step[]): Json | undefined {
  if (steps.length === 0 || value === undefined) return value
  const [step, ...rest] = steps
  if (typeof value !== 'object' || value === null) return undefined
  if (step === ALL)
    return Object.values(value)
      .map((item) => valueAt(item, rest))
      .find((item) => item !== undefined)
  if (Array.isArray(value)) return typeof step === 'number' ? valueAt(value[step], rest) : undefined
  return Object.hasOwn(value, step as string) ? valueAt(value[step as string], rest) : undefined
}

/** What is said to be JSON and is it, so that ids and credentials are found in it; else the text. */
export function jsonOr(text: string, isJson: boolean): { kind: 'json'; value: Json } | { kind: 'text'; text: string } {
  if (!isJson) return { kind: 'text', text }
  try {
    return { kind: 'json', value: JSON.parse(text) }
  } catch {
    return { kind: 'text', text }
  }
}
