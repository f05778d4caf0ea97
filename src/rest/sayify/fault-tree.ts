import type { Fault } from '../legacy/index.ts'
import { notAnObject, wordsOf } from './words.ts'

interface Node {
  messages: string[]
  children: Map<string | number, Node>
}

const WHOLE = 'non_field_errors'

/**
 * Faults in the shape of Django REST framework: lists of messages by field; within a list of objects one object per
 * item, empty for those that are well; what is wrong with a plain item is told of its list; what is wrong with an object
 * as a whole is told at `non_field_errors`.
 */
export function faultTree(faults: readonly Fault[], input: unknown): Record<string, unknown> {
  const root = node()
  for (const fault of faults) {
    const isWhole = fault.message === notAnObject(fault.value)
    const path = isWhole || typeof fault.path.at(-1) !== 'number' ? fault.path : fault.path.slice(0, -1)
    const { messages } = descend(root, isWhole ? [...path, WHOLE] : path)
    const message = wordsOf(fault)
    if (!messages.includes(message)) messages.push(message)
  }
  const tree = written(root, input)
  return Array.isArray(tree) ? { [WHOLE]: tree } : tree
}

function node(): Node {
  return { messages: [], children: new Map() }
}

function descend(from: Node, path: readonly (string | number)[]): Node {
  let at = from
  for (const part of path) {
    const next = at.children.get(part) ?? node()
    at.children.set(part, next)
    at = next
  }
  return at
}

function written({ messages, children }: Node, input: unknown): Record<string, unknown> | unknown[] {
  if (children.size === 0) return messages
  const items = [...children.keys()].every((key) => typeof key === 'number')
  // What is wrong with a list as a whole comes first; its items are judged once that is right.
  if (items && messages.length > 0) return messages
  if (items) {
    const length = Math.max(
      Array.isArray(input) ? input.length : 0,
      ...[...children.keys()].map((key) => Number(key) + 1),
    )
    return Array.from({ length }, (_, index) => {
      const child = children.get(index)
      return child ? written(child, Array.isArray(input) ? input[index] : undefined) : {}
    })
  }
  const fields = [...children].map(([key, child]) => [key, written(child, childOf(input, key))] as const)
  return Object.fromEntries(messages.length > 0 ? [[WHOLE, messages], ...fields] : fields)
}

function childOf(input: unknown, key: string | number): unknown {
  return input !== null && typeof input === 'object' ? (input as Record<string | number, unknown>)[key] : undefined
}
