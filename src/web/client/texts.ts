import type { Fault } from './fault.ts'
import type { Obstacle } from './recorder.ts'

/** Everything the script says by itself, in one language; the markup of the server says the rest (../texts.ts). */
export interface ClientTexts {
  next: string
  skip: string
  back: string
  send: string
  step: (n: number, of: number) => string
  faults: Readonly<Record<Fault, string>>
  /** How things stand with the server. */
  sending: string
  sendingPart: (percent: number) => string
  offline: string
  online: string
  retrying: string
  /** What was answered before is asked for. */
  fetching: string
  /** The question is answered by speaking. */
  record: string
  recordAgain: string
  pause: string
  resume: string
  done: string
  listen: string
  stopListening: string
  cannotPlay: string
  discard: string
  write: string
  speak: string
  chooseRecording: string
  obstacles: Readonly<Record<Obstacle, string>>
  askingMicrophone: string
  recording: string
  paused: string
  recorded: (time: string) => string
  recordingSaved: string
  quiet: string
  secondsLeft: (n: number) => string
  longest: (time: string) => string
  reachedLongest: string
  microphoneGone: string
  unfinished: (time: string) => string
  keepUnfinished: string
  transcript: string
  /** Files. */
  chosen: (name: string, size: string) => string
  fileSaved: (name: string) => string
  remove: string
  charactersLeft: (n: number) => string
  /** The question is read aloud. */
  readAloud: string
  stopReading: string
  /** A further question may come of the answer. */
  thinking: string
  goOn: string
  /** Before the end. */
  missingTitle: string
  missingText: string
  completeTitle: string
  completeText: string
  answerNow: string
  submitting: string
  submitLater: string
  onward: (host: string) => string
  stoppedTitle: string
  stoppedText: string
  reload: string
}
