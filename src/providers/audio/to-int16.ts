/** From -1..1 to 16 bits, rounded; what is louder is clipped. */
export function toInt16(samples: Float32Array): Int16Array<ArrayBuffer> {
  const rounded = new Int16Array(samples.length)
  for (let n = 0; n < samples.length; n++) {
    rounded[n] = Math.max(-32_768, Math.min(32_767, Math.round(samples[n]! * 32_767)))
  }
  return rounded
}
