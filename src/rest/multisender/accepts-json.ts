/**
 * Whether an Accept header leaves room for `application/json`, which is all that this API has to offer: of the ranges
 * that cover it the most exact one decides (RFC 9110, 12.5.1). A missing header leaves room for anything.
 */
export function acceptsJson(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  let best = { exactness: -1, isWanted: false }
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim())
    const exactness = ['*/*', 'application/*', 'application/json'].indexOf(type!)
    if (exactness < 0) continue
    const isWanted = !parameters.some((parameter) => /^q\s*=\s*0(\.0*)?$/.test(parameter))
    // Ranges that differ in other parameters only, such as charset, are one: either wants it.
    if (exactness > best.exactness) best = { exactness, isWanted }
    else if (exactness === best.exactness) best.isWanted ||= isWanted
  }
  return best.isWanted
}
