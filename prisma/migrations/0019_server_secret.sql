-- What tells another APP_SECRET from the one that hashed the opt-outs and encrypted what is encrypted here.
CREATE TABLE "server_secret" (
  -- There is one row at most.
  "only" BOOLEAN NOT NULL DEFAULT TRUE CHECK ("only"),
  "fingerprint" TEXT NOT NULL,
  CONSTRAINT "server_secret_pkey" PRIMARY KEY ("only")
);
