import { parseArgs } from 'node:util'

export const USAGE = `npm run parity -- FILE [--server URL] [--key KEY] [--from ORIGIN[=URL]] [--allow-extra] [--key-order] [--json]

  FILE           a HAR, or lines of JSON (docs/parity.md)
  --server URL   the server to replay against; without it, one of its own on an empty database
  --key KEY      the API key to send in the place of recorded credentials
  --from ORIGIN  replay only what was recorded of this origin; =URL: against that address. May be repeated
  --allow-extra  keys that were not recorded are no differences
  --key-order    keys in another order are differences
  --json         the report as JSON`

/** The command line is wrong. The process ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface Options {
  file: string
  server?: URL
  key?: string
  /** Undefined as address: the server's. */
  from: [origin: string, address: URL | undefined][]
  allowExtra: boolean
  keyOrder: boolean
  json: boolean
}

/** Throws UsageError. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parsed(args)
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('name one recording')
  if (values.server !== undefined && values.key === undefined) throw new UsageError('--server needs --key')
  if (values.server === undefined && values.key !== undefined) throw new UsageError('--key needs --server')
  return {
    file,
    server: values.server === undefined ? undefined : address('--server', values.server),
    key: values.key,
    from: (values.from ?? []).map((text) => {
      const [origin, target] = text.split(/=(.*)/s)
      return [address('--from', origin!).origin, target ? address('--from', target) : undefined]
    }),
    allowExtra: values['allow-extra'] ?? false,
    keyOrder: values['key-order'] ?? false,
    json: values.json ?? false,
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        server: { type: 'string' },
        key: { type: 'string' },
        from: { type: 'string', multiple: true },
        'allow-extra': { type: 'boolean' },
        'key-order': { type: 'boolean' },
        json: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function address(option: string, text: string): URL {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text)
  throw new UsageError(`${option}: ${text} is no http or https URL`)
}
