-- Whether a part of an SMS is known not to have gone out, after others had: receipts for those do not make a delivery.
ALTER TABLE "outbound_message" ADD COLUMN "torn" BOOLEAN NOT NULL DEFAULT false;
