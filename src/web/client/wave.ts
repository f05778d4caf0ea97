const BAR = 3
const GAP = 2
/** What a silence looks like: a row of dots rather than nothing. */
const LEAST = 0.06

/**
 * Draws loudness as bars. While recording the newest bar stands at the right; afterwards the whole is fitted to the
 * width, and `played` (0 to 1) of it is in the accent colour. Colours are those of the element's style.
 */
export function drawWave(canvas: HTMLCanvasElement, peaks: readonly number[], played: number | 'recording'): void {
  const { clientWidth: width, clientHeight: height } = canvas
  const scale = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale)
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale)
  const context = canvas.getContext('2d')
  const count = Math.floor(width / (BAR + GAP))
  if (!context || count === 0) return
  const style = getComputedStyle(canvas)
  const [accent, rest] = [style.color, style.getPropertyValue('--rest').trim() || style.color]
  context.setTransform(scale, 0, 0, scale, 0, 0)
  context.clearRect(0, 0, width, height)
  const bars = played === 'recording' ? latest(peaks, count) : fitted(peaks, count)
  for (const [at, peak] of bars.entries()) {
    const tall = Math.max(LEAST, peak) * height
    const isPlayed = played === 'recording' ? peak > 0 : at < played * count
    context.fillStyle = isPlayed ? accent : rest
    context.beginPath()
    context.roundRect(at * (BAR + GAP), (height - tall) / 2, BAR, tall, BAR / 2)
    context.fill()
  }
}

function latest(peaks: readonly number[], count: number): number[] {
  const last = peaks.slice(-count)
  return [...Array<number>(count - last.length).fill(0), ...last]
}

function fitted(peaks: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * peaks.length) / count)
    const to = Math.max(from + 1, Math.floor(((at + 1) * peaks.length) / count))
    return Math.max(0, ...peaks.slice(from, to))
  })
}
