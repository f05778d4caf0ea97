-- Contacts with all their fields, lists, segments, imports and opt-outs.
-- Tables that schema.prisma models come first, in its engine's own words; what Prisma does not model follows.

-- CreateEnum
CREATE TYPE "contact_import_state" AS ENUM ('running', 'finished', 'failed');

-- AlterTable
ALTER TABLE "contact" ADD COLUMN     "address" TEXT,
ADD COLUMN     "area" TEXT,
ADD COLUMN     "birth_year" INTEGER,
ADD COLUMN     "city" TEXT,
ADD COLUMN     "company" TEXT,
ADD COLUMN     "deleted_at" TIMESTAMPTZ(6),
ADD COLUMN     "erased_at" TIMESTAMPTZ(6),
ADD COLUMN     "external_key" TEXT,
ADD COLUMN     "first_name" TEXT,
ADD COLUMN     "gender" TEXT,
ADD COLUMN     "last_name" TEXT,
ADD COLUMN     "merged_into_id" UUID,
ADD COLUMN     "nickname" TEXT,
ADD COLUMN     "note" TEXT,
ADD COLUMN     "phone_input" TEXT,
ADD COLUMN     "postal_code" TEXT,
ADD COLUMN     "shares_email" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "website" TEXT;

-- AlterTable
ALTER TABLE "workspace" ADD COLUMN     "default_country" TEXT;

-- CreateTable
CREATE TABLE "contact_list" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "member_count" INTEGER NOT NULL DEFAULT 0,
    "last_position" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "deleted_at" TIMESTAMPTZ(6),

    CONSTRAINT "contact_list_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contact_list_member" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "list_id" UUID NOT NULL,
    "contact_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "contact_list_member_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "segment" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "name" TEXT,
    "filters" JSON NOT NULL,
    "conditions" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "deleted_at" TIMESTAMPTZ(6),

    CONSTRAINT "segment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "contact_import" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "options_hash" TEXT NOT NULL,
    "rows_hash" TEXT NOT NULL,
    "state" "contact_import_state" NOT NULL,
    "dry_run" BOOLEAN NOT NULL,
    "rows_done" INTEGER NOT NULL DEFAULT 0,
    "created" INTEGER NOT NULL DEFAULT 0,
    "updated" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "message" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "finished_at" TIMESTAMPTZ(6),

    CONSTRAINT "contact_import_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "contact_list_workspace_id_created_at_id_idx" ON "contact_list"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "contact_list_workspace_id_name_id_idx" ON "contact_list"("workspace_id", "name", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_list_workspace_id_id_key" ON "contact_list"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_list_workspace_id_legacy_id_key" ON "contact_list"("workspace_id", "legacy_id");

-- CreateIndex
CREATE INDEX "contact_list_member_workspace_id_contact_id_id_idx" ON "contact_list_member"("workspace_id", "contact_id", "id");

-- CreateIndex
CREATE INDEX "contact_list_member_workspace_id_list_id_position_id_idx" ON "contact_list_member"("workspace_id", "list_id", "position", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_list_member_workspace_id_id_key" ON "contact_list_member"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_list_member_list_id_contact_id_key" ON "contact_list_member"("list_id", "contact_id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_list_member_list_id_position_key" ON "contact_list_member"("list_id", "position");

-- CreateIndex
CREATE INDEX "segment_workspace_id_created_at_id_idx" ON "segment"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "segment_workspace_id_id_key" ON "segment"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "segment_workspace_id_legacy_id_key" ON "segment"("workspace_id", "legacy_id");

-- CreateIndex
CREATE INDEX "contact_import_workspace_id_created_at_id_idx" ON "contact_import"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_import_workspace_id_id_key" ON "contact_import"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "contact_import_workspace_id_key_key" ON "contact_import"("workspace_id", "key");

-- CreateIndex
CREATE INDEX "contact_workspace_id_updated_at_id_idx" ON "contact"("workspace_id", "updated_at", "id");

-- CreateIndex
CREATE INDEX "contact_workspace_id_name_id_idx" ON "contact"("workspace_id", "name", "id");

-- CreateIndex
CREATE INDEX "contact_workspace_id_merged_into_id_idx" ON "contact"("workspace_id", "merged_into_id");

-- AddForeignKey
ALTER TABLE "contact" ADD CONSTRAINT "contact_workspace_id_merged_into_id_fkey" FOREIGN KEY ("workspace_id", "merged_into_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "contact_list" ADD CONSTRAINT "contact_list_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "contact_list_member" ADD CONSTRAINT "contact_list_member_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "contact_list_member" ADD CONSTRAINT "contact_list_member_workspace_id_list_id_fkey" FOREIGN KEY ("workspace_id", "list_id") REFERENCES "contact_list"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "contact_list_member" ADD CONSTRAINT "contact_list_member_workspace_id_contact_id_fkey" FOREIGN KEY ("workspace_id", "contact_id") REFERENCES "contact"("workspace_id", "id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "segment" ADD CONSTRAINT "segment_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "contact_import" ADD CONSTRAINT "contact_import_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;


-- Addresses and keys belong to living contacts only: deletion frees them.
DROP INDEX "contact_email_key";
CREATE UNIQUE INDEX "contact_email_key" ON "contact"("workspace_id", lower("email"))
    WHERE "email" IS NOT NULL AND "deleted_at" IS NULL AND NOT "shares_email";
CREATE INDEX "contact_email_idx" ON "contact"("workspace_id", lower("email"), "legacy_id")
    WHERE "email" IS NOT NULL AND "deleted_at" IS NULL;
DROP INDEX "contact_phone_idx";
CREATE INDEX "contact_phone_idx" ON "contact"("workspace_id", "phone", "legacy_id")
    WHERE "phone" IS NOT NULL AND "deleted_at" IS NULL;
CREATE UNIQUE INDEX "contact_external_key_key" ON "contact"("workspace_id", "external_key")
    WHERE "external_key" IS NOT NULL AND "deleted_at" IS NULL;
-- Exports and segments read the living in the order of their numbers.
CREATE INDEX "contact_living_idx" ON "contact"("workspace_id", "legacy_id") WHERE "deleted_at" IS NULL;

-- Who does not want to hear from the workspace, by channel: a keyed hash of the address, so that it outlives erasure.
CREATE TABLE "opt_out" (
    "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
    "channel" TEXT NOT NULL,
    "address_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    CONSTRAINT "opt_out_pkey" PRIMARY KEY ("workspace_id", "channel", "address_hash"),
    CONSTRAINT "opt_out_channel_check" CHECK ("channel" IN ('call', 'sms', 'email'))
);

-- The rows that an import refused, and why; never what was in them.
CREATE TABLE "contact_import_error" (
    "workspace_id" UUID NOT NULL,
    "import_id" UUID NOT NULL,
    "row" INTEGER NOT NULL,
    "issues" JSONB NOT NULL,
    CONSTRAINT "contact_import_error_pkey" PRIMARY KEY ("workspace_id", "import_id", "row"),
    CONSTRAINT "contact_import_error_import_fkey" FOREIGN KEY ("workspace_id", "import_id")
        REFERENCES "contact_import"("workspace_id", "id") ON DELETE CASCADE
);
