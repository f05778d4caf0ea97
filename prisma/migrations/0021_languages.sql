-- The language of a link; who found an insight, and whether it is to be found anew.

-- BCP 47: what its questions are written in, and what answers are probably spoken in. Null: nobody said.
ALTER TABLE "link" ADD COLUMN "language" TEXT;

-- `found`: by the analyser here; `fallback`: by what stood in for it; `recorded`: by somebody else, whom nothing here
-- overrides.
CREATE TYPE "insight_origin" AS ENUM ('found', 'fallback', 'recorded');
ALTER TABLE "insight" ADD COLUMN "origin" "insight_origin" NOT NULL DEFAULT 'recorded',
-- Somebody asked for another one; it stands until that is there.
ADD COLUMN "is_outdated" BOOLEAN NOT NULL DEFAULT false;

-- Until now only what was found here named its evidence, and only what stood in said why.
UPDATE "insight" SET "origin" = CASE WHEN "method" LIKE '% (%)' THEN 'fallback' ELSE 'found' END::insight_origin
WHERE "evidence" IS NOT NULL;
