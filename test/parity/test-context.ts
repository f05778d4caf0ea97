import { Bindings } from './bindings.ts'
import type { Json } from './entry.ts'
import type { Kind } from './forms.ts'
import { differences, type MatchContext, readRules } from './match.ts'

type Options = Partial<Omit<MatchContext, 'rules'>> & { match?: Record<string, Kind> }

export function context({ match = {}, ...rest }: Options = {}): MatchContext {
  return {
    bindings: new Bindings(),
    dates: 'same',
    hosts: [],
    server: new URL('http://localhost:4000'),
    rules: readRules(match),
    allowExtra: false,
    keyOrder: false,
    about: '',
    ...rest,
  }
}

/** Path and kind of each difference. */
export function found(expected: Json, actual: Json, options?: Options): string[] {
  return differences(expected, actual, context(options)).map(({ path, why }) => `${path} ${why}`)
}
