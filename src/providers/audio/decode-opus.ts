import { EncodedPacketSink, type InputAudioTrack } from 'mediabunny'
import { OpusDecoder } from 'opus-decoder'
import { AudioError, type AudioFacts } from './audio.ts'
import { bearComplaints } from './bear-complaints.ts'
import { type Decoded, mixDown } from './decoded.ts'

/** What Opus decodes to. */
const SAMPLE_RATE = 48_000
/** Of a header without mapping (RFC 7845, 5.1). */
const HEAD_BYTES = 19
/** Of RFC 7845's first mapping family. */
const MAX_SURROUND_CHANNELS = 8
/** Packets that may be broken in a row before the file is given up. */
const MAX_BROKEN = 50

/** Opus of any container. */
export async function decodeOpus(
  track: InputAudioTrack,
  facts: { container: AudioFacts['container']; claimedSeconds: number | undefined; channels: number },
): Promise<Decoded> {
  const head = (await track.getDecoderConfig())?.description
  const options = layoutOf(head === undefined ? undefined : bytesOf(head), facts.channels)
  return {
    container: facts.container,
    codec: 'opus',
    sampleRate: SAMPLE_RATE,
    channels: options.channels,
    claimedSeconds: facts.claimedSeconds,
    blocks: blocksOf(track, options),
  }
}

type Layout = NonNullable<ConstructorParameters<typeof OpusDecoder>[0]> & { channels: number }

/** What the file's header says about its streams (RFC 7845, 5.1), which the decoder takes at its word. */
function layoutOf(head: Uint8Array | undefined, channels: number): Layout {
  if (!head || head.length < HEAD_BYTES) return { channels: Math.min(channels, 2), preSkip: 0 }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const count = view.getUint8(9)
  const preSkip = view.getUint16(10, true)
  const family = view.getUint8(18)
  if (family === 0) {
    if (count !== 1 && count !== 2) throw new AudioError('hostile', `Opus with ${count} channels and no mapping`)
    return { channels: count, preSkip }
  }
  if (count < 1 || count > MAX_SURROUND_CHANNELS || head.length < HEAD_BYTES + 2 + count) {
    throw new AudioError('unsupported_codec', `Opus with ${count} channels of family ${family}`)
  }
  const streamCount = view.getUint8(19)
  const coupledStreamCount = view.getUint8(20)
  const channelMappingTable = [...head.subarray(21, 21 + count)]
  const streams = streamCount + coupledStreamCount
  if (
    streamCount < 1 ||
    coupledStreamCount > streamCount ||
    streams > count ||
    channelMappingTable.some((place) => place >= streams && place !== 255)
  ) {
    throw new AudioError('hostile', 'Opus with a channel mapping that makes no sense')
  }
  return { channels: count, preSkip, streamCount, coupledStreamCount, channelMappingTable }
}

async function* blocksOf(track: InputAudioTrack, options: Layout): AsyncGenerator<Float32Array> {
  // Never freed: broken packets can upset its memory so that freeing fails, and that memory is its own and goes with it.
  const decoder = new OpusDecoder(options)
  await decoder.ready
  try {
    let broken = 0
    for await (const { data } of new EncodedPacketSink(track).packets()) {
      const { channelData, samplesDecoded, errors } = bearComplaints(() => decoder.decodeFrame(data))
      broken = errors.length > 0 ? broken + 1 : 0
      if (broken > MAX_BROKEN) throw new AudioError('hostile', `the Opus packets are broken: ${errors[0]?.message}`)
      if (samplesDecoded > 0) yield mixDown(channelData.slice(0, options.channels), samplesDecoded)
    }
  } catch (cause) {
    if (cause instanceof AudioError) throw cause
    throw new AudioError('truncated', `the packets end early: ${(cause as Error).message}`, { cause })
  }
}

function bytesOf(source: AllowSharedBufferSource): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
}
