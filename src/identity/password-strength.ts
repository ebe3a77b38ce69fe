/** Longer passwords are judged by their beginning: the estimate takes time that grows with the square of the length. */
const MAX_JUDGED = 48

type Judge = (password: string, words: string[]) => { readonly score: 0 | 1 | 2 | 3 | 4 }
let judge: Promise<Judge> | undefined

/**
 * How hard a password is to guess, from 0 (at once) to 4 (not in practice), by zxcvbn. Loads its dictionaries at the first call and
 * blocks for tens of milliseconds; for the hashing thread.
 */
export async function estimateStrength(
  password: string,
  words: readonly string[],
): Promise<0 | 1 | 2 | 3 | 4> {
  judge ??= loadJudge()
  const check = await judge
  return check(password.slice(0, MAX_JUDGED), [...words]).score
}

async function loadJudge(): Promise<Judge> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ])
  const factory = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
  })
  return (password, words) => factory.check(password, words)
}
