-- Surveys by phone: calls that ask the questions of a link.

ALTER TYPE "campaign_kind" ADD VALUE 'survey_calls';
ALTER TYPE "receiver_outcome" ADD VALUE 'surveyed';
ALTER TYPE "receiver_outcome" ADD VALUE 'partial';

-- AlterTable
ALTER TABLE "campaign" ADD COLUMN "link_id" UUID,
ADD COLUMN "standing" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "campaign_stats" ADD COLUMN "surveyed" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN "partial" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "receiver" ADD COLUMN "respondent_id" UUID,
ADD COLUMN "earlier_attempts" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "call" ADD COLUMN "respondent_id" UUID;

-- AlterTable
ALTER TABLE "respondent" ADD COLUMN "legacy_form" JSON;

-- AlterTable
ALTER TABLE "response" ADD COLUMN "awaits_recordings" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "answer" ADD COLUMN "channel" "response_channel" NOT NULL DEFAULT 'web',
ADD COLUMN "call_id" UUID,
ADD COLUMN "recording_id" UUID;

-- AddForeignKey
ALTER TABLE "campaign" ADD CONSTRAINT "campaign_workspace_id_link_id_fkey" FOREIGN KEY ("workspace_id", "link_id") REFERENCES "link"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "receiver" ADD CONSTRAINT "receiver_workspace_id_respondent_id_fkey" FOREIGN KEY ("workspace_id", "respondent_id") REFERENCES "respondent"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "call" ADD CONSTRAINT "call_workspace_id_respondent_id_fkey" FOREIGN KEY ("workspace_id", "respondent_id") REFERENCES "respondent"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_call_id_fkey" FOREIGN KEY ("workspace_id", "call_id") REFERENCES "call"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "answer" ADD CONSTRAINT "answer_workspace_id_recording_id_fkey" FOREIGN KEY ("workspace_id", "recording_id") REFERENCES "recording"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- CreateIndex
CREATE INDEX "campaign_workspace_id_link_id_created_at_id_idx" ON "campaign"("workspace_id", "link_id", "created_at", "id");

-- One person may take part in a survey twice, under two numbers (contract/saygent.md A8).
DROP INDEX "respondent_link_id_contact_id_key";
CREATE INDEX "respondent_link_id_contact_id_idx" ON "respondent"("link_id", "contact_id");

-- A campaign addresses a person once, or, when it was told of respondents, each of them once.
DROP INDEX "receiver_campaign_id_contact_id_key";
CREATE INDEX "receiver_campaign_id_contact_id_idx" ON "receiver"("campaign_id", "contact_id");
CREATE UNIQUE INDEX "receiver_campaign_id_respondent_id_key" ON "receiver"("campaign_id", "respondent_id");
CREATE INDEX "receiver_workspace_id_respondent_id_idx" ON "receiver"("workspace_id", "respondent_id");

-- CreateIndex
CREATE INDEX "call_workspace_id_respondent_id_created_at_id_idx" ON "call"("workspace_id", "respondent_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "answer_workspace_id_call_id_idx" ON "answer"("workspace_id", "call_id");

-- CreateIndex
CREATE UNIQUE INDEX "answer_workspace_id_recording_id_key" ON "answer"("workspace_id", "recording_id");

-- Beyond Prisma's model.
CREATE UNIQUE INDEX "receiver_campaign_contact_key" ON "receiver"("campaign_id", "contact_id") WHERE "respondent_id" IS NULL;
CREATE UNIQUE INDEX "campaign_standing_key" ON "campaign"("workspace_id", "link_id", "kind")
  WHERE "standing" AND "deleted_at" IS NULL AND "state" <> 'completed';
