-- Conversations that ended in silence are kept by agent and by tag once nothing more comes (docs/decisions/0013).

-- Whether the last message of an unresolved conversation is kept by word: facts 'S'. Otherwise there is one fact 'U' of it.
ALTER TABLE "conversation" ADD COLUMN "settled" BOOLEAN NOT NULL DEFAULT false;
UPDATE "metric_fact" SET "kind" = 'U' WHERE "kind" = 'S';
