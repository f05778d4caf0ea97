-- Users who sign in with a password, and subusers: child workspaces that their parent administers.
-- Tables that schema.prisma models come first, in its engine's own words; what Prisma does not model follows.

-- AlterTable
ALTER TABLE "workspace" ADD COLUMN     "deactivated_at" TIMESTAMPTZ(6),
ADD COLUMN     "parent_id" UUID;

-- CreateTable
CREATE TABLE "workspace_user" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "username" TEXT,
    "first_name" TEXT,
    "last_name" TEXT,
    "company" TEXT,
    "phone" TEXT,
    "all_scopes" BOOLEAN NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,
    "deactivated_at" TIMESTAMPTZ(6),

    CONSTRAINT "workspace_user_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "subuser" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "legacy_id" INTEGER NOT NULL,
    "child_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "deactivated_at" TIMESTAMPTZ(6),

    CONSTRAINT "subuser_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "workspace_user_workspace_id_created_at_id_idx" ON "workspace_user"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "workspace_user_workspace_id_id_key" ON "workspace_user"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "subuser_workspace_id_id_key" ON "subuser"("workspace_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "subuser_workspace_id_legacy_id_key" ON "subuser"("workspace_id", "legacy_id");

-- CreateIndex
CREATE UNIQUE INDEX "subuser_child_id_key" ON "subuser"("child_id");

-- CreateIndex
CREATE UNIQUE INDEX "workspace_id_parent_id_key" ON "workspace"("id", "parent_id");

-- AddForeignKey
ALTER TABLE "workspace_user" ADD CONSTRAINT "workspace_user_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "subuser" ADD CONSTRAINT "subuser_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- Beyond Prisma's model ------------------------------------------------------------------------------------------

-- The references that cross workspaces on purpose; no relation of the graph can follow them.
ALTER TABLE "workspace" ADD CONSTRAINT "workspace_parent_fkey" FOREIGN KEY ("parent_id") REFERENCES "workspace"("id");
ALTER TABLE "workspace" ADD CONSTRAINT "workspace_parent_is_another" CHECK ("parent_id" <> "id");
ALTER TABLE "subuser" ADD CONSTRAINT "subuser_child_of_parent_fkey" FOREIGN KEY ("child_id", "workspace_id")
  REFERENCES "workspace"("id", "parent_id");
ALTER TABLE "subuser" ADD CONSTRAINT "subuser_child_user_fkey" FOREIGN KEY ("child_id", "user_id")
  REFERENCES "workspace_user"("workspace_id", "id");

-- One address signs in to one workspace of the server; that of a deactivated user is free again.
CREATE UNIQUE INDEX "workspace_user_email_key" ON "workspace_user" (lower("email")) WHERE "deactivated_at" IS NULL;

-- What a user proves to be one with; out of reach of every read of the graph.
CREATE TABLE "user_secret" (
  "user_id" UUID PRIMARY KEY,
  "workspace_id" UUID NOT NULL,
  -- In PHC form: algorithm, parameters, salt and hash.
  "password_hash" TEXT NOT NULL,
  -- Counted up by whatever ends what was entered before: browser tokens name the generation they are of.
  "generation" INTEGER NOT NULL,
  -- The token of the legacy APIs: found by a keyed hash, shown again from its encrypted form.
  "token_hash" TEXT NOT NULL,
  "token_sealed" TEXT NOT NULL,
  FOREIGN KEY ("workspace_id", "user_id") REFERENCES "workspace_user"("workspace_id", "id") ON DELETE CASCADE
);
CREATE UNIQUE INDEX "user_secret_token_key" ON "user_secret" ("token_hash");

-- Keys that could do everything can still do everything.
UPDATE "api_key" SET "scopes" = "scopes" || '{users:read,users:write,subusers:read,subusers:write}'
WHERE "scopes" @> '{links:read,links:write,responses:read,responses:write,contacts:read,contacts:write,webhooks:read,webhooks:write,tokens:read,tokens:write}';
