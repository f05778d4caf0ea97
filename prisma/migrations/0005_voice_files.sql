-- Voice files: audio to play to people, uploaded or spoken by a machine.
-- Tables that schema.prisma models come first, in its engine's own words; what Prisma does not model follows.

-- CreateEnum
CREATE TYPE "voice_file_kind" AS ENUM ('upload', 'speech');

-- CreateEnum
CREATE TYPE "voice_file_status" AS ENUM ('pending', 'ready', 'failed');

-- CreateEnum
CREATE TYPE "voice_file_failure" AS ENUM ('empty', 'not_audio', 'unsupported_codec', 'truncated', 'hostile', 'too_large', 'too_long', 'speech_failed', 'failed');

-- CreateTable
CREATE TABLE "voice_file" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "kind" "voice_file_kind" NOT NULL,
    "text" TEXT,
    "voice" TEXT,
    "file_name" TEXT,
    "status" "voice_file_status" NOT NULL,
    "failure" "voice_file_failure",
    "failure_message" TEXT,
    "duration_seconds" DOUBLE PRECISION,
    "media_type" TEXT,
    "sha256" TEXT,
    "size" INTEGER,
    "mp3_size" INTEGER,
    "wav_size" INTEGER,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "deleted_at" TIMESTAMPTZ(6),
    "due_at" TIMESTAMPTZ(6),

    CONSTRAINT "voice_file_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "voice_file_workspace_id_created_at_id_idx" ON "voice_file"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "voice_file_workspace_id_status_created_at_id_idx" ON "voice_file"("workspace_id", "status", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "voice_file_workspace_id_id_key" ON "voice_file"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "voice_file_workspace_id_legacy_id_key" ON "voice_file"("workspace_id", "legacy_id");

-- AddForeignKey
ALTER TABLE "voice_file" ADD CONSTRAINT "voice_file_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- Beyond Prisma's model ------------------------------------------------------------------------------------------

CREATE INDEX "voice_file_due_idx" ON "voice_file"("due_at") WHERE "due_at" IS NOT NULL;
ALTER TABLE "voice_file" ADD CONSTRAINT "voice_file_spoken_or_sent"
  CHECK (("kind" = 'speech') = ("text" IS NOT NULL) AND ("kind" = 'speech') = ("voice" IS NOT NULL));
ALTER TABLE "voice_file" ADD CONSTRAINT "voice_file_failed_for_a_reason"
  CHECK (("status" = 'failed') = ("failure" IS NOT NULL) AND ("status" = 'failed') = ("failure_message" IS NOT NULL));
ALTER TABLE "voice_file" ADD CONSTRAINT "voice_file_ready_with_facts"
  CHECK ("status" <> 'ready' OR ("duration_seconds" IS NOT NULL AND "media_type" IS NOT NULL AND "sha256" IS NOT NULL
         AND "size" IS NOT NULL AND "mp3_size" IS NOT NULL AND "wav_size" IS NOT NULL));

-- Bytes that are coming in for voice files which do not exist yet. The sweep removes those that never became one.
CREATE TABLE "voice_file_arrival" (
  "id" UUID PRIMARY KEY,
  "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
  -- Set when the upload was refused or broke off, or when the sweep has begun to remove it: it can be no voice file.
  "discarded" BOOLEAN NOT NULL DEFAULT false,
  "due_at" TIMESTAMPTZ(6) NOT NULL
);
CREATE INDEX "voice_file_arrival_due_idx" ON "voice_file_arrival"("due_at");

-- Keys that could do everything can still do everything.
UPDATE "api_key" SET "scopes" = "scopes" || '{voiceFiles:read,voiceFiles:write}'
WHERE "scopes" @> '{links:read,links:write,responses:read,responses:write,contacts:read,contacts:write,webhooks:read,webhooks:write,tokens:read,tokens:write,users:read,users:write,subusers:read,subusers:write}';
