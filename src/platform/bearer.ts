/** The credential in an Authorization header: empty when it is of another form, undefined without a header. */
export function bearer(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  return /^Bearer +(\S+)$/i.exec(header)?.[1] ?? ''
}
