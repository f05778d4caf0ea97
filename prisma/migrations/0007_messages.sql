-- What sending messages needs besides the messages themselves; beyond Prisma's model.

-- An SMS of several parts has a name at the provider for each, and a receipt names one of them.
CREATE TABLE "outbound_message_part" (
  "provider_id" TEXT NOT NULL,
  "message_id" UUID NOT NULL,
  "workspace_id" UUID NOT NULL,
  "delivered_at" TIMESTAMPTZ(6),
  CONSTRAINT "outbound_message_part_pkey" PRIMARY KEY ("message_id", "provider_id"),
  CONSTRAINT "outbound_message_part_message_fkey" FOREIGN KEY ("workspace_id", "message_id")
    REFERENCES "outbound_message"("workspace_id", "id") ON DELETE CASCADE
);
CREATE INDEX "outbound_message_part_provider_idx" ON "outbound_message_part"("provider_id");

-- Messages of erased persons whose copies are still to be removed from an outbox.
CREATE TABLE "outbox_erasure" (
  "message_id" UUID PRIMARY KEY,
  "workspace_id" UUID NOT NULL,
  CONSTRAINT "outbox_erasure_message_fkey" FOREIGN KEY ("workspace_id", "message_id")
    REFERENCES "outbound_message"("workspace_id", "id") ON DELETE CASCADE
);
