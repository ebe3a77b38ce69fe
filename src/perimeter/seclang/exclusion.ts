/** A false positive, as narrowly as rules can be told: one rule, one place, one path, for a time. */
export interface Exclusion {
  /** The number of the exclusion itself. */
  readonly id: number
  readonly ruleId: number
  /** `ARGS:text`. */
  readonly variable: string
  readonly path: string
  readonly reason: string
  readonly untilMs: number
}

/** Exclusions take numbers from here on. */
export const FIRST_EXCLUSION_ID = 2_700_000

/** The exclusion in SecLang. It ends by itself: after its time the first rule of the chain no longer matches. */
export function writeExclusion({ id, ruleId, variable, path, reason, untilMs }: Exclusion): string {
  const until = new Date(untilMs).toISOString().slice(0, 10)
  return `# ${oneLine(reason)} (until ${until})
SecRule TIME_EPOCH "@lt ${Math.floor(untilMs / 1000)}" "id:${id},phase:1,pass,nolog,t:none,chain"
    SecRule REQUEST_FILENAME "@streq ${quoted(path)}" "t:none,ctl:ruleRemoveTargetById=${ruleId};${variable}"
`
}

/** Why a place cannot be written into a rule; undefined where it can. */
export function whyNotExcludable(variable: string, path: string): string | undefined {
  if (!/^[A-Z_]+(?::[\w.[\]-]{1,100})?$/.test(variable))
    return `the name ${JSON.stringify(variable)} cannot stand in a rule; exclude it by hand with a pattern`
  if (path.includes('%{')) return 'the path holds `%{`, which a rule would read as a macro'
  return undefined
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .replaceAll('\\', '/')
    .slice(0, 200)
}

function quoted(path: string): string {
  return path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}
