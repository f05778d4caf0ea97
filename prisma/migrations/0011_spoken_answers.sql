-- Spoken answers: recordings that are prepared, transcribed and understood, follow-up questions, budgets.

CREATE TYPE "sound_state" AS ENUM ('pending', 'ready', 'failed');
CREATE TYPE "transcription_state" AS ENUM ('pending', 'done', 'failed', 'unavailable');
CREATE TYPE "transcript_origin" AS ENUM ('recorded', 'transcribed', 'corrected');
CREATE TYPE "probing_state" AS ENUM ('pending', 'settled');
CREATE TYPE "analysis_state" AS ENUM ('pending', 'done', 'incomplete');

-- What becomes of a recording: null of a file.
ALTER TABLE "upload" ADD COLUMN "sound_state" "sound_state",
ADD COLUMN "sound_failure" TEXT,
ADD COLUMN "waveform" BYTEA,
ADD COLUMN "mp3_size" INTEGER,
ADD COLUMN "wav_size" INTEGER,
ADD COLUMN "transcription_state" "transcription_state",
ADD COLUMN "transcription_failure" TEXT,
-- An upload that comes in pieces: which question it answers, how many bytes it will have, how many are here.
ADD COLUMN "field_key" TEXT,
ADD COLUMN "expected_size" INTEGER,
ADD COLUMN "received_size" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "transcript" ADD COLUMN "origin" "transcript_origin" NOT NULL DEFAULT 'recorded',
ADD COLUMN "is_draft" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN "confidence" DOUBLE PRECISION,
ADD COLUMN "segments" JSON;

ALTER TABLE "insight" ADD COLUMN "clarity" INTEGER,
ADD COLUMN "custom_fields" JSON,
ADD COLUMN "evidence" JSON;

CREATE TABLE "follow_up" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "response_id" UUID NOT NULL,
    "answer_id" UUID NOT NULL,
    "field_key" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "prompt" TEXT NOT NULL,
    "language" TEXT,
    "asks" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "follow_up_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "answer" ADD COLUMN "follow_up_id" UUID,
ADD COLUMN "probing" "probing_state",
ADD COLUMN "process_due_at" TIMESTAMPTZ(6);

ALTER TABLE "response" ADD COLUMN "analysis" "analysis_state",
ADD COLUMN "analysis_due_at" TIMESTAMPTZ(6);

-- What an analyser that costs money may use in a month; no row: the server's default.
CREATE TABLE "insight_budget" (
    "workspace_id" UUID NOT NULL PRIMARY KEY REFERENCES "workspace"("id"),
    "monthly_tokens" BIGINT,
    "updated_at" TIMESTAMPTZ(6) NOT NULL
);
CREATE TABLE "insight_spend" (
    "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
    "month" DATE NOT NULL,
    "requests" INTEGER NOT NULL DEFAULT 0,
    "input_tokens" BIGINT NOT NULL DEFAULT 0,
    "output_tokens" BIGINT NOT NULL DEFAULT 0,
    -- Of requests that are under way: taken before they are made, so that many at once cannot pass the budget together.
    "reserved_tokens" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("workspace_id", "month")
);

CREATE UNIQUE INDEX "follow_up_workspace_id_id_key" ON "follow_up"("workspace_id", "id");
CREATE UNIQUE INDEX "follow_up_response_id_field_key_key" ON "follow_up"("response_id", "field_key");
CREATE UNIQUE INDEX "follow_up_answer_id_number_key" ON "follow_up"("answer_id", "number");
CREATE INDEX "follow_up_workspace_id_answer_id_idx" ON "follow_up"("workspace_id", "answer_id");
CREATE UNIQUE INDEX "answer_workspace_id_follow_up_id_key" ON "answer"("workspace_id", "follow_up_id");
CREATE INDEX "answer_process_due_at" ON "answer"("process_due_at") WHERE "process_due_at" IS NOT NULL;
CREATE INDEX "response_analysis_due_at" ON "response"("analysis_due_at") WHERE "analysis_due_at" IS NOT NULL;

ALTER TABLE "follow_up" ADD CONSTRAINT "follow_up_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;
ALTER TABLE "follow_up" ADD CONSTRAINT "follow_up_workspace_id_response_id_fkey" FOREIGN KEY ("workspace_id", "response_id") REFERENCES "response"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;
ALTER TABLE "follow_up" ADD CONSTRAINT "follow_up_workspace_id_answer_id_fkey" FOREIGN KEY ("workspace_id", "answer_id") REFERENCES "answer"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_follow_up_id_fkey" FOREIGN KEY ("workspace_id", "follow_up_id") REFERENCES "follow_up"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION;
