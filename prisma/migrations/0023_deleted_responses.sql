-- A response can be deleted. Its bytes go with the sweep, a moment later: until then an upload belongs to no response.
ALTER TABLE "upload" ALTER COLUMN "response_id" DROP NOT NULL,
  ADD CONSTRAINT "upload_of_no_response_is_discarded" CHECK ("response_id" IS NOT NULL OR "state" = 'discarded');
