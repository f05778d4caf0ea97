import { concat, RATE, silence } from './audio.ts'
import type { Sent } from './rtp.ts'

/** What somebody does after answering, one after the other. */
export type Part =
  /** Spoken by espeak-ng. */
  | { say: string }
  /** The path of a WAV file: 8 kHz, mono, 16 bits. */
  | { wav: string }
  | { silenceMs: number }
  /** One of 0 to 9, `*` and `#`, held down for `PRESS_MS`. */
  | { press: string }
  | { hangUp: true }

export interface Answerer {
  /** From ringing to the answer. */
  ringMs?: number
  parts: readonly Part[]
}

export type Person =
  | { kind: 'answers'; ringMs: number; parts: readonly Part[] }
  /** Says the SIP code at once, or after ringing. */
  | { kind: 'refuses'; code: number; ringMs?: number }
  /** Until cancelled. */
  | { kind: 'rings' }

/** People by the end of their number. */
export type People = Record<string, Person>

export const RING_MS = 300
/** Somebody who has nothing left to do listens, and hangs up so long after answering. */
export const PATIENCE_MS = 90_000
export const PRESS_MS = 160
const REACTION_MS = 1_500

/** Reason phrases of RFC 3261 21, of the codes that a number may end in: 0404. */
export const REFUSALS: Readonly<Record<number, string>> = {
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  484: 'Address Incomplete',
  486: 'Busy Here',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
}

/**
 * Everybody that every rig knows: the numbers of src/providers/telephony/simulated/population.ts but 0212, who remembers
 * an earlier call, and one for each refusal. Other numbers are unknown: 404.
 */
export function knownPeople(ringMs: number): People {
  const people: People = {
    '0200': { kind: 'answers', ringMs, parts: [] },
    '0210': { kind: 'answers', ringMs, parts: [{ silenceMs: REACTION_MS }, { hangUp: true }] },
    // The line drops; here that is a phone that hangs up.
    '0211': { kind: 'answers', ringMs, parts: [{ silenceMs: 1_000 }, { hangUp: true }] },
    '0480': { kind: 'rings' },
  }
  for (const press of '123456789') {
    people[`020${press}`] = { kind: 'answers', ringMs, parts: [{ silenceMs: REACTION_MS }, { press }] }
  }
  for (const code of Object.keys(REFUSALS).map(Number)) {
    people[`0${code}`] = { kind: 'refuses', code, ringMs: code === 603 ? ringMs : undefined }
  }
  return people
}

/** What somebody sends from the answer on, and when they hang up. */
export interface Performance {
  sent: Sent[]
  hangsUpAfterMs: number
  /** What is said and pressed, from the answer to its end, as samples; keys are silent. */
  whole: Int16Array
  /** What is said by each part that speaks. */
  spoken: Int16Array[]
}

/** `sound` gives the samples of parts that speak. */
export function perform(
  parts: readonly Part[],
  sound: (part: { say: string } | { wav: string }) => Int16Array,
): Performance {
  const sent: Sent[] = []
  const heard: Int16Array[] = []
  const spoken: Int16Array[] = []
  let hangsUpAfterMs: number | undefined
  for (const part of parts) {
    if ('hangUp' in part) {
      hangsUpAfterMs = lengthMs(concat(heard))
      break
    }
    if ('press' in part) {
      sent.push({ press: part.press, ms: PRESS_MS })
      heard.push(silence(PRESS_MS))
      continue
    }
    const samples = wholePackets('silenceMs' in part ? noise(part.silenceMs) : sound(part))
    if (!('silenceMs' in part)) spoken.push(samples)
    sent.push(samples)
    heard.push(samples)
  }
  const whole = concat(heard)
  // A phone goes on sending until somebody hangs up, a little longer than it means to.
  sent.push(noise(Math.max(1_000, PATIENCE_MS - lengthMs(whole))))
  return { sent, hangsUpAfterMs: hangsUpAfterMs ?? Math.max(PATIENCE_MS, lengthMs(whole)), whole, spoken }
}

/** What a quiet room sounds like: far below every threshold for silence. */
function noise(ms: number): Int16Array {
  const samples = silence(ms)
  for (let n = 0; n < samples.length; n++) samples[n] = Math.random() * 16 - 8
  return samples
}

function wholePackets(samples: Int16Array): Int16Array {
  const packet = RATE / 50
  const whole = new Int16Array(Math.ceil(samples.length / packet) * packet)
  whole.set(samples)
  return whole
}

function lengthMs(samples: Int16Array): number {
  return (samples.length * 1_000) / RATE
}
