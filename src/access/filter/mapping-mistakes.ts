import { RingwallError } from '../../core/errors.ts'

/** Something wrong in a mapping or in what is said of a database. */
export interface MappingMistake {
  /** Keys with dots between them: `entities.Document.attributes.owner`. */
  readonly path: string
  readonly message: string
}

const MAX_SHOWN = 20

/** Everything that is wrong at once, one a line; whoever has the file behind it can say where each stands. */
export class MappingError extends RingwallError {
  readonly mistakes: readonly MappingMistake[]

  constructor(code: string, what: string, mistakes: readonly MappingMistake[]) {
    const shown = mistakes.slice(0, MAX_SHOWN).map(({ path, message }) => `${path}: ${message}`)
    const more = mistakes.length > shown.length ? [`and ${mistakes.length - shown.length} more`] : []
    super(code, `${what} is wrong: ${[...shown, ...more].join('\n  ')}`)
    this.name = 'MappingError'
    this.mistakes = mistakes
  }
}

/** What a schema for plain data found, with its keys below `prefix`. */
export function mistakesOf(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
  prefix: readonly string[] = [],
): MappingMistake[] {
  return issues.map(({ path, message }) => ({ path: [...prefix, ...path.map(String)].join('.'), message }))
}
