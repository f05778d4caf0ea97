export interface Resampler {
  /** Takes the next samples, gives those that can be told from what is known so far. */
  push(samples: Float32Array): Float32Array
  /** The rest. Samples before the first and after the last count as silence. */
  end(): Float32Array
}

/** On each side of the middle of the filter. */
const ZERO_CROSSINGS = 32
/** Of the Kaiser window: about 80 dB. */
const BETA = 8
/** Where the filter begins to fall, so that it has fallen at half the lower of both rates. */
const ROLL_OFF = 0.92
/** Fractions of a sample for which the filter is kept; rates that need more get means of neighbours. */
const MAX_PHASES = 512

/**
 * A band-limited resampler for streams: a windowed sinc, kept for each position between two samples. Up to 0.84 of half
 * the lower rate passes unchanged (3.36 kHz of 8 kHz); what the target cannot hold is 80 dB down.
 *
 * @param from Hz @param to Hz, whole numbers
 */
export function createResampler(from: number, to: number): Resampler {
  if (from === to) return { push: (samples) => samples, end: () => new Float32Array() }
  const divisor = gcd(from, to)
  const step = from / divisor
  const scale = to / divisor
  const { half, table, phases } = filters(from, to, scale)
  const width = 2 * half

  // The samples that are still needed; the first of them is number `first` of the stream.
  let held = new Float32Array(half - 1)
  let first = 1 - half
  let received = 0
  let made = 0

  /** Makes all samples whose filter ends before sample number `known`, up to `last`. */
  function make(known: number, last: number): Float32Array {
    // Sample n lies at n * step / scale and needs up to half samples after it.
    const upTo = Math.min(last, Math.max(made, Math.floor(((known - half) * scale - 1) / step) + 1))
    const output = new Float32Array(Math.max(0, upTo - made))
    for (let n = 0; n < output.length; n++, made++) {
      const place = made * step
      const whole = Math.floor(place / scale)
      const fraction = ((place - whole * scale) / scale) * phases
      const phase = Math.floor(fraction)
      const start = whole - half + 1 - first
      const at = phase * width
      let sum = 0
      for (let k = 0; k < width; k++) sum += held[start + k]! * table[at + k]!
      const rest = fraction - phase
      if (rest > 1e-9) {
        let next = 0
        for (let k = 0; k < width; k++) next += held[start + k]! * table[at + width + k]!
        sum += (next - sum) * rest
      }
      output[n] = sum
    }
    const needed = Math.floor((made * step) / scale) - half + 1
    if (needed > first) {
      held = held.slice(needed - first)
      first = needed
    }
    return output
  }

  function take(samples: Float32Array): void {
    const joined = new Float32Array(held.length + samples.length)
    joined.set(held)
    joined.set(samples, held.length)
    held = joined
  }

  return {
    push(samples) {
      take(samples)
      received += samples.length
      return make(received, Number.POSITIVE_INFINITY)
    },
    end() {
      take(new Float32Array(width))
      return make(received + width, Math.ceil((received * scale) / step))
    },
  }
}

interface Filters {
  /** Samples on each side. */
  half: number
  /** One filter after another, and one more, which is the first moved by a sample. */
  table: Float32Array
  phases: number
}

const kept = new Map<string, Filters>()

function filters(from: number, to: number, scale: number): Filters {
  const name = `${from}/${to}`
  const found = kept.get(name)
  if (found) return found
  const ratio = Math.min(1, to / from)
  const half = Math.ceil(ZERO_CROSSINGS / ratio)
  const phases = Math.min(scale, MAX_PHASES)
  const table = new Float32Array((phases + 1) * 2 * half)
  for (let phase = 0; phase <= phases; phase++) {
    const filter = table.subarray(phase * 2 * half, (phase + 1) * 2 * half)
    let sum = 0
    for (let k = 0; k < filter.length; k++) {
      const distance = (k - half + 1 - phase / phases) * ratio
      const value = sinc(distance * ROLL_OFF) * kaiser(distance / ZERO_CROSSINGS)
      filter[k] = value
      sum += value
    }
    // Each adds up to one, so that a constant stays what it is.
    for (let k = 0; k < filter.length; k++) filter[k]! /= sum
  }
  // Two or three pairs are in use; an attacker's odd rates are not kept.
  if (kept.size < 16) kept.set(name, { half, table, phases })
  return { half, table, phases }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA)
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x: number): number {
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2
    sum += term
  }
  return sum
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
