/** A text with `%{...}` in it, taken apart once. */
export interface Macro {
  /** The whole text where nothing in it is to be expanded. */
  readonly constant: string | undefined
  readonly parts: readonly (string | MacroName)[]
}

/** `%{TX.score}`: a variable and, for collections, a key in lower case. */
export interface MacroName {
  readonly name: string
  readonly key: string | undefined
}

/** Takes a text apart; `%{` without an end is text. */
export function parseMacro(text: string): Macro {
  const parts: (string | MacroName)[] = []
  let from = 0
  for (let at = text.indexOf('%{'); at >= 0; at = text.indexOf('%{', from)) {
    const end = text.indexOf('}', at)
    if (end < 0) break
    if (at > from) parts.push(text.slice(from, at))
    const inside = text.slice(at + 2, end)
    const dot = inside.search(/[.:]/)
    parts.push(
      dot < 0
        ? { name: inside.toUpperCase(), key: undefined }
        : { name: inside.slice(0, dot).toUpperCase(), key: inside.slice(dot + 1).toLowerCase() },
    )
    from = end + 1
  }
  if (parts.length === 0) return { constant: text, parts: [text] }
  if (from < text.length) parts.push(text.slice(from))
  return { constant: undefined, parts }
}
