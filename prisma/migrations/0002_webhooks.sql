-- Webhooks with their deliveries and attempts, and what an analysis finds in answers.
-- Tables that schema.prisma models come first, in its engine's own words; what Prisma does not model follows.

-- CreateEnum
CREATE TYPE "webhook_format" AS ENUM ('standard', 'sayify');

-- CreateEnum
CREATE TYPE "webhook_disabled_reason" AS ENUM ('requested', 'failing', 'gone');

-- CreateEnum
CREATE TYPE "delivery_state" AS ENUM ('pending', 'succeeded', 'dead', 'cancelled');

-- CreateEnum
CREATE TYPE "attempt_failure" AS ENUM ('status', 'timeout', 'dns', 'connect', 'tls', 'reset', 'blocked', 'redirect', 'protocol', 'unbuildable');

-- CreateEnum
CREATE TYPE "sentiment" AS ENUM ('positive', 'neutral', 'negative', 'mixed');

-- AlterTable
ALTER TABLE "response" ADD COLUMN "analyzed_at" TIMESTAMPTZ(6);

-- AlterTable
ALTER TABLE "upload" ADD COLUMN "duration_seconds" DOUBLE PRECISION;

-- CreateTable
CREATE TABLE "webhook" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "name" TEXT,
    "url" TEXT NOT NULL,
    "format" "webhook_format" NOT NULL,
    "event_types" TEXT[],
    "link_id" UUID,
    "enabled" BOOLEAN NOT NULL,
    "disabled_reason" "webhook_disabled_reason",
    "disabled_at" TIMESTAMPTZ(6),
    "failing_since" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "retired_at" TIMESTAMPTZ(6),

    CONSTRAINT "webhook_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_delivery" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "event_id" UUID NOT NULL,
    "event_type" TEXT NOT NULL,
    "position" BIGINT NOT NULL,
    "order_key" UUID NOT NULL,
    "occurred_at" TIMESTAMPTZ(6) NOT NULL,
    "payload" JSONB NOT NULL,
    "state" "delivery_state" NOT NULL,
    "attempt_count" INTEGER NOT NULL DEFAULT 0,
    "attempts_since_start" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(6),
    "settled_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_attempt" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "delivery_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "url" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "status_code" INTEGER,
    "failure" "attempt_failure",
    "message" TEXT,
    "response_body" TEXT,

    CONSTRAINT "webhook_attempt_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "transcript" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "answer_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "language" TEXT,
    "method" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "transcript_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "insight" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "answer_id" UUID NOT NULL,
    "transcript_id" UUID,
    "sentiment" "sentiment",
    "sentiment_score" DOUBLE PRECISION,
    "actionable" BOOLEAN,
    "key_topics" TEXT[],
    "summary" TEXT,
    "method" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "insight_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "insight_workspace_id_answer_id_created_at_id_idx" ON "insight"("workspace_id", "answer_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "insight_workspace_id_id_key" ON "insight"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "transcript_workspace_id_id_key" ON "transcript"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "transcript_answer_id_version_key" ON "transcript"("answer_id", "version");

-- CreateIndex
CREATE INDEX "webhook_workspace_id_created_at_id_idx" ON "webhook"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_workspace_id_id_key" ON "webhook"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_attempt_workspace_id_id_key" ON "webhook_attempt"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_attempt_delivery_id_number_key" ON "webhook_attempt"("delivery_id", "number");

-- CreateIndex
CREATE INDEX "webhook_delivery_workspace_id_webhook_id_created_at_id_idx" ON "webhook_delivery"("workspace_id", "webhook_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "webhook_delivery_workspace_id_state_created_at_id_idx" ON "webhook_delivery"("workspace_id", "state", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_delivery_workspace_id_id_key" ON "webhook_delivery"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "webhook_delivery_webhook_id_event_id_key" ON "webhook_delivery"("webhook_id", "event_id");

-- AddForeignKey
ALTER TABLE "transcript" ADD CONSTRAINT "transcript_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "transcript" ADD CONSTRAINT "transcript_workspace_id_answer_id_fkey" FOREIGN KEY ("workspace_id", "answer_id") REFERENCES "answer"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "insight" ADD CONSTRAINT "insight_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "insight" ADD CONSTRAINT "insight_workspace_id_answer_id_fkey" FOREIGN KEY ("workspace_id", "answer_id") REFERENCES "answer"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "insight" ADD CONSTRAINT "insight_workspace_id_transcript_id_fkey" FOREIGN KEY ("workspace_id", "transcript_id") REFERENCES "transcript"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_workspace_id_link_id_fkey" FOREIGN KEY ("workspace_id", "link_id") REFERENCES "link"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_workspace_id_webhook_id_fkey" FOREIGN KEY ("workspace_id", "webhook_id") REFERENCES "webhook"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook_attempt" ADD CONSTRAINT "webhook_attempt_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook_attempt" ADD CONSTRAINT "webhook_attempt_workspace_id_delivery_id_fkey" FOREIGN KEY ("workspace_id", "delivery_id") REFERENCES "webhook_delivery"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- Beyond Prisma's model ------------------------------------------------------------------------------------------

-- What a client reads back as it sent it keeps the order of its keys.
ALTER TABLE "link" ALTER COLUMN "settings" TYPE JSON;
ALTER TABLE "question" ALTER COLUMN "configuration" TYPE JSON, ALTER COLUMN "condition" TYPE JSON,
  ALTER COLUMN "evaluator_config" TYPE JSON;

-- How far each webhook has read the log. Apart from the webhook, so that feeding it locks nobody out who looks at it.
CREATE TABLE "webhook_feed" (
  "webhook_id" UUID PRIMARY KEY,
  "workspace_id" UUID NOT NULL,
  -- Everything up to here became deliveries or did not concern it.
  "position" BIGINT NOT NULL,
  -- The types that concern it: those it delivers, and those that change what becomes of its deliveries.
  "watches" TEXT[] NOT NULL,
  -- Only events of this stream concern it; null: of all.
  "stream_id" UUID,
  FOREIGN KEY ("workspace_id", "webhook_id") REFERENCES "webhook"("workspace_id", "id") ON DELETE CASCADE
);

-- What deliveries are signed with, encrypted with the server's key; out of reach of every read of the graph.
CREATE TABLE "webhook_secret" (
  "webhook_id" UUID PRIMARY KEY,
  "workspace_id" UUID NOT NULL,
  "sealed" TEXT NOT NULL,
  -- The secret before, which signs as well until then.
  "previous_sealed" TEXT,
  "previous_until" TIMESTAMPTZ(6),
  FOREIGN KEY ("workspace_id", "webhook_id") REFERENCES "webhook"("workspace_id", "id") ON DELETE CASCADE
);

CREATE INDEX "webhook_delivery_due_idx" ON "webhook_delivery"("webhook_id", "due_at", "position") WHERE "state" = 'pending';
CREATE INDEX "webhook_delivery_order_idx" ON "webhook_delivery"("webhook_id", "order_key", "position") WHERE "state" = 'pending';
CREATE INDEX "webhook_delivery_settled_idx" ON "webhook_delivery"("settled_at") WHERE "settled_at" IS NOT NULL;
CREATE INDEX "webhook_link_idx" ON "webhook"("workspace_id", "link_id") WHERE "link_id" IS NOT NULL;
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_due_while_pending"
  CHECK (("state" = 'pending') = ("due_at" IS NOT NULL) AND ("state" = 'pending') = ("settled_at" IS NULL));
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_disabled_for_a_reason"
  CHECK ("enabled" = ("disabled_reason" IS NULL) AND "enabled" = ("disabled_at" IS NULL));

-- Keys that could do everything can still do everything.
UPDATE "api_key" SET "scopes" = "scopes" || '{webhooks:read,webhooks:write}'
WHERE "scopes" @> '{links:read,links:write,responses:read,responses:write,contacts:read,contacts:write,tokens:read,tokens:write}';
