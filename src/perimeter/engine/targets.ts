import { Pattern } from '../regex/pattern.ts'
import { PatternError } from '../regex/syntax.ts'
import { ruleError } from '../seclang/errors.ts'
import type { Rule, VariableRef } from '../seclang/rule.ts'
import { VIEWS, type View } from './views.ts'

/** The same few keys come with every request; their answers are kept, so many at most. */
const MAX_KNOWN_KEYS = 500

/** One variable of a rule, with what is left out of it. */
export interface Target {
  readonly view: View
  /** The one key that is meant, in lower case. */
  readonly key: string | undefined
  /** Whether an entry's key is meant and not left out. */
  readonly wants: ((key: string) => boolean) | undefined
  readonly isCount: boolean
}

/** The targets of a rule; exclusions of a variable count for all its other mentions. */
export function compileTargets(rule: Rule): Target[] {
  const exclusions = rule.variables.filter((ref) => ref.isExclusion)
  return rule.variables.flatMap((ref) => {
    if (ref.isExclusion) return []
    const view = VIEWS.get(ref.name)
    if (!view) throw ruleError(rule.origin, `${ref.name} is not a variable`)
    const left = exclusions.filter((other) => other.name === ref.name)
    if (left.some((other) => other.key === undefined && other.keyPattern === undefined)) return []
    const tests = left.map((other) => keyTestAt(other, rule))
    const isPattern = ref.keyPattern === undefined ? undefined : keyTestAt(ref, rule)
    const wants =
      tests.length === 0 && !isPattern
        ? undefined
        : (key: string): boolean => (isPattern?.(key) ?? true) && !tests.some((test) => test(key))
    return [{ view, key: ref.key, wants, isCount: ref.isCount }]
  })
}

function keyTestAt(ref: VariableRef, rule: Rule): (key: string) => boolean {
  try {
    return keyTest(ref)
  } catch (thrown) {
    if (!(thrown instanceof PatternError)) throw thrown
    throw ruleError(rule.origin, `${ref.name}:/${ref.keyPattern}/: ${thrown.message}`)
  }
}

/** Whether a key, in lower case, is the one that is meant. */
export function keyTest(ref: VariableRef): (key: string) => boolean {
  if (ref.keyPattern !== undefined) {
    const pattern = new Pattern(ref.keyPattern, true)
    const known = new Map<string, boolean>()
    return (key) => {
      let is = known.get(key)
      if (is === undefined) {
        is = pattern.test(key)
        if (known.size < MAX_KNOWN_KEYS && key.length < 100) known.set(key, is)
      }
      return is
    }
  }
  const { key: wanted } = ref
  return wanted === undefined ? () => true : (key) => key === wanted
}
