/** The line, from 1, of a character. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

/** The line on which the value at `path` begins in valid JSON; that of what holds it when it is absent. */
export function lineOf(text: string, path: readonly PropertyKey[]): number {
  let [start, depth] = [0, -1]
  walk(text, (at, position) => {
    const leadsThere = at.length <= path.length && at.every((step, index) => step === path[index])
    if (leadsThere && at.length > depth) [start, depth] = [position, at.length]
  })
  return lineAt(text, start)
}

/** The lines on which the elements of the array at `path` begin. */
export function linesOfElements(text: string, path: readonly PropertyKey[]): number[] {
  const lines: number[] = []
  let [line, counted] = [1, 0]
  walk(text, (at, position) => {
    if (at.length !== path.length + 1 || !path.every((step, index) => step === at[index])) return
    line += lineAt(text.slice(counted, position), position - counted) - 1
    counted = position
    lines.push(line)
  })
  return lines
}

/** Tells of every value of valid JSON where it begins, in order. */
function walk(text: string, visit: (path: readonly PropertyKey[], position: number) => void): void {
  let at = 0
  const path: PropertyKey[] = []
  const skipSpace = () => {
    while (/\s/.test(text[at] ?? '')) at++
  }
  const readString = () => {
    const start = at
    do at = text.indexOf('"', at + 1)
    while (isEscaped(text, at))
    return text.slice(start, ++at)
  }
  const value = () => {
    skipSpace()
    visit(path, at)
    const first = text[at]
    if (first === '"') return void readString()
    if (first !== '{' && first !== '[') {
      while (!/[\s,\]}]/.test(text[at] ?? ',')) at++
      return
    }
    const end = first === '{' ? '}' : ']'
    at++
    for (let index = 0; ; index++) {
      skipSpace()
      if (text[at] === ',') at++
      skipSpace()
      if (text[at] === end) break
      if (first === '{') {
        path.push(JSON.parse(readString()))
        skipSpace()
        // The colon.
        at++
      } else path.push(index)
      value()
      path.pop()
    }
    at++
  }
  value()
}

function isEscaped(text: string, position: number): boolean {
  let slashes = 0
  while (text[position - 1 - slashes] === '\\') slashes++
  return slashes % 2 === 1
}
