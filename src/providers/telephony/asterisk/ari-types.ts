/** What is used of Asterisk's JSON. Instants are such as `2026-11-29T10:02:08.483+0000`. */
export interface AriChannel {
  id: string
  /** `Down`, `Ring`, `Ringing`, `Up` and others. */
  state: string
  caller: { name: string; number: string }
  dialplan: { app_name: string; app_data: string }
  creationtime: string
}

export interface AriPlayback {
  id: string
  target_uri: string
  state: string
}

export interface AriRecording {
  name: string
  target_uri: string
  cause?: string
}

export type AriEvent = { timestamp: string } & (
  | { type: 'ApplicationReplaced' }
  | { type: 'StasisStart' | 'ChannelStateChange' | 'ChannelHangupRequest'; channel: AriChannel }
  | { type: 'Dial'; dialstatus: string; peer: AriChannel }
  | { type: 'ChannelDtmfReceived'; channel: AriChannel; digit: string }
  | { type: 'ChannelDestroyed'; channel: AriChannel; cause: number; tech_cause?: number }
  | { type: 'PlaybackStarted' | 'PlaybackContinuing' | 'PlaybackFinished'; playback: AriPlayback }
  | { type: 'RecordingStarted' | 'RecordingFinished' | 'RecordingFailed'; recording: AriRecording }
)

/** Each call would bring a dozen others, half of them about the quality of its sound. */
export const WANTED: readonly AriEvent['type'][] = [
  'ApplicationReplaced',
  'StasisStart',
  'ChannelStateChange',
  'ChannelHangupRequest',
  'Dial',
  'ChannelDtmfReceived',
  'ChannelDestroyed',
  'PlaybackStarted',
  'PlaybackContinuing',
  'PlaybackFinished',
  'RecordingStarted',
  'RecordingFinished',
  'RecordingFailed',
]
