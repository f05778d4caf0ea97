import type { Config } from './config/index.ts'
import { type CallDeps, createSwitchboard, type Switchboard } from './domains/calls/index.ts'
import { type CampaignDeps, NO_PRICES } from './domains/campaigns/index.ts'
import type { World } from './domains/world.ts'
import { DIAL_CALLS, FOLLOW_CALLS, KEEP_SEATS } from './jobs/index.ts'
import type { Clock } from './platform/clock.ts'
import type { Logger } from './platform/logger.ts'
import { readPriceFile } from './price-file.ts'
import { createTelephony } from './providers/telephony/index.ts'
import type { DueLoop } from './queue/index.ts'

export interface OutreachParts {
  config: Config
  world: World
  clock: Clock
  logger: Logger
  voiceFiles: CampaignDeps['voiceFiles']
  dueLoop: DueLoop
  /** Whether this process dials; one that only answers requests does not. */
  works: boolean
  /** Where the telephony provider fetches the audio of a voice file. */
  audioUrl(workspaceId: string, voiceFileId: string): string
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
  const { config, world, clock, logger, voiceFiles, dueLoop, works, audioUrl } = parts
  const { policy, redialAfterSeconds, pricesFile } = config.outreach
  const telephony = createTelephony(config.telephony, { clock, logger })
  const wake = () => {
    if (works) dueLoop.wake(DIAL_CALLS)
  }
  const campaigns: CampaignDeps = {
    ...{ world, voiceFiles, policy, redialAfterSeconds },
    prices: pricesFile === undefined ? NO_PRICES : await readPriceFile(pricesFile),
    onDue: wake,
  }
  const calls: CallDeps = {
    ...campaigns,
    telephony,
    logger,
    voiceFileMedia: (workspaceId, voiceFileId, durationMs) => ({
      ...{ kind: 'url', url: audioUrl(workspaceId, voiceFileId) },
      ...(durationMs === undefined ? {} : { durationMs }),
    }),
  }
  const board: Switchboard | undefined = works ? createSwitchboard(calls, { onFreed: wake }) : undefined
  if (board) {
    dueLoop.add(KEEP_SEATS, board.keepSeats)
    dueLoop.add(FOLLOW_CALLS, board.follow, board.nextFollow)
    dueLoop.add(DIAL_CALLS, board.dial, board.nextDial)
  }
  return {
    campaigns,
    calls,
    wake,
    inFlight: () => board?.inFlight() ?? 0,
    async stop() {
      await board?.stop()
      await telephony.close()
    },
  }
}
