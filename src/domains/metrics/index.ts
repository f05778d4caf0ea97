export { type Bucket, bucketStart, bucketsOf, countBuckets } from './buckets.ts'
export { METRICS, type MetricDefinition, type MetricName } from './definitions.ts'
export { type Channel, listAgents, listChannels, listConversationTags, listTags, listTeams } from './list-words.ts'
export { moment, zoneName } from './period.ts'
export { contributionsTo, readMetric } from './read-metric.ts'
export {
  type Contribution,
  GRANULARITIES,
  GROUPINGS,
  type Granularity,
  type Grouping,
  type MetricFilter,
  type MetricGroup,
  type MetricPoint,
  type MetricRequest,
  type MetricResult,
} from './request.ts'
