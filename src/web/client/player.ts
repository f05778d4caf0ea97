/** Plays one sound at a time: whatever was heard before stops. */
let stop: (() => void) | undefined

export function silence(): void {
  stop?.()
}

/**
 * Plays to the end, or until something else plays. The sound may still be on its way; undefined: it cannot be had.
 * `ended` is called once, however it ends; `failed` in its place when it cannot be played.
 */
export function play(
  sound: Blob | Promise<Blob | undefined>,
  heard: { ended: () => void; failed?: () => void },
): HTMLAudioElement {
  silence()
  const audio = new Audio()
  let isOver = false
  const over = (after: () => void) => () => {
    if (isOver) return
    isOver = true
    if (stop === ended) stop = undefined
    audio.pause()
    URL.revokeObjectURL(audio.src)
    after()
  }
  const ended = over(heard.ended)
  const failed = over(heard.failed ?? heard.ended)
  stop = ended
  audio.onended = ended
  audio.onpause = ended
  audio.onerror = failed
  const begin = (blob: Blob | undefined) => {
    if (isOver) return
    if (!blob) return failed()
    audio.src = URL.createObjectURL(blob)
    audio.play().catch((error: DOMException) => (error.name === 'AbortError' ? undefined : failed()))
  }
  // What is here begins within the touch that asked for it.
  if (sound instanceof Blob) begin(sound)
  else void sound.then(begin)
  return audio
}
