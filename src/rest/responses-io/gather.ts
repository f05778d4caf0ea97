/** Few pieces of about so many characters cost less than many small ones. */
const PIECE = 32_768

/** The same text in larger pieces, none of them empty. */
export async function* gather(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let piece = ''
  for await (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
