/** The arguments hold something that the reader leaves to Prisma; `message` says what. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
}
