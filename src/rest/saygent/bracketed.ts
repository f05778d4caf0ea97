/**
 * Fields of forms and queries whose names have brackets, as Rails, PHP and jQuery write nested values:
 * `respondents[0][phone]`, `respondents[][phone]`, `respondent_ids[]`. What is given more than once without brackets is
 * a list. Of an empty bracket before others a new element begins when the one before has the field already.
 */
export function readFields(fields: Iterable<[string, string]>): Record<string, unknown> {
  const root: Branch = new Map()
  for (const [name, value] of fields) put(root, partsOf(name), value)
  return Object.fromEntries([...root].map(([name, node]) => [name, written(node)]))
}

/** Values by name, or by place in a list; at the end of a name all values that were given for it. */
type Branch = Map<string, Branch | string[]>

/** The deepest name there is a use for is `respondents[0][contact][by]`. */
const NAME = /^([^[\]]+)((?:\[[^[\]]*\]){1,4})$/

function partsOf(name: string): string[] {
  const [, first, rest] = NAME.exec(name) ?? []
  if (first === undefined || rest === undefined) return [name]
  return [first, ...rest.slice(1, -1).split('][')]
}

function put(branch: Branch, [part = '', ...rest]: string[], value: string): void {
  const label = part === '' ? nextPlace(branch, rest) : part
  const there = branch.get(label)
  if (rest.length === 0) {
    if (there === undefined) branch.set(label, [value])
    // A name that is both a value and has values below it is the first of the two.
    else if (Array.isArray(there)) there.push(value)
  } else if (there === undefined) {
    const child: Branch = new Map()
    branch.set(label, child)
    put(child, rest, value)
  } else if (!Array.isArray(there)) put(there, rest, value)
}

const place = (index: number) => `+${index}`

function nextPlace(branch: Branch, rest: readonly string[]): string {
  const last = branch.get(place(branch.size - 1))
  const isOpen = rest.length > 0 && last !== undefined && !Array.isArray(last) && !has(last, rest)
  return place(isOpen ? branch.size - 1 : branch.size)
}

function has(branch: Branch, [part = '', ...rest]: readonly string[]): boolean {
  const there = branch.get(part)
  if (there === undefined) return false
  return Array.isArray(there) || rest.length === 0 || has(there, rest)
}

function written(node: Branch | string[]): unknown {
  if (Array.isArray(node)) return node.length === 1 ? node[0] : node
  const values = [...node].map(([name, child]): [string, unknown] => [name, written(child)])
  const isList = values.every(([name]) => /^\+?\d+$/.test(name))
  return isList ? values.map(([, value]) => value) : Object.fromEntries(values)
}
