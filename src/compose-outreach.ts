import { composeMessages } from './compose-messages.ts'
import type { Config } from './config/index.ts'
import { type CallDeps, createSwitchboard, fetchRecordings, type Switchboard } from './domains/calls/index.ts'
import { type CampaignDeps, NO_PRICES } from './domains/campaigns/index.ts'
import type { TokenSigner } from './domains/responses/index.ts'
import { prepareVoiceFileTask } from './domains/voice-files/index.ts'
import type { World } from './domains/world.ts'
import { DIAL_CALLS, FETCH_RECORDINGS, FOLLOW_CALLS, KEEP_SEATS } from './jobs/index.ts'
import type { Clock } from './platform/clock.ts'
import type { Logger } from './platform/logger.ts'
import { readPriceFile } from './price-file.ts'
import type { Storage } from './providers/storage/index.ts'
import { createTelephony } from './providers/telephony/index.ts'
import type { DueLoop, Queue } from './queue/index.ts'

export interface OutreachParts {
  config: Config
  world: World
  clock: Clock
  logger: Logger
  voiceFiles: CampaignDeps['voiceFiles']
  queue: Pick<Queue, 'hurry'>
  /** Where what people say in calls is kept. */
  storage: Storage
  dueLoop: DueLoop
  /** Whether this process dials and sends; one that only answers requests does not. */
  works: boolean
  /** Where the telephony provider fetches the audio of a voice file. */
  audioUrl(workspaceId: string, voiceFileId: string): string
  /** Where those who are mailed end it, by a token of the signer. */
  publicUrl: URL
  signer: TokenSigner
}

export interface Outreach {
  campaigns: CampaignDeps
  calls: CallDeps
  /** Something may be due: of this process, or of another one's making. */
  wake(): void
  inFlight(): number
  stop(): Promise<void>
}

/** Constructs what calls and mails people. */
export async function composeOutreach(parts: OutreachParts): Promise<Outreach> {
  const { config, world, clock, logger, voiceFiles, queue, storage, dueLoop, works, audioUrl, publicUrl, signer } =
    parts
  const { policy, redialAfterSeconds, ringTimeoutMs, pricesFile } = config.outreach
  const telephony = createTelephony(config.telephony, { clock, logger })
  const wake = () => {
    if (works) dueLoop.wake(DIAL_CALLS)
    messages?.wake()
  }
  const campaigns: CampaignDeps = {
    ...{ world, voiceFiles, policy, redialAfterSeconds, ringTimeoutMs },
    prices: pricesFile === undefined ? NO_PRICES : await readPriceFile(pricesFile),
    ...(telephony.reaches ? { reaches: (number) => telephony.reaches!(number) } : {}),
    ...(telephony.rehearsal ? { rehearse: (numbers) => telephony.rehearsal!(numbers) } : {}),
    onDue: wake,
  }
  const messages = works ? await composeMessages({ config, campaigns, logger, dueLoop, publicUrl, signer }) : undefined
  const calls: CallDeps = {
    ...campaigns,
    telephony,
    logger,
    voiceFileMedia: (workspaceId, voiceFileId, durationMs) => ({
      ...{ kind: 'url', url: audioUrl(workspaceId, voiceFileId) },
      ...(durationMs === undefined ? {} : { durationMs }),
    }),
    onRecorded() {
      if (works) dueLoop.wake(FETCH_RECORDINGS)
    },
    onSpeech: () => queue.hurry(prepareVoiceFileTask),
  }
  const board: Switchboard | undefined = works
    ? createSwitchboard(calls, { onFreed: wake, onTaken: () => dueLoop.wake(FOLLOW_CALLS) })
    : undefined
  if (board) {
    dueLoop.add(KEEP_SEATS, board.keepSeats, board.nextKeep)
    dueLoop.add(FOLLOW_CALLS, board.follow, board.nextFollow)
    dueLoop.add(DIAL_CALLS, board.dial, board.nextDial)
    dueLoop.add(FETCH_RECORDINGS, () => fetchRecordings({ world, telephony, storage }))
  }
  return {
    campaigns,
    calls,
    wake,
    inFlight: () => (board?.inFlight() ?? 0) + (messages?.inFlight() ?? 0),
    async stop() {
      await Promise.all([board?.stop(config.http.shutdownMs / 2), messages?.stop()])
      await telephony.close()
    },
  }
}
