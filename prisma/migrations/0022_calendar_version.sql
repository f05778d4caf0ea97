-- The version of the business calendar that was set last; 0: none. It is read with the lock on the pool, so whoever
-- writes messages knows which versions there are without looking at any (docs/decisions/0013).
ALTER TABLE "message_pool" ADD COLUMN "calendar_version" INTEGER NOT NULL DEFAULT 0;
UPDATE "message_pool" p SET "calendar_version" = coalesce(
  (SELECT max("version") FROM "business_calendar" c WHERE c."workspace_id" = p."workspace_id"), 0);
