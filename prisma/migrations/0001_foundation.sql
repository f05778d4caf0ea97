-- The foundation: workspaces and keys, the event log, links, the people who answer and what they answered.
-- Tables that schema.prisma models come first, in its engine's own words; what Prisma does not model follows.

-- CreateEnum
CREATE TYPE "link_status" AS ENUM ('active', 'paused');

-- CreateEnum
CREATE TYPE "question_type" AS ENUM ('voice', 'voice_text_fallback', 'text', 'multiple_choice', 'number', 'rating', 'image_choice', 'email', 'date', 'yes_no', 'file_upload');

-- CreateEnum
CREATE TYPE "respondent_status" AS ENUM ('created', 'queued', 'called', 'surveyed', 'analyzed', 'invalid');

-- CreateEnum
CREATE TYPE "response_status" AS ENUM ('started', 'completed');

-- CreateEnum
CREATE TYPE "response_channel" AS ENUM ('web', 'phone');

-- CreateEnum
CREATE TYPE "upload_state" AS ENUM ('pending', 'ready', 'discarded');

-- CreateTable
CREATE TABLE "workspace" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "link_quota" INTEGER,
    "event_retention_days" INTEGER NOT NULL DEFAULT 30,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "workspace_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "suffix" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),
    "last_used_at" TIMESTAMPTZ(6),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "link" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "status" "link_status" NOT NULL,
    "settings" JSONB NOT NULL,
    "max_responses" INTEGER,
    "response_count" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "deleted_at" TIMESTAMPTZ(6),

    CONSTRAINT "link_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "question" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "link_id" UUID NOT NULL,
    "prompt" TEXT NOT NULL,
    "field_key" TEXT NOT NULL,
    "type" "question_type" NOT NULL,
    "order" INTEGER NOT NULL,
    "required" BOOLEAN NOT NULL,
    "configuration" JSONB NOT NULL,
    "condition" JSONB NOT NULL,
    "enable_dynamic_probing" BOOLEAN NOT NULL,
    "fallback_to_text" BOOLEAN NOT NULL,
    "evaluator_config" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "question_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contact" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "name" TEXT,
    "email" TEXT,
    "phone" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "contact_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "respondent" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "link_id" UUID NOT NULL,
    "contact_id" UUID,
    "status" "respondent_status" NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "respondent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "response" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "link_id" UUID NOT NULL,
    "respondent_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "channel" "response_channel" NOT NULL,
    "status" "response_status" NOT NULL,
    "respondent_email" TEXT,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "submitted_at" TIMESTAMPTZ(6),

    CONSTRAINT "response_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "answer" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "response_id" UUID NOT NULL,
    "question_id" UUID,
    "field_key" TEXT NOT NULL,
    "question_text" TEXT NOT NULL,
    "question_type" "question_type" NOT NULL,
    "order" INTEGER NOT NULL,
    "value" JSONB,
    "text" TEXT,
    "upload_id" UUID,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "answer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "upload" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "response_id" UUID NOT NULL,
    "state" "upload_state" NOT NULL,
    "storage_key" TEXT NOT NULL,
    "file_name" TEXT,
    "media_type" TEXT,
    "size" INTEGER,
    "sha256" TEXT,
    "due_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "workspace_slug_key" ON "workspace"("slug");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_workspace_id_id_key" ON "api_key"("workspace_id", "id");

-- CreateIndex
CREATE INDEX "link_workspace_id_created_at_id_idx" ON "link"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "link_workspace_id_name_id_idx" ON "link"("workspace_id", "name", "id");

-- CreateIndex
CREATE UNIQUE INDEX "link_workspace_id_id_key" ON "link"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "link_workspace_id_legacy_id_key" ON "link"("workspace_id", "legacy_id");

-- CreateIndex
CREATE INDEX "question_workspace_id_link_id_order_id_idx" ON "question"("workspace_id", "link_id", "order", "id");

-- CreateIndex
CREATE UNIQUE INDEX "question_workspace_id_id_key" ON "question"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "question_link_id_field_key_key" ON "question"("link_id", "field_key");

-- CreateIndex
CREATE INDEX "contact_workspace_id_created_at_id_idx" ON "contact"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_workspace_id_id_key" ON "contact"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_workspace_id_legacy_id_key" ON "contact"("workspace_id", "legacy_id");

-- CreateIndex
CREATE INDEX "respondent_workspace_id_link_id_id_idx" ON "respondent"("workspace_id", "link_id", "id");

-- CreateIndex
CREATE INDEX "respondent_workspace_id_contact_id_id_idx" ON "respondent"("workspace_id", "contact_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "respondent_workspace_id_id_key" ON "respondent"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "respondent_workspace_id_legacy_id_key" ON "respondent"("workspace_id", "legacy_id");

-- CreateIndex
CREATE UNIQUE INDEX "respondent_link_id_contact_id_key" ON "respondent"("link_id", "contact_id");

-- CreateIndex
CREATE INDEX "response_workspace_id_link_id_started_at_id_idx" ON "response"("workspace_id", "link_id", "started_at", "id");

-- CreateIndex
CREATE INDEX "response_workspace_id_link_id_submitted_at_id_idx" ON "response"("workspace_id", "link_id", "submitted_at", "id");

-- CreateIndex
CREATE INDEX "response_workspace_id_started_at_id_idx" ON "response"("workspace_id", "started_at", "id");

-- CreateIndex
CREATE INDEX "response_workspace_id_respondent_id_id_idx" ON "response"("workspace_id", "respondent_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "response_workspace_id_id_key" ON "response"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "response_session_id_key" ON "response"("session_id");

-- CreateIndex
CREATE INDEX "answer_workspace_id_question_id_idx" ON "answer"("workspace_id", "question_id");

-- CreateIndex
CREATE UNIQUE INDEX "answer_workspace_id_id_key" ON "answer"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "answer_response_id_field_key_key" ON "answer"("response_id", "field_key");

-- CreateIndex
CREATE UNIQUE INDEX "answer_workspace_id_upload_id_key" ON "answer"("workspace_id", "upload_id");

-- CreateIndex
CREATE INDEX "upload_workspace_id_response_id_idx" ON "upload"("workspace_id", "response_id");

-- CreateIndex
CREATE UNIQUE INDEX "upload_workspace_id_id_key" ON "upload"("workspace_id", "id");

-- AddForeignKey
ALTER TABLE "api_key" ADD CONSTRAINT "api_key_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "link" ADD CONSTRAINT "link_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "question" ADD CONSTRAINT "question_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "question" ADD CONSTRAINT "question_workspace_id_link_id_fkey" FOREIGN KEY ("workspace_id", "link_id") REFERENCES "link"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "contact" ADD CONSTRAINT "contact_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "respondent" ADD CONSTRAINT "respondent_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "respondent" ADD CONSTRAINT "respondent_workspace_id_link_id_fkey" FOREIGN KEY ("workspace_id", "link_id") REFERENCES "link"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "respondent" ADD CONSTRAINT "respondent_workspace_id_contact_id_fkey" FOREIGN KEY ("workspace_id", "contact_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "response" ADD CONSTRAINT "response_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "response" ADD CONSTRAINT "response_workspace_id_link_id_fkey" FOREIGN KEY ("workspace_id", "link_id") REFERENCES "link"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "response" ADD CONSTRAINT "response_workspace_id_respondent_id_fkey" FOREIGN KEY ("workspace_id", "respondent_id") REFERENCES "respondent"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_response_id_fkey" FOREIGN KEY ("workspace_id", "response_id") REFERENCES "response"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_question_id_fkey" FOREIGN KEY ("workspace_id", "question_id") REFERENCES "question"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_upload_id_fkey" FOREIGN KEY ("workspace_id", "upload_id") REFERENCES "upload"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "upload" ADD CONSTRAINT "upload_workspace_id_response_id_fkey" FOREIGN KEY ("workspace_id", "response_id") REFERENCES "response"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- Beyond Prisma's model ------------------------------------------------------------------------------------------

-- A deleted link frees its slug.
CREATE UNIQUE INDEX "link_slug_key" ON "link"("workspace_id", "slug") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "contact_email_key" ON "contact"("workspace_id", lower("email")) WHERE "email" IS NOT NULL;
CREATE INDEX "contact_phone_idx" ON "contact"("workspace_id", "phone") WHERE "phone" IS NOT NULL;
CREATE INDEX "upload_due_idx" ON "upload"("due_at") WHERE "due_at" IS NOT NULL;
CREATE INDEX "api_key_live_idx" ON "api_key"("workspace_id", "id") WHERE "revoked_at" IS NULL;

ALTER TABLE "workspace" ADD CONSTRAINT "workspace_slug_form" CHECK ("slug" ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$');
ALTER TABLE "link" ADD CONSTRAINT "link_response_count_bounds"
  CHECK ("response_count" >= 0 AND ("max_responses" IS NULL OR "max_responses" >= 0));
ALTER TABLE "response" ADD CONSTRAINT "response_submitted_when_completed"
  CHECK (("status" = 'completed') = ("submitted_at" IS NOT NULL));

-- The event log. `position` follows commit order without holes: the head row is locked by the last statement of the
-- transaction, so the next position can only be taken once this one is visible.
CREATE TABLE "event_head" (
  "workspace_id" UUID PRIMARY KEY REFERENCES "workspace"("id"),
  -- The last position given out; 0 when the log is empty.
  "position" BIGINT NOT NULL DEFAULT 0,
  -- Positions up to and including this one were removed by retention.
  "pruned" BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT "event_head_order" CHECK ("pruned" <= "position")
);

CREATE TABLE "event" (
  "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
  "position" BIGINT NOT NULL,
  "id" UUID NOT NULL,
  "type" TEXT NOT NULL,
  -- The aggregate a consumer follows (for link.* and response.* the link); null when there is none.
  "stream_id" UUID,
  "occurred_at" TIMESTAMPTZ(6) NOT NULL,
  "payload" JSONB NOT NULL,
  PRIMARY KEY ("workspace_id", "position")
);
CREATE UNIQUE INDEX "event_id_key" ON "event"("workspace_id", "id");
CREATE INDEX "event_type_idx" ON "event"("workspace_id", "type", "position");
CREATE INDEX "event_stream_idx" ON "event"("workspace_id", "stream_id", "position") WHERE "stream_id" IS NOT NULL;
CREATE INDEX "event_age_idx" ON "event"("workspace_id", "occurred_at");

-- Small numbers for what a legacy API numbers: one sequence per workspace and kind.
CREATE TABLE "legacy_counter" (
  "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
  "kind" TEXT NOT NULL,
  "last" INTEGER NOT NULL,
  PRIMARY KEY ("workspace_id", "kind")
);

-- What an idempotency key has already done; committed with the effect.
CREATE TABLE "idempotency" (
  "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
  "key" TEXT NOT NULL,
  "operation" TEXT NOT NULL,
  "input_hash" TEXT NOT NULL,
  "result" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(6) NOT NULL,
  PRIMARY KEY ("workspace_id", "key")
);
CREATE INDEX "idempotency_age_idx" ON "idempotency"("created_at");
