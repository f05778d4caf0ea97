import { serveJobs } from '../../../platform/serve-jobs.ts'
import type { FollowUpFound, FollowUpRequest, InsightFound, InsightRequest } from '../insight.ts'
import { analyze } from './analyze.ts'
import { followUp } from './follow-up.ts'
import { loadTagger } from './tagger.ts'

export type HeuristicJob =
  | { kind: 'analyze'; request: Omit<InsightRequest, 'signal'> }
  | { kind: 'follow-up'; request: Omit<FollowUpRequest, 'signal'> }

export type HeuristicResult = { insight: InsightFound } | { followUp: FollowUpFound | null }

const tagger = loadTagger()

serveJobs<HeuristicJob, HeuristicResult>(async (job) => ({
  result:
    job.kind === 'analyze' ? { insight: analyze(job.request, tagger) } : { followUp: followUp(job.request, tagger) },
}))
