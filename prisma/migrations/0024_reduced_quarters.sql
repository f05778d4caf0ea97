-- What reduced messages of a conversation count for tags that come later, by quarter of an hour. It grows for as long as
-- the conversation goes on, so it no longer stands in "state", which is read and written with every message.
ALTER TABLE "conversation" ADD COLUMN "reduced_quarters" JSONB;
UPDATE "conversation"
SET "reduced_quarters" = ("state" -> 'checkpoint' -> 'quarters')::jsonb,
    "state" = ("state"::jsonb #- '{checkpoint,quarters}')::json
WHERE "state" -> 'checkpoint' -> 'quarters' IS NOT NULL;
