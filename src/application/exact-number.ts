/**
 * Whether a decimal text and the double that it was read as are the same number to anybody who writes the double down again: its
 * shortest form (ECMA-262 6.1.6.1.20) has the same digits. Whole numbers beyond 2^53 are refused even where they happen to fit,
 * as I-JSON has it (RFC 7493 2.2), since the next reader computes with them.
 */
export function isExactNumber(written: string, value: number): boolean {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false
  const ours = decimalOf(written)
  const back = decimalOf(String(value))
  return ours.digits === back.digits && (ours.digits === '' || ours.exponent === back.exponent)
}

/** A decimal number as its digits without zeros at either end, and the power of ten of the last one. */
function decimalOf(text: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const all = whole + fraction
  let end = all.length
  while (end > 0 && all.charCodeAt(end - 1) === 48) end--
  let start = 0
  while (start < end && all.charCodeAt(start) === 48) start++
  return { digits: all.slice(start, end), exponent: Number(power) - fraction.length + (all.length - end) }
}
