-- Sums of facts by whole days, for days that are over (docs/decisions/0013).

-- Facts of days before it (since 1970, in UTC) are summed up; 0: none.
ALTER TABLE "message_pool" ADD COLUMN "summed_before" INTEGER NOT NULL DEFAULT 0;

-- Times of conversations by kind of fact, word and day.
CREATE TABLE "metric_day" (
  "workspace_id" UUID NOT NULL,
  "kind" TEXT NOT NULL,
  "word_id" INTEGER NOT NULL,
  "day" INTEGER NOT NULL,
  "count" INTEGER NOT NULL,
  "ms" BIGINT NOT NULL,
  "open_ms" BIGINT NOT NULL,
  CONSTRAINT "metric_day_pkey" PRIMARY KEY ("workspace_id", "kind", "word_id", "day")
);

-- How many contacts or conversations were there on a day, by when they were there before.
CREATE TABLE "metric_presence" (
  "workspace_id" UUID NOT NULL,
  "kind" TEXT NOT NULL,
  -- Of contacts; empty: all.
  "country" TEXT NOT NULL,
  -- What "previous" is: a day since 1970 (0), or a month since the year 0 (1), where -1 is never.
  "grain" SMALLINT NOT NULL,
  "day" INTEGER NOT NULL,
  "previous" INTEGER NOT NULL,
  "count" INTEGER NOT NULL,
  CONSTRAINT "metric_presence_pkey" PRIMARY KEY ("workspace_id", "kind", "country", "grain", "day", "previous")
);
