import { cpus, totalmem } from 'node:os'
import { ratio } from './kit/figures.ts'
import type { Section } from './kit/measurement.ts'

export interface Circumstances {
  postgresVersion: string | undefined
  quick: boolean
  /** What was left out, each with why. */
  skipped: string[]
  minutes: number
  /** Others' load on the machine: the mean length of its queue, before and after. */
  load: [before: number, after: number]
}

/** The report as Markdown. */
export function report(sections: readonly Section[], circumstances: Circumstances): string {
  const { postgresVersion, quick, skipped, minutes, load } = circumstances
  const [processor] = cpus()
  const judged = sections.flatMap(({ title, comparisons }) =>
    comparisons.filter(({ target }) => target !== undefined).map((comparison) => ({ title, ...comparison })),
  )
  const missed = judged.filter(({ ratio: { median }, target }) => median < target!)
  const lines = [
    '# Benchmarks',
    '',
    'How to read and repeat this: [README.md](README.md). Numbers of another machine differ; the ratios should not, much.',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, ${quick ? 'a quick run' : 'a full run'} of ${minutes.toFixed(0)} minutes`,
    `- ${cpus().length} cores, ${processor?.model.trim() || 'of a model the system does not tell'}, ${Math.round(totalmem() / 2 ** 30)} GiB; server, database and client share them`,
    `- Node ${process.versions.node}, ${postgresVersion === undefined ? 'no PostgreSQL server' : `PostgreSQL ${postgresVersion}`}`,
    `- load of the machine before and after: ${load[0].toFixed(1)} and ${load[1].toFixed(1)} (the benchmark itself is about 2)`,
    ...skipped.map((line) => `- left out: ${line}`),
    '',
    judged.length === 0
      ? 'Nothing with a target was measured.'
      : missed.length === 0
        ? `**All ${judged.length} targets are met.**`
        : `**Missed: ${missed.length} of ${judged.length} targets**: ${missed.map(({ title, what }) => `${title.toLowerCase()}, ${what}`).join('; ')}.`,
    '',
    'A ratio is the median over rounds of (ours / theirs within one round), with the least and the greatest; more is better.',
  ]
  for (const { title, text, comparisons, figures } of sections) {
    lines.push('', `## ${title}`, ...text.flatMap((paragraph) => ['', paragraph]))
    if (comparisons.length > 0) {
      lines.push('', '| | Ratio | Ours | Compared with | Target |', '|---|---|---|---|---|')
      for (const { what, ratio: spread, ours, theirs, target } of comparisons) {
        const verdict =
          target === undefined ? '' : `at least ${target}: ${spread.median >= target ? 'met' : '**missed**'}`
        lines.push(`| ${what} | ${ratio(spread)} | ${ours} | ${theirs} | ${verdict} |`)
      }
    }
    if (figures.length > 0) {
      lines.push('', '| | |', '|---|---|', ...figures.map(([what, figure]) => `| ${what} | ${figure} |`))
    }
  }
  return `${lines.join('\n')}\n`
}
