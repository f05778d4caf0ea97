import { expect, test } from 'vitest'
import type { MetricName } from './definitions.ts'
import { nearestKept } from './nearest-kept.ts'

const FLOOR = new Date('2026-06-10T00:00:00Z')
const isReduced = (at: Date) => at < FLOOR
const day = (text: string) => new Date(`2026-06-${text}Z`)

test.each<[MetricName, string, string, string, string]>([
  // Counts: the nearest quarters of an hour.
  ['messages', '01T00:00:00', '02T00:00:00', '01T00:00:00', '02T00:00:00'],
  ['messages', '01T10:07:29.999', '02T23:59:59.001', '01T10:00:00', '03T00:00:00'],
  ['messages', '01T10:07:30', '02T00:00:00.001', '01T10:15:00', '02T00:00:00'],
  ['responseTimeAverage', '01T10:08:00', '09T23:58:00', '01T10:15:00', '10T00:00:00'],
  // Nothing would be left of it.
  ['uniqueConversations', '01T10:01:00', '01T10:02:00', '01T10:00:00', '01T10:15:00'],
  ['messages', '09T23:55:00', '09T23:59:00', '09T23:45:00', '10T00:00:00'],
  ['messages', '09T23:59:00', '10T00:00:00', '09T23:45:00', '10T00:00:00'],
  // What is after the floor is as it was asked for.
  ['messages', '09T23:59:00', '11T10:01:01.001', '10T00:00:00', '11T10:01:01.001'],
  ['messages', '10T00:00:00.001', '11T10:01:01.001', '10T00:00:00.001', '11T10:01:01.001'],
  // Different ones: from the nearest midnight on, to any moment.
  ['activeContacts', '01T11:59:59', '02T10:01:01', '01T00:00:00', '02T10:01:01'],
  ['taggedConversations', '01T12:00:00', '02T10:01:01', '02T00:00:00', '02T10:01:01'],
  ['activeContacts', '01T13:00:00', '01T20:01:01', '01T00:00:00', '01T20:01:01'],
  ['activeContacts', '09T13:00:00', '11T20:01:01', '10T00:00:00', '11T20:01:01'],
  ['messagesPerConversation', '01T13:00:00', '02T20:01:01', '02T00:00:00', '02T20:00:00'],
  ['messagesPerConversation', '01T13:00:00', '01T20:01:01', '01T00:00:00', '01T20:15:00'],
  // Conversations are kept.
  ['firstReplyTimeMedian', '01T13:00:07', '01T20:01:01', '01T13:00:07', '01T20:01:01'],
  ['resolvedConversations', '01T13:00:07', '01T20:01:01', '01T13:00:07', '01T20:01:01'],
])('%s from %s to %s is told from %s to %s', (metric, from, to, keptFrom, keptTo) => {
  const buckets = [{ start: day('01T00:00:00'), end: day('02T00:00:00') }]
  expect(nearestKept(metric, { from: day(from), to: day(to), buckets }, isReduced)).toEqual({
    ...{ from: day(keptFrom), to: day(keptTo), buckets },
  })
})
