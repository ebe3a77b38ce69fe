import { RingwallError } from '../../core/errors.ts'

/** A virtual patch: what a parameter of one path must look like, until the application is mended. */
export interface VirtualPatch {
  /** The number of the rule. */
  readonly id: number
  /** The path, exactly. */
  readonly path: string
  /** The parameter, of query or form or JSON; undefined for any. */
  readonly param: string | undefined
  /** A regular expression that the whole value must match, or must not. */
  readonly pattern: string
  readonly mustMatch: boolean
  readonly reason: string
  readonly untilMs: number
}

/** Patches take numbers from here on. */
export const FIRST_PATCH_ID = 2_800_000

/** The patch in SecLang. It ends by itself. Throws RingwallError for what cannot stand in a rule. */
export function writePatch({ id, path, param, pattern, mustMatch, reason, untilMs }: VirtualPatch): string {
  for (const [name, text] of [
    ['path', path],
    ['pattern', pattern],
  ] as const) {
    if (text === '' || /[^\x20-\x7e]|%\{/.test(text))
      throw new RingwallError('perimeter.patch', `the ${name} must be printable ASCII without \`%{\``)
  }
  if (!/^\/[^"\\]*$/.test(path))
    throw new RingwallError(
      'perimeter.patch',
      'the path must begin with a slash, without quotes and backslashes',
    )
  if (param !== undefined && !/^[\w.[\]-]{1,100}$/.test(param))
    throw new RingwallError('perimeter.patch', `the parameter \`${param}\` cannot be named in a rule`)
  const until = new Date(untilMs).toISOString().slice(0, 10)
  const why = reason
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .replaceAll(/['"\\]/g, ' ')
    .slice(0, 200)
  const target = param === undefined ? 'ARGS' : `ARGS:${param}`
  // A quote ends the operator, and a backslash before it would be two characters: written as a number it is neither.
  const test = `${mustMatch ? '!' : ''}@rx ^(?:${pattern.replaceAll('\\"', '"').replaceAll('"', '\\x22')})$`
  return `# ${why} (until ${until})
SecRule TIME_EPOCH "@lt ${Math.floor(untilMs / 1000)}" "id:${id},phase:2,deny,status:403,log,t:none,msg:'Virtual patch: ${why}',chain"
    SecRule REQUEST_FILENAME "@streq ${path}" "t:none,chain"
        SecRule ${target} "${test}" "t:none"
`
}
