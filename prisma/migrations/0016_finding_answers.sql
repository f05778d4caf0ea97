-- What people said is found by its words, by what an analysis says of it, and counted.

-- The words of what somebody said or wrote: as they stand, and by their stems in English and in Finnish. What is
-- longer than 100 KB is found by its beginning: a tsvector has an end, and nothing that is said may be refused for it.
CREATE FUNCTION words_of(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector('pg_catalog.simple', s.part) || to_tsvector('pg_catalog.english', s.part) || to_tsvector('pg_catalog.finnish', s.part)
  FROM (SELECT CASE WHEN octet_length(said) <= 100000 THEN said ELSE left(said, 25000) END AS part) s
$$;

-- Kept, and not an index over an expression: to rank answers and to find phrases their words are looked at again, and to
-- make them takes a hundred times as long as to read them. Of answers in people's own words only.
CREATE TABLE "answer_words" (
    "answer_id" UUID NOT NULL PRIMARY KEY,
    "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
    -- With the workspace as a word of its own, so that a search never looks at answers of others.
    "words" TSVECTOR NOT NULL,
    CONSTRAINT "answer_words_answer_fkey" FOREIGN KEY ("workspace_id", "answer_id")
      REFERENCES "answer"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION
);
CREATE INDEX "answer_words_words" ON "answer_words" USING gin ("words");

-- By the database, so that whoever writes an answer, corrects it or erases it cannot forget it.
CREATE FUNCTION answer_keeps_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW."text" IS NULL OR NEW."question_type" NOT IN ('voice', 'voice_text_fallback', 'text') THEN
    DELETE FROM "answer_words" WHERE "answer_id" = NEW."id";
  ELSE
    INSERT INTO "answer_words" ("answer_id", "workspace_id", "words")
      VALUES (NEW."id", NEW."workspace_id", words_of(NEW."text") || array_to_tsvector(ARRAY[NEW."workspace_id"::text]))
      ON CONFLICT ("answer_id") DO UPDATE SET "words" = excluded."words";
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "answer_keeps_words_made" AFTER INSERT ON "answer" FOR EACH ROW
  WHEN (NEW."text" IS NOT NULL) EXECUTE FUNCTION answer_keeps_words();
CREATE TRIGGER "answer_keeps_words_changed" AFTER UPDATE OF "text", "question_type" ON "answer" FOR EACH ROW
  WHEN (OLD."text" IS DISTINCT FROM NEW."text" OR OLD."question_type" <> NEW."question_type")
  EXECUTE FUNCTION answer_keeps_words();

INSERT INTO "answer_words" ("answer_id", "workspace_id", "words")
  SELECT "id", "workspace_id", words_of("text") || array_to_tsvector(ARRAY["workspace_id"::text]) FROM "answer"
  WHERE "text" IS NOT NULL AND "question_type" IN ('voice', 'voice_text_fallback', 'text');

-- The newest insight of an answer is the one that counts: named, since a filter cannot ask for "the newest".
ALTER TABLE "insight" ADD COLUMN "is_newest" BOOLEAN NOT NULL DEFAULT true,
-- The topics in lower case, each once: compared whatever the case.
ADD COLUMN "topic_keys" TEXT[];

UPDATE "insight" i SET
  "is_newest" = NOT EXISTS (
    SELECT 1 FROM "insight" n WHERE n."workspace_id" = i."workspace_id" AND n."answer_id" = i."answer_id"
      AND (n."created_at", n."id") > (i."created_at", i."id")),
  "topic_keys" = ARRAY(SELECT DISTINCT lower(topic) FROM unnest(i."key_topics") AS topic);

-- By the database, so that whoever writes an insight cannot forget it.
CREATE FUNCTION insight_takes_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."topic_keys" := ARRAY(SELECT DISTINCT lower(topic) FROM unnest(NEW."key_topics") AS topic);
  UPDATE "insight" SET "is_newest" = false
    WHERE "workspace_id" = NEW."workspace_id" AND "answer_id" = NEW."answer_id" AND "is_newest"
      AND ("created_at", "id") < (NEW."created_at", NEW."id");
  NEW."is_newest" := NOT EXISTS (
    SELECT 1 FROM "insight" n WHERE n."workspace_id" = NEW."workspace_id" AND n."answer_id" = NEW."answer_id"
      AND (n."created_at", n."id") > (NEW."created_at", NEW."id"));
  RETURN NEW;
END $$;

CREATE TRIGGER "insight_takes_place" BEFORE INSERT ON "insight" FOR EACH ROW EXECUTE FUNCTION insight_takes_place();

-- One per answer: of two that are written at once the second fails, and is written again.
CREATE UNIQUE INDEX "insight_newest" ON "insight"("workspace_id", "answer_id") WHERE "is_newest";
CREATE INDEX "insight_topics" ON "insight" USING gin ("topic_keys") WHERE "is_newest";
