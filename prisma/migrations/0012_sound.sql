-- The sound of answers: uploads that come in pieces, forms that are made of recordings, questions that are read aloud.

-- Until when somebody may still write forms of the recording, so that the sweep looks for them once more.
ALTER TABLE "upload" ADD COLUMN "preparing_until" TIMESTAMPTZ(6);

-- A piece of an upload, or an attempt at one; its bytes are stored under its id.
CREATE TABLE "upload_piece" (
    "id" UUID NOT NULL PRIMARY KEY,
    "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
    "upload_id" UUID NOT NULL,
    -- How many bytes of the upload come before it.
    "offset" INTEGER NOT NULL,
    -- Null until it is part of the upload.
    "size" INTEGER,
    -- When it goes if its upload has come to its end.
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    CONSTRAINT "upload_piece_upload_fkey" FOREIGN KEY ("workspace_id", "upload_id") REFERENCES "upload"("workspace_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION
);
CREATE INDEX "upload_piece_upload_id_idx" ON "upload_piece"("upload_id", "offset");
CREATE INDEX "upload_piece_due_at_idx" ON "upload_piece"("due_at");

-- What a voice has said of a workspace's questions; its bytes are stored under the hash of voice and text.
CREATE TABLE "spoken_text" (
    "workspace_id" UUID NOT NULL REFERENCES "workspace"("id"),
    "hash" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    PRIMARY KEY ("workspace_id", "hash")
);
CREATE INDEX "spoken_text_due_at_idx" ON "spoken_text"("due_at");
