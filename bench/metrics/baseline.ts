import type { Asked, Narrowing, Question } from './questions.ts'
import { USER_TAGS } from './workspace.ts'

/**
 * Every metric of docs/metrics.md by straightforward SQL over the bare tables. There is often more than one way to say
 * it, and which is fastest depends on the period and on what it is narrowed to: all are given, and the benchmark takes
 * the fastest of each question. Each statement has one row with `value`, or rows with `key` and `value`.
 */
export function formulations({ asked, period, narrowing }: Question): string[] {
  const from = `'${period.from.toISOString()}'::timestamptz`
  const to = `'${period.to.toISOString()}'::timestamptz`
  const within = (column: string) => `${column} >= ${from} AND ${column} < ${to}`
  return FORMULATIONS[asked]({ ...narrowing, from, to, within }).map((statement) =>
    statement.replace(/\s+/g, ' ').trim(),
  )
}

interface Terms extends Narrowing {
  from: string
  to: string
  within(column: string): string
}

/** Either the set of conversations with the tag is made first, or each is looked at. */
const tagConditions = ({ tag }: Terms, conversation: string): string[] =>
  tag === undefined
    ? ['']
    : [
        `AND ${conversation} IN (SELECT conversation FROM bare_message WHERE tags @> '{${tag}}'::smallint[]
           UNION SELECT conversation FROM bare_resolution WHERE tags @> '{${tag}}'::smallint[])`,
        `AND (EXISTS (SELECT FROM bare_message t WHERE t.conversation = ${conversation} AND t.tags @> '{${tag}}'::smallint[])
           OR EXISTS (SELECT FROM bare_resolution t WHERE t.conversation = ${conversation} AND t.tags @> '{${tag}}'::smallint[]))`,
      ]

/** The conversation has a message of the agent, or that resolved it. */
const agentConditions = ({ agent }: Terms, conversation: string, resolver: string): string[] =>
  agent === undefined
    ? ['']
    : [
        `AND (${resolver} = ${agent} OR ${conversation} IN (SELECT conversation FROM bare_message WHERE agent = ${agent}))`,
        `AND (${resolver} = ${agent} OR EXISTS (SELECT FROM bare_message a WHERE a.conversation = ${conversation} AND a.agent = ${agent}))`,
      ]

const ofMessage = ({ agent, tag }: Terms, alias: string): string =>
  (agent === undefined ? '' : ` AND ${alias}.agent = ${agent}`) +
  (tag === undefined ? '' : ` AND ${alias}.tags @> '{${tag}}'::smallint[]`)

const byAgent = ({ agent }: Terms, alias: string): string =>
  agent === undefined ? '' : ` AND ${alias}.agent = ${agent}`

const seconds = (interval: string): string => `extract(epoch FROM ${interval})::float8`
const average = (interval: string): string => `avg(${seconds(interval)})`
const median = (interval: string): string => `percentile_cont(0.5) WITHIN GROUP (ORDER BY ${seconds(interval)})`

const FORMULATIONS: Record<Asked, (terms: Terms) => string[]> = {
  messages: (terms) => [
    `SELECT count(*)::float8 AS value FROM bare_message m WHERE ${terms.within('m.time')} ${ofMessage(terms, 'm')}`,
  ],
  paidTemplates: (terms) => [
    `SELECT count(*)::float8 AS value FROM bare_message m
     WHERE ${terms.within('m.time')} AND m.paid AND m.sent ${ofMessage(terms, 'm')}`,
    // By the tag that means it, which has an index.
    `SELECT count(*)::float8 AS value FROM bare_message m
     WHERE ${terms.within('m.time')} AND m.tags @> ARRAY(SELECT id FROM bare_tag WHERE name = 'system:paid_template')
       AND m.sent ${ofMessage(terms, 'm')}`,
  ],
  responseTimeAverage: responseTime,
  activeContacts: (terms) => [
    `SELECT count(*)::float8 AS value FROM (${activeThreads(terms)}) t`,
    `SELECT count(DISTINCT m.thread)::float8 AS value FROM bare_message m
     WHERE ${terms.within('m.time')} AND NOT m.sent ${ofMessage(terms, 'm')}`,
  ],
  'activeContacts by country': (terms) => [
    `SELECT b.country AS key, count(*)::float8 AS value FROM (${activeThreads(terms)}) t JOIN bare_thread b ON b.id = t.thread
     WHERE b.country IS NOT NULL GROUP BY b.country`,
  ],
  firstReplyTimeMedian: (terms) => firstReply(terms, median('r.time - f.time')),
  firstReplyTimeAverage: (terms) => firstReply(terms, average('r.time - f.time')),
  openFirstReplyTimeMedian: (terms) => firstReply(terms, median(OPEN_TIME)),
  openFirstReplyTimeAverage: (terms) => firstReply(terms, average(OPEN_TIME)),
  resolvedConversations: (terms) =>
    tagConditions(terms, 'r.conversation').flatMap((tagged) =>
      agentConditions(terms, 'r.conversation', 'r.agent').map(
        (agents) =>
          `SELECT count(*)::float8 AS value FROM bare_resolution r WHERE ${terms.within('r.time')} ${tagged} ${agents}`,
      ),
    ),
  taggedConversations: (terms) => [
    `SELECT count(*)::float8 AS value FROM (
       SELECT m.conversation FROM bare_message m WHERE ${terms.within('m.time')} AND ${hasUserTag('m')} ${byAgent(terms, 'm')}
       UNION
       SELECT m.conversation FROM bare_resolution m WHERE ${terms.within('m.time')} AND ${hasUserTag('m')} ${byAgent(terms, 'm')}
     ) c`,
  ],
  'taggedConversations by tag': (terms) => [
    `SELECT substr(b.name, 6) AS key, count(*)::float8 AS value FROM (
       SELECT m.conversation, unnest(m.tags) AS tag FROM bare_message m
       WHERE ${terms.within('m.time')} AND ${hasUserTag('m')} ${byAgent(terms, 'm')}
       UNION
       SELECT m.conversation, unnest(m.tags) AS tag FROM bare_resolution m
       WHERE ${terms.within('m.time')} AND ${hasUserTag('m')} ${byAgent(terms, 'm')}
     ) c JOIN bare_tag b ON b.id = c.tag WHERE c.tag < ${USER_TAGS} GROUP BY b.name`,
  ],
  resolveTimeMedian: (terms) => resolveTime(terms, median('i.ended - i.began')),
  resolveTimeAverage: (terms) => resolveTime(terms, average('i.ended - i.began')),
  messagesPerConversation: (terms) =>
    tagConditions(terms, 'm.conversation').map(
      (tagged) =>
        `SELECT sum(c.messages)::float8 / nullif(count(*), 0) AS value FROM (
           SELECT count(*) AS messages FROM bare_message m
           WHERE ${terms.within('m.time')} ${byAgent(terms, 'm')} ${tagged} GROUP BY m.conversation) c`,
    ),
  uniqueConversations: sessions,
}

function activeThreads(terms: Terms): string {
  return `SELECT m.thread FROM bare_message m WHERE ${terms.within('m.time')} AND NOT m.sent ${ofMessage(terms, 'm')} GROUP BY m.thread`
}

/** Tags are sorted, and the user's are the first. */
function hasUserTag(alias: string): string {
  return `${alias}.tags[1] < ${USER_TAGS}`
}

function responseTime(terms: Terms): string[] {
  const { agent, tag, within } = terms
  const agents = agent === undefined ? '' : `AND (CASE WHEN m.sent THEN m.agent ELSE p.agent END) = ${agent}`
  const tagged = tag === undefined ? '' : `AND m.tags @> '{${tag}}'::smallint[]`
  const before = (message: string) =>
    `SELECT time, sent, agent FROM bare_message b
     WHERE b.conversation = ${message}.conversation AND (b.time, b.id) < (${message}.time, ${message}.id)
     ORDER BY b.time DESC, b.id DESC LIMIT 1`
  return [
    `SELECT ${average('m.time - p.time')} AS value FROM bare_message m CROSS JOIN LATERAL (${before('m')}) p
     WHERE ${within('m.time')} AND p.sent <> m.sent ${agents} ${tagged}`,
    // Neighbours within the period by one sort; only the first one of each conversation is looked up.
    `SELECT ${average('m.time - p.time')} AS value FROM (
       SELECT id, conversation, time, sent, agent, tags, lag(time) OVER w AS before_time, lag(sent) OVER w AS before_sent,
              lag(agent) OVER w AS before_agent
       FROM bare_message m WHERE ${within('m.time')} WINDOW w AS (PARTITION BY conversation ORDER BY time, id)) m
     CROSS JOIN LATERAL (
       SELECT m.before_time AS time, m.before_sent AS sent, m.before_agent AS agent WHERE m.before_time IS NOT NULL
       UNION ALL (SELECT f.time, f.sent, f.agent FROM (${before('m')}) f WHERE m.before_time IS NULL)) p
     WHERE p.sent <> m.sent ${agents} ${tagged}`,
    ...(agent === undefined
      ? []
      : [
          // Only conversations that the agent has ever had a part in.
          `SELECT ${average('m.time - m.before_time')} AS value FROM (
             SELECT time, sent, agent, tags, lag(time) OVER w AS before_time, lag(sent) OVER w AS before_sent,
                    lag(agent) OVER w AS before_agent
             FROM bare_message WHERE conversation IN (SELECT conversation FROM bare_message WHERE agent = ${agent} AND time < ${terms.to})
             WINDOW w AS (PARTITION BY conversation ORDER BY time, id)) m
           WHERE ${within('m.time')} AND m.before_sent <> m.sent
             AND (CASE WHEN m.sent THEN m.agent ELSE m.before_agent END) = ${agent} ${tagged}`,
        ]),
  ]
}

/** The opening hours of the message that starts the clock, else of the reply; without any, every hour counts. */
const OPEN_TIME = `
  (CASE WHEN coalesce(f.hours, r.hours) IS NULL THEN r.time - f.time ELSE coalesce((
     SELECT sum(least(r.time, (d.day + o.closes) AT TIME ZONE h.zone) - greatest(f.time, (d.day + o.opens) AT TIME ZONE h.zone))
     FROM bare_hours h
     CROSS JOIN LATERAL generate_series(date_trunc('day', f.time AT TIME ZONE h.zone), r.time AT TIME ZONE h.zone, interval '1 day') AS d(day)
     JOIN bare_opening o ON o.hours = h.id AND o.dow = extract(dow FROM d.day)
     WHERE h.id = coalesce(f.hours, r.hours) AND (d.day + o.closes) AT TIME ZONE h.zone > f.time
       AND (d.day + o.opens) AT TIME ZONE h.zone < r.time), interval '0') END)`

function firstReply(terms: Terms, value: string): string[] {
  const { within } = terms
  const received = (conversation: string) =>
    `SELECT time, id, hours FROM bare_message WHERE conversation = ${conversation} AND NOT sent ORDER BY time, id LIMIT 1`
  const reply = `SELECT time, agent, hours FROM bare_message
    WHERE conversation = f.conversation AND sent AND NOT automatic AND (time, id) > (f.time, f.id) ORDER BY time, id LIMIT 1`
  const rest = `CROSS JOIN LATERAL (${reply}) r WHERE ${within('r.time')} ${byAgent(terms, 'r')}`
  return tagConditions(terms, 'm.conversation').flatMap((tagged) => [
    // What may be a first reply within the period decides whose are looked up.
    `SELECT ${value} AS value FROM (
       SELECT DISTINCT m.conversation FROM bare_message m
       WHERE ${within('m.time')} AND m.sent AND NOT m.automatic ${byAgent(terms, 'm')} ${tagged}) c
     CROSS JOIN LATERAL (SELECT c.conversation, g.* FROM (${received('c.conversation')}) g) f ${rest}`,
    // The first message in of every conversation by one sort.
    `SELECT ${value} AS value FROM (
       SELECT DISTINCT ON (m.conversation) m.conversation, m.time, m.id, m.hours FROM bare_message m
       WHERE NOT m.sent AND m.time < ${terms.to} ${tagged} ORDER BY m.conversation, m.time, m.id) f ${rest}`,
  ])
}

function resolveTime(terms: Terms, value: string): string[] {
  const { within, from, to } = terms
  const first = (conversation: string) =>
    `SELECT time FROM bare_message WHERE conversation = ${conversation} ORDER BY time, id LIMIT 1`
  const silent = `NOT EXISTS (SELECT FROM bare_resolution r WHERE r.conversation = l.conversation)
       AND l.ended <= now() - interval '24 hours'`
  const narrowed = conversationsOf(terms)
  const byCandidates =
    narrowed === undefined
      ? []
      : [
          // Only conversations that the agent had a part in, or that have the tag.
          `SELECT ${value} AS value FROM (
             SELECT coalesce(r.time, l.time) AS ended, least(b.time, coalesce(r.time, l.time)) AS began
             FROM (${narrowed}) c CROSS JOIN LATERAL (${first('c.conversation')}) b
             CROSS JOIN LATERAL (SELECT time FROM bare_message WHERE conversation = c.conversation ORDER BY time DESC, id DESC LIMIT 1) l
             LEFT JOIN bare_resolution r ON r.conversation = c.conversation
             WHERE r.time IS NOT NULL OR l.time <= now() - interval '24 hours') i WHERE ${within('i.ended')}`,
        ]
  return byCandidates.concat(
    tagConditions(terms, 'c.conversation').flatMap((tagged) =>
      agentConditions(terms, 'c.conversation', 'c.agent').flatMap((agents) => [
        `SELECT ${value} AS value FROM (
         SELECT c.ended, least(b.time, c.ended) AS began FROM (
           SELECT r.conversation, r.time AS ended, r.agent FROM bare_resolution r WHERE ${within('r.time')}
           UNION ALL
           SELECT l.conversation, l.ended, NULL FROM (
             SELECT m.conversation, max(m.time) AS ended FROM bare_message m WHERE ${within('m.time')} GROUP BY m.conversation) l
           WHERE ${silent}
             AND NOT EXISTS (SELECT FROM bare_message n WHERE n.conversation = l.conversation AND n.time >= ${to})
         ) c CROSS JOIN LATERAL (${first('c.conversation')}) b WHERE true ${tagged} ${agents}) i`,
        // Beginning and end of every conversation by one pass.
        `SELECT ${value} AS value FROM (
         SELECT c.ended, least(c.began, c.ended) AS began FROM (
           SELECT l.conversation, l.began, coalesce(r.time, l.ended) AS ended, r.agent
           FROM (SELECT m.conversation, min(m.time) AS began, max(m.time) AS ended FROM bare_message m GROUP BY m.conversation) l
           LEFT JOIN bare_resolution r ON r.conversation = l.conversation
           WHERE r.time IS NOT NULL OR l.ended <= now() - interval '24 hours'
         ) c WHERE c.ended >= ${from} AND c.ended < ${to} ${tagged} ${agents}) i`,
      ]),
    ),
  )
}

/** All that an agent ever had a part in, or that ever had a tag; undefined when neither is asked for, or both. */
function conversationsOf({ agent, tag }: Terms): string | undefined {
  if ((agent === undefined) === (tag === undefined)) return undefined
  const which = agent === undefined ? `tags @> '{${tag}}'::smallint[]` : `agent = ${agent}`
  return `SELECT conversation FROM bare_message WHERE ${which} UNION SELECT conversation FROM bare_resolution WHERE ${which}`
}

/** Sessions of 24 hours follow from each other, so each thread is followed from its first message sent. */
function sessions(terms: Terms): string[] {
  const { within, to } = terms
  const next = `SELECT n.time, n.agent, n.conversation FROM bare_message n
    WHERE n.thread = s.thread AND n.sent AND n.time >= s.time + interval '24 hours' AND n.time < ${to} ORDER BY n.time, n.id LIMIT 1`
  return tagConditions(terms, 'm.conversation').flatMap((tagged, index) => [
    `WITH RECURSIVE active AS (
       SELECT DISTINCT m.thread FROM bare_message m WHERE ${within('m.time')} AND m.sent ${byAgent(terms, 'm')} ${tagged}
     ), s AS (
       SELECT a.thread, f.time, f.agent, f.conversation FROM active a CROSS JOIN LATERAL (
         SELECT * FROM bare_message m WHERE m.thread = a.thread AND m.sent ORDER BY m.time, m.id LIMIT 1) f
       UNION ALL SELECT s.thread, n.* FROM s CROSS JOIN LATERAL (${next}) n
     )
     SELECT count(*)::float8 AS value FROM s m WHERE ${within('m.time')} ${byAgent(terms, 'm')} ${tagged}`,
    // Who is silent for 24 hours surely opens a session with the next one; only within what lies between is it followed.
    `WITH RECURSIVE o AS (
       SELECT m.thread, m.time, m.agent, m.conversation, lag(m.time) OVER (PARTITION BY m.thread ORDER BY m.time, m.id) AS before
       FROM bare_message m WHERE m.sent AND m.time < ${to}
     ), s AS (
       SELECT thread, time, agent, conversation FROM o WHERE before IS NULL OR time >= before + interval '24 hours'
       UNION ALL SELECT s.thread, n.time, n.agent, n.conversation FROM s CROSS JOIN LATERAL (${next.replace('n.agent,', 'n.id, n.agent,')}) n
       WHERE EXISTS (SELECT FROM bare_message b WHERE b.thread = s.thread AND b.sent
         AND b.time > n.time - interval '24 hours' AND (b.time, b.id) < (n.time, n.id))
     )
     SELECT count(*)::float8 AS value FROM s m WHERE ${within('m.time')} ${byAgent(terms, 'm')} ${tagConditions(terms, 'm.conversation')[index]}`,
  ])
}
