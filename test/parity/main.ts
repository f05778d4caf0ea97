import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { UnreadableRecording } from './entry.ts'
import { type Options, readOptions, USAGE, UsageError } from './options.ts'
import { startOwnServer } from './own-server.ts'
import { readRecording } from './read-recording.ts'
import { type Outcome, replay } from './replay.ts'
import { describe, describeTotals, totalsOf } from './report.ts'

/** 0: all match; 1: something differs, or the replay failed; 2: the command line or the recording is wrong. */
async function run(args: readonly string[]): Promise<0 | 1> {
  const options = readOptions(args)
  const recording = readRecording(await readText(options.file), basename(options.file))
  await using own = options.server ? undefined : await startOwnServer()
  const server = options.server ?? own!.url
  const outcomes: Outcome[] = []
  const from = new Map(options.from.map(([origin, address]) => [origin, address ?? server]))
  const { allowExtra, keyOrder } = options
  for await (const outcome of replay(recording, { server, from, key: options.key ?? own?.key, allowExtra, keyOrder })) {
    outcomes.push(outcome)
    if (!options.json) console.log(describe(outcome))
  }
  const totals = totalsOf(outcomes)
  if (options.json) console.log(JSON.stringify({ recording: recording.name, ...totals, outcomes }, null, 2))
  else console.log(describeTotals(totals))
  return totals.differ === 0 ? 0 : 1
}

async function readText(file: Options['file']): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`)
  }
}

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  const isOurFault = !(error instanceof UsageError || error instanceof UnreadableRecording)
  console.error((error as Error).message)
  if (error instanceof UsageError) console.error(`\n${USAGE}`)
  process.exitCode = isOurFault ? 1 : 2
}
