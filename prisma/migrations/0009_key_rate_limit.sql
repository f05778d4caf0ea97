-- Requests of a key in an hour, where an API limits them (contract/saygent.md 3): null is the server's own limit, 0 none.
ALTER TABLE "api_key" ADD COLUMN "requests_per_hour" INTEGER;
