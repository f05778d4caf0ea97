-- What is taken from a workspace's tokens while a request is under way.

-- When the month's budget had no room for a request for the first time, and it was told.
ALTER TABLE "insight_spend" ADD COLUMN "exhausted_at" TIMESTAMPTZ(6);

CREATE TABLE "insight_reservation" (
    "id" UUID NOT NULL PRIMARY KEY,
    "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
    "month" DATE NOT NULL,
    "tokens" BIGINT NOT NULL,
    -- From then on whoever made it is taken for dead, and the tokens are free again.
    "expires_at" TIMESTAMPTZ(6) NOT NULL
);
CREATE INDEX "insight_reservation_workspace_id_expires_at_idx" ON "insight_reservation"("workspace_id", "expires_at");
