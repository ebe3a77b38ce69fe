/** Where markup that is not encoded again comes from. */
export type RawOrigin = 'template' | 'sanitiser'

const made = new WeakMap<object, { readonly text: string; readonly origin: RawOrigin }>()

/** Markup that is safe as it is. Only the template tag and the sanitiser make it: the class takes nothing and checks by brand. */
export class RawHtml {
  toString(): string {
    return made.get(this)?.text ?? ''
  }
}

/** For this room only: marks markup as safe. */
export function markRaw(text: string, origin: RawOrigin): RawHtml {
  const raw = new RawHtml()
  made.set(raw, { text, origin })
  return raw
}

/** Where markup comes from; undefined for what only looks like it. */
export function rawOriginOf(value: unknown): RawOrigin | undefined {
  return typeof value === 'object' && value !== null ? made.get(value)?.origin : undefined
}
