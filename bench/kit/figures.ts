import { type Spread, spread } from './statistics.ts'

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function perSecond(rates: readonly number[]): string {
  return `${count(spread(rates).median)}/s`
}

export function milliseconds(values: readonly number[]): string {
  const { median } = spread(values)
  return `${median.toFixed(median < 10 ? 2 : median < 100 ? 1 : 0)} ms`
}

export function kilobytes(values: readonly number[]): string {
  return `${(spread(values).median / 1_024).toFixed(1)} KiB`
}

export function ratio({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`
}
