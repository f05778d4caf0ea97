/** What can be wrong with one answer. */
export type Fault =
  | 'required'
  | 'tooLong'
  | 'number'
  | 'range'
  | 'step'
  | 'email'
  | 'date'
  | 'option'
  | 'fileTooLarge'
  | 'fileType'
  | 'fileEmpty'
  | 'recordingSilent'
  | 'recordingTooLong'
  | 'recordingCut'
  | 'recordingDamaged'
  | 'recordingWithoutSound'
  | 'invalid'

const UPLOAD_FAULTS: Readonly<Record<string, Fault>> = {
  too_large: 'fileTooLarge',
  empty: 'fileEmpty',
  silent: 'recordingSilent',
  too_long: 'recordingTooLong',
  truncated: 'recordingCut',
  hostile: 'recordingDamaged',
  not_audio: 'recordingWithoutSound',
}

/** What to say when the server refuses an answer to a question of this type by this rule (docs/public-api.md). */
export function faultOf(type: string, rule: string, isUpload: boolean): Fault {
  if (isUpload) return UPLOAD_FAULTS[rule] ?? 'fileType'
  if (rule === 'too_long') return 'tooLong'
  if (rule === 'step' || rule === 'required') return rule
  if (rule === 'unknown_option') return 'option'
  switch (type) {
    case 'number':
      return rule === 'too_small' || rule === 'too_large' ? 'range' : 'number'
    case 'email':
    case 'date':
      return type
    default:
      return 'invalid'
  }
}
