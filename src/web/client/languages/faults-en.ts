import type { Fault } from '../fault.ts'

/** The page says the same with script and without. */
export const faults: Readonly<Record<Fault, string>> = {
  required: 'Please answer this question.',
  tooLong: 'This is too long.',
  number: 'Please enter a number.',
  range: 'This number is outside the limits.',
  step: 'Please enter a number that fits the steps.',
  email: 'Please enter an e-mail address such as name@example.com.',
  date: 'Please enter a date such as 2026-02-28.',
  option: 'Please choose one of the options.',
  fileTooLarge: 'The file is too large.',
  fileType: 'The content of the file is not of an allowed type.',
  fileEmpty: 'The file is empty.',
  recordingSilent: 'Nothing can be heard in the recording. Please check your microphone and record it again.',
  recordingTooLong: 'The recording is too long. Please record a shorter one.',
  recordingCut: 'A part of the recording is missing. Please send it again.',
  recordingDamaged: 'The recording is damaged. Please record it again.',
  recordingWithoutSound: 'The file holds no sound. Please choose a recording.',
  invalid: 'This answer does not fit the question.',
}
