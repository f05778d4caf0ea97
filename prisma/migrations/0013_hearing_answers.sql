-- Who listens to a recording says so: preparing and transcribing it costs time and maybe money, and is done once.
ALTER TABLE "upload" ADD COLUMN "heard_until" TIMESTAMPTZ(6);

-- A webhook that waits for an analysis is let go also by one that has to leave something out.
UPDATE "webhook_feed" SET "watches" = array_append("watches", 'response.analysisIncomplete')
WHERE 'response.analyzed' = ANY("watches") AND 'response.submitted' = ANY("watches");
