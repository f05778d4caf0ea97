/**
 * A cell that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show. Numbers
 * with a sign, telephone numbers among them, cannot do anything and stay as they are.
 */
export function guardCell(text: string): string {
  return isGuarded(text) ? `'${text}` : text
}

/** Takes the apostrophe of `guardCell` away again, so that what was exported is imported as it was. */
export function unguardCell(text: string): string {
  return text.startsWith("'") && isGuarded(text.slice(1)) ? text.slice(1) : text
}

/** Whether it begins like a formula, apart from apostrophes that were there before. */
function isGuarded(text: string): boolean {
  return /^'*[=+\-@\t\r\n]/.test(text) && !/^[+-][\d\s().]*$/.test(text)
}
