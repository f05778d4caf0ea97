import { AudioError } from './audio.ts'

/** What a decoder may complain of in one go before its file is given up. */
const MAX_COMPLAINTS = 50

/**
 * Runs a decoder that complains to the console, without a word. Where it makes no progress it would complain for ever,
 * so too many complaints end it. Whatever it throws is the file's fault.
 */
export function bearComplaints<T>(decode: () => T): T {
  const { error } = console
  let complaints = 0
  console.error = (message: unknown) => {
    if (++complaints > MAX_COMPLAINTS) throw new AudioError('hostile', `the sound is broken: ${message}`)
  }
  try {
    return decode()
  } catch (cause) {
    if (cause instanceof AudioError) throw cause
    throw new AudioError('hostile', `the sound cannot be decoded: ${(cause as Error).message}`, { cause })
  } finally {
    console.error = error
  }
}
