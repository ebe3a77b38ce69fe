/**
 * The guide's `validate_username`: 3 to 30 ASCII letters, digits and underscores. The guide's own pattern ends in `$`, which in
 * Python also takes a line break at the end; this one does not.
 */
export function validateUsername(rawUsername: string): boolean {
  return /^[a-zA-Z0-9_]{3,30}$/.test(rawUsername)
}
