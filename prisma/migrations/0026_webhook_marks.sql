ALTER TABLE "webhook_delivery"
  -- What was answered about somebody who is erased by now is not kept, also by an attempt that was under way.
  ADD COLUMN "forgotten" BOOLEAN NOT NULL DEFAULT false,
  -- Waits for an analysis and was never taken: "due_at" alone does not tell it from one that is being sent.
  ADD COLUMN "held_back" BOOLEAN NOT NULL DEFAULT false;

-- Erasing finds what was told of somebody, settled or not.
CREATE INDEX "webhook_delivery_subject_idx" ON "webhook_delivery"("workspace_id", "order_key");

-- People who were erased before: answers to deliveries about themselves and their participations were left.
WITH erased AS (
  SELECT "workspace_id", "id" FROM "contact" WHERE "erased_at" IS NOT NULL
), known AS (
  SELECT "workspace_id", "id" AS "order_key" FROM erased
  UNION ALL
  SELECT p."workspace_id", p."id" FROM "respondent" p
  JOIN erased e ON e."workspace_id" = p."workspace_id" AND e."id" = p."contact_id"
), forgotten AS (
  UPDATE "webhook_delivery" d SET "forgotten" = true FROM known k
  WHERE d."workspace_id" = k."workspace_id" AND d."order_key" = k."order_key"
  RETURNING d."workspace_id", d."id"
)
UPDATE "webhook_attempt" a SET "response_body" = NULL FROM forgotten f
WHERE a."workspace_id" = f."workspace_id" AND a."delivery_id" = f."id";
