-- Campaigns, whom they address, calls and messages; what the dialling engine stands on.
-- Tables that schema.prisma models come first, in its engine's own words; what Prisma does not model follows.

-- CreateEnum
CREATE TYPE "campaign_kind" AS ENUM ('voice_broadcast', 'click_to_call', 'rsvp', 'sms_broadcast', 'email_broadcast');

-- CreateEnum
CREATE TYPE "campaign_state" AS ENUM ('scheduled', 'active', 'halted', 'completed');

-- CreateEnum
CREATE TYPE "campaign_target_kind" AS ENUM ('contact', 'list', 'segment');

-- CreateEnum
CREATE TYPE "receiver_state" AS ENUM ('waiting', 'in_progress', 'settled');

-- CreateEnum
CREATE TYPE "receiver_outcome" AS ENUM ('accepted', 'declined', 'opted_out', 'no_reply', 'heard', 'no_answer', 'invalid_number', 'unknown', 'not_called', 'sent', 'delivered', 'failed');

-- CreateEnum
CREATE TYPE "call_state" AS ENUM ('queued', 'dialing', 'ringing', 'answered', 'ended');

-- CreateEnum
CREATE TYPE "call_cause" AS ENUM ('answered', 'busy', 'no_answer', 'refused', 'unreachable', 'invalid_number', 'provider_fault', 'cancelled');

-- CreateEnum
CREATE TYPE "call_reply" AS ENUM ('accept', 'decline', 'opt_out');

-- CreateEnum
CREATE TYPE "call_settlement" AS ENUM ('reported', 'reconciled', 'unknown', 'not_dialed');

-- CreateEnum
CREATE TYPE "recording_state" AS ENUM ('pending', 'ready', 'lost');

-- CreateEnum
CREATE TYPE "outbound_message_state" AS ENUM ('queued', 'sent', 'delivered', 'failed', 'unknown');

-- AlterEnum
ALTER TYPE "webhook_format" ADD VALUE 'multisender';

-- AlterTable
ALTER TABLE "webhook" ADD COLUMN     "campaign_id" UUID;

-- CreateTable
CREATE TABLE "campaign" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "kind" "campaign_kind" NOT NULL,
    "name" TEXT,
    "state" "campaign_state" NOT NULL,
    "starts_at" TIMESTAMPTZ(6),
    "ends_at" TIMESTAMPTZ(6),
    "calendar" JSON,
    "max_attempts" INTEGER NOT NULL,
    "redial_after_seconds" INTEGER NOT NULL,
    "lines" INTEGER,
    "accepts_wanted" INTEGER,
    "content" JSON NOT NULL,
    "content_fault" TEXT,
    "meta" JSON,
    "legacy_form" JSON,
    "estimate" BIGINT NOT NULL DEFAULT 0,
    "last_position" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(6),
    "started_at" TIMESTAMPTZ(6),
    "completed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "deleted_at" TIMESTAMPTZ(6),

CONSTRAINT "campaign_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "campaign_stats" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "receivers" INTEGER NOT NULL DEFAULT 0,
    "settled_receivers" INTEGER NOT NULL DEFAULT 0,
    "dialed_calls" INTEGER NOT NULL DEFAULT 0,
    "answered_calls" INTEGER NOT NULL DEFAULT 0,
    "not_answered_calls" INTEGER NOT NULL DEFAULT 0,
    "unknown_calls" INTEGER NOT NULL DEFAULT 0,
    "total_seconds" INTEGER NOT NULL DEFAULT 0,
    "accepts" INTEGER NOT NULL DEFAULT 0,
    "declines" INTEGER NOT NULL DEFAULT 0,
    "opt_outs" INTEGER NOT NULL DEFAULT 0,
    "no_replies" INTEGER NOT NULL DEFAULT 0,
    "surplus_accepts" INTEGER NOT NULL DEFAULT 0,
    "messages_sent" INTEGER NOT NULL DEFAULT 0,
    "messages_delivered" INTEGER NOT NULL DEFAULT 0,
    "messages_failed" INTEGER NOT NULL DEFAULT 0,
    "cost" BIGINT NOT NULL DEFAULT 0,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

CONSTRAINT "campaign_stats_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "campaign_target" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "campaign_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "kind" "campaign_target_kind" NOT NULL,
    "contact_id" UUID,
    "list_id" UUID,
    "segment_id" UUID,
    "position" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

CONSTRAINT "campaign_target_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "receiver" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "campaign_id" UUID NOT NULL,
    "contact_id" UUID NOT NULL,
    "target_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "state" "receiver_state" NOT NULL,
    "outcome" "receiver_outcome",
    "reason" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "answered_calls" INTEGER NOT NULL DEFAULT 0,
    "talk_seconds" INTEGER NOT NULL DEFAULT 0,
    "last_attempt_at" TIMESTAMPTZ(6),
    "retry_at" TIMESTAMPTZ(6),
    "ready_at" TIMESTAMPTZ(6) NOT NULL,
    "settled_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

CONSTRAINT "receiver_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "call" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "campaign_id" UUID NOT NULL,
    "receiver_id" UUID NOT NULL,
    "contact_id" UUID NOT NULL,
    "attempt" INTEGER NOT NULL,
    "state" "call_state" NOT NULL,
    "cause" "call_cause",
    "reply" "call_reply",
    "digits" TEXT,
    "phone" TEXT,
    "script" JSON,
    "flow" JSON,
    "seat" TEXT NOT NULL,
    "settled_as" "call_settlement",
    "dialed_at" TIMESTAMPTZ(6),
    "ringing_at" TIMESTAMPTZ(6),
    "answered_at" TIMESTAMPTZ(6),
    "ended_at" TIMESTAMPTZ(6),
    "settled_at" TIMESTAMPTZ(6),
    "duration_seconds" INTEGER,
    "cost" INTEGER NOT NULL,
    "q850" INTEGER,
    "sip" INTEGER,
    "due_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,

CONSTRAINT "call_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recording" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "call_id" UUID NOT NULL,
    "command_id" TEXT NOT NULL,
    "state" "recording_state" NOT NULL,
    "duration_ms" INTEGER,
    "size" INTEGER,
    "due_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,

CONSTRAINT "recording_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbound_message" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "campaign_id" UUID NOT NULL,
    "receiver_id" UUID NOT NULL,
    "contact_id" UUID NOT NULL,
    "state" "outbound_message_state" NOT NULL,
    "address" TEXT,
    "provider_id" TEXT,
    "failure" TEXT,
    "segments" INTEGER,
    "cost" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(6),
    "sent_at" TIMESTAMPTZ(6),
    "delivered_at" TIMESTAMPTZ(6),
    "failed_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,

CONSTRAINT "outbound_message_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "campaign_workspace_id_created_at_id_idx" ON "campaign"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "campaign_workspace_id_kind_created_at_id_idx" ON "campaign"("workspace_id", "kind", "created_at", "id");

-- CreateIndex
CREATE INDEX "campaign_workspace_id_state_created_at_id_idx" ON "campaign"("workspace_id", "state", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "campaign_workspace_id_id_key" ON "campaign"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "campaign_workspace_id_kind_legacy_id_key" ON "campaign"("workspace_id", "kind", "legacy_id");

-- CreateIndex
CREATE UNIQUE INDEX "campaign_stats_workspace_id_id_key" ON "campaign_stats"("workspace_id", "id");

-- CreateIndex
CREATE INDEX "campaign_target_workspace_id_campaign_id_position_id_idx" ON "campaign_target"("workspace_id", "campaign_id", "position", "id");

-- CreateIndex
CREATE UNIQUE INDEX "campaign_target_workspace_id_id_key" ON "campaign_target"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "campaign_target_workspace_id_legacy_id_key" ON "campaign_target"("workspace_id", "legacy_id");

-- CreateIndex
CREATE UNIQUE INDEX "campaign_target_campaign_id_position_key" ON "campaign_target"("campaign_id", "position");

-- CreateIndex
CREATE INDEX "receiver_workspace_id_campaign_id_position_id_idx" ON "receiver"("workspace_id", "campaign_id", "position", "id");

-- CreateIndex
CREATE INDEX "receiver_workspace_id_contact_id_created_at_id_idx" ON "receiver"("workspace_id", "contact_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "receiver_workspace_id_target_id_idx" ON "receiver"("workspace_id", "target_id");

-- CreateIndex
CREATE UNIQUE INDEX "receiver_workspace_id_id_key" ON "receiver"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "receiver_campaign_id_contact_id_key" ON "receiver"("campaign_id", "contact_id");

-- CreateIndex
CREATE INDEX "call_workspace_id_campaign_id_created_at_id_idx" ON "call"("workspace_id", "campaign_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "call_workspace_id_contact_id_created_at_id_idx" ON "call"("workspace_id", "contact_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "call_workspace_id_receiver_id_created_at_id_idx" ON "call"("workspace_id", "receiver_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "call_workspace_id_created_at_id_idx" ON "call"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "call_workspace_id_id_key" ON "call"("workspace_id", "id");

-- CreateIndex
CREATE INDEX "recording_workspace_id_call_id_created_at_id_idx" ON "recording"("workspace_id", "call_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "recording_workspace_id_id_key" ON "recording"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "recording_call_id_command_id_key" ON "recording"("call_id", "command_id");

-- CreateIndex
CREATE INDEX "outbound_message_workspace_id_campaign_id_created_at_id_idx" ON "outbound_message"("workspace_id", "campaign_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "outbound_message_workspace_id_receiver_id_created_at_id_idx" ON "outbound_message"("workspace_id", "receiver_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "outbound_message_workspace_id_contact_id_created_at_id_idx" ON "outbound_message"("workspace_id", "contact_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "outbound_message_workspace_id_id_key" ON "outbound_message"("workspace_id", "id");

-- AddForeignKey
ALTER TABLE "campaign" ADD CONSTRAINT "campaign_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_stats" ADD CONSTRAINT "campaign_stats_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_stats" ADD CONSTRAINT "campaign_stats_workspace_id_id_fkey" FOREIGN KEY ("workspace_id", "id") REFERENCES "campaign"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_target" ADD CONSTRAINT "campaign_target_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_target" ADD CONSTRAINT "campaign_target_workspace_id_campaign_id_fkey" FOREIGN KEY ("workspace_id", "campaign_id") REFERENCES "campaign"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_target" ADD CONSTRAINT "campaign_target_workspace_id_contact_id_fkey" FOREIGN KEY ("workspace_id", "contact_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_target" ADD CONSTRAINT "campaign_target_workspace_id_list_id_fkey" FOREIGN KEY ("workspace_id", "list_id") REFERENCES "contact_list"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "campaign_target" ADD CONSTRAINT "campaign_target_workspace_id_segment_id_fkey" FOREIGN KEY ("workspace_id", "segment_id") REFERENCES "segment"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "receiver" ADD CONSTRAINT "receiver_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "receiver" ADD CONSTRAINT "receiver_workspace_id_campaign_id_fkey" FOREIGN KEY ("workspace_id", "campaign_id") REFERENCES "campaign"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "receiver" ADD CONSTRAINT "receiver_workspace_id_contact_id_fkey" FOREIGN KEY ("workspace_id", "contact_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "receiver" ADD CONSTRAINT "receiver_workspace_id_target_id_fkey" FOREIGN KEY ("workspace_id", "target_id") REFERENCES "campaign_target"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_workspace_id_campaign_id_fkey" FOREIGN KEY ("workspace_id", "campaign_id") REFERENCES "campaign"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_workspace_id_receiver_id_fkey" FOREIGN KEY ("workspace_id", "receiver_id") REFERENCES "receiver"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_workspace_id_contact_id_fkey" FOREIGN KEY ("workspace_id", "contact_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "recording" ADD CONSTRAINT "recording_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "recording" ADD CONSTRAINT "recording_workspace_id_call_id_fkey" FOREIGN KEY ("workspace_id", "call_id") REFERENCES "call"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "outbound_message" ADD CONSTRAINT "outbound_message_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "outbound_message" ADD CONSTRAINT "outbound_message_workspace_id_campaign_id_fkey" FOREIGN KEY ("workspace_id", "campaign_id") REFERENCES "campaign"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "outbound_message" ADD CONSTRAINT "outbound_message_workspace_id_receiver_id_fkey" FOREIGN KEY ("workspace_id", "receiver_id") REFERENCES "receiver"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "outbound_message" ADD CONSTRAINT "outbound_message_workspace_id_contact_id_fkey" FOREIGN KEY ("workspace_id", "contact_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "webhook" ADD CONSTRAINT "webhook_workspace_id_campaign_id_fkey" FOREIGN KEY ("workspace_id", "campaign_id") REFERENCES "campaign"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- Beyond Prisma's model ------------------------------------------------------------------------------------------

-- The engine asks for campaigns that are due, and for their receivers in the order in which they are judged.
CREATE INDEX "campaign_due_idx" ON "campaign"("due_at") WHERE "due_at" IS NOT NULL;
CREATE INDEX "receiver_ready_idx" ON "receiver"("campaign_id", "ready_at", "position") WHERE "state" = 'waiting';
CREATE INDEX "receiver_pass_idx" ON "receiver"("campaign_id", "attempts", "position") WHERE "state" = 'waiting';
-- Calls that hold a line. Few at any time, so that counting them costs little.
CREATE INDEX "call_live_idx" ON "call"("workspace_id", "campaign_id") WHERE "settled_at" IS NULL;
CREATE INDEX "call_seat_idx" ON "call"("seat") WHERE "settled_at" IS NULL;
CREATE INDEX "call_due_idx" ON "call"("due_at") WHERE "due_at" IS NOT NULL;
CREATE INDEX "recording_due_idx" ON "recording"("due_at") WHERE "due_at" IS NOT NULL;
CREATE INDEX "outbound_message_due_idx" ON "outbound_message"("due_at") WHERE "due_at" IS NOT NULL;
CREATE INDEX "outbound_message_provider_idx" ON "outbound_message"("provider_id") WHERE "provider_id" IS NOT NULL;
-- Whoever writes STOP is looked for by the number.
CREATE INDEX "outbound_message_address_idx" ON "outbound_message"("address", "created_at") WHERE "address" IS NOT NULL;

ALTER TABLE "campaign" ADD CONSTRAINT "campaign_sane" CHECK (
  "max_attempts" >= 1 AND "redial_after_seconds" >= 0 AND ("lines" IS NULL OR "lines" >= 1)
  AND ("accepts_wanted" IS NULL OR "accepts_wanted" >= 1));
ALTER TABLE "campaign_target" ADD CONSTRAINT "campaign_target_one" CHECK (
  num_nonnulls("contact_id", "list_id", "segment_id") = 1
  AND ("kind" = 'contact') = ("contact_id" IS NOT NULL) AND ("kind" = 'list') = ("list_id" IS NOT NULL));
ALTER TABLE "receiver" ADD CONSTRAINT "receiver_settled_with_outcome" CHECK (
  ("state" = 'settled') = ("outcome" IS NOT NULL) AND ("state" = 'settled') = ("settled_at" IS NOT NULL));
ALTER TABLE "call" ADD CONSTRAINT "call_settled_after_its_end" CHECK (
  ("settled_at" IS NULL) = ("settled_as" IS NULL) AND ("settled_at" IS NULL OR "state" = 'ended')
  AND ("state" = 'ended') = ("ended_at" IS NOT NULL));

-- Which voice files a campaign plays, so that none is deleted under it.
CREATE TABLE "campaign_voice_file" (
  "workspace_id" UUID NOT NULL,
  "campaign_id" UUID NOT NULL,
  "voice_file_id" UUID NOT NULL,
  CONSTRAINT "campaign_voice_file_pkey" PRIMARY KEY ("workspace_id", "campaign_id", "voice_file_id"),
  CONSTRAINT "campaign_voice_file_campaign_fkey" FOREIGN KEY ("workspace_id", "campaign_id")
    REFERENCES "campaign"("workspace_id", "id") ON DELETE CASCADE
);
CREATE INDEX "campaign_voice_file_file_idx" ON "campaign_voice_file"("workspace_id", "voice_file_id");

-- Who hears of the calls of a seat, and until when unless it says so again.
CREATE TABLE "seat" (
  "name" TEXT PRIMARY KEY,
  "holder" UUID NOT NULL,
  "lease_until" TIMESTAMPTZ(6) NOT NULL
);

-- What a provider said of itself; its row is also the lock of those who take lines of it.
CREATE TABLE "provider_state" (
  "port" TEXT PRIMARY KEY,
  -- Null: as many as one likes.
  "lines" INTEGER,
  "paused_until" TIMESTAMPTZ(6),
  "detail" TEXT
);
INSERT INTO "provider_state" ("port") VALUES ('telephony'), ('sms'), ('email');

-- What a workspace may do beyond what the operator allows anyway; null: as the operator says.
CREATE TABLE "outreach_policy" (
  "workspace_id" UUID PRIMARY KEY REFERENCES "workspace"("id"),
  "quiet_from" TIME,
  "quiet_to" TIME,
  "countries" TEXT[],
  "cap_contacts" INTEGER,
  "cap_days" INTEGER,
  "monthly_spend_cap_cents" DOUBLE PRECISION,
  "lines" INTEGER,
  "updated_at" TIMESTAMPTZ(6) NOT NULL,
  CONSTRAINT "outreach_policy_whole" CHECK (
    ("quiet_from" IS NULL) = ("quiet_to" IS NULL) AND ("cap_contacts" IS NULL) = ("cap_days" IS NULL))
);

-- What a workspace has spent in a month (its first day, UTC), with the most that calls under way can cost; in
-- ten-thousandths of a cent.
CREATE TABLE "spend" (
  "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
  "month" DATE NOT NULL,
  "amount" BIGINT NOT NULL,
  CONSTRAINT "spend_pkey" PRIMARY KEY ("workspace_id", "month")
);

-- Keys that could do everything can still do everything.
UPDATE "api_key" SET "scopes" = "scopes" || '{campaigns:read,campaigns:write}'
WHERE "scopes" @> '{links:read,links:write,responses:read,responses:write,contacts:read,contacts:write,voiceFiles:read,voiceFiles:write,webhooks:read,webhooks:write,tokens:read,tokens:write,users:read,users:write,subusers:read,subusers:write}';
