import { type PrepareDeps, prepareVoiceFile as prepare, prepareVoiceFileTask } from '../domains/voice-files/index.ts'
import { type Implementation, implementTask } from '../queue/index.ts'

export function prepareVoiceFile(deps: PrepareDeps): Implementation {
  return implementTask(prepareVoiceFileTask, (file, { signal, attempt }) =>
    prepare(deps, file, { signal, last: attempt > prepareVoiceFileTask.retryLimit }),
  )
}
