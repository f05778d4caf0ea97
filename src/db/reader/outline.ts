import { LEAF, LIST, NEGATIVE } from './shape.ts'

/** The place of a value: the index among the leaves of the shape. */
export class Slot {
  readonly index: number
  readonly kind: 'leaf' | 'list' | 'negative'

  constructor(index: number, kind: Slot['kind']) {
    this.index = index
    this.kind = kind
  }
}

export type Outline = null | true | string | Slot | Outline[] | OutlineObject
export interface OutlineObject {
  [name: string]: Outline
}

const KINDS = new Map<unknown, Slot['kind']>([
  [LEAF, 'leaf'],
  [LIST, 'list'],
  [NEGATIVE, 'negative'],
])

/** The tree that the key of a shape describes, with a `Slot` where a value was. */
export function readOutline(key: string): OutlineObject {
  let next = 0
  function fill(node: Outline): Outline {
    const kind = KINDS.get(node)
    if (kind) return new Slot(next++, kind)
    if (Array.isArray(node)) return node.map(fill)
    if (isObject(node)) for (const name of Object.keys(node)) node[name] = fill(node[name]!)
    return node
  }
  return fill(JSON.parse(key) as OutlineObject) as OutlineObject
}

export function isObject(node: Outline | undefined): node is OutlineObject {
  return typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof Slot)
}

/** A value that is neither null nor a list. */
export function isLeaf(node: Outline | undefined): node is Slot {
  return node instanceof Slot && node.kind === 'leaf'
}
