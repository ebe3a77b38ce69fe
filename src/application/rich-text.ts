import sanitizeHtml from 'sanitize-html'

import { markRaw, type RawHtml } from './raw-html.ts'

/** What rich text may hold; the default is the guide's. */
export interface RichTextProfile {
  readonly tags: readonly string[]
  readonly attributes: Readonly<Record<string, readonly string[]>>
  readonly schemes: readonly string[]
}

/** The guide's tags and attributes (XSS Prevention), and the schemes of addresses that run nothing. */
export const GUIDE_RICH_TEXT: RichTextProfile = {
  tags: ['p', 'br', 'strong', 'em', 'a', 'ul', 'li'],
  attributes: { a: ['href', 'title'] },
  schemes: ['http', 'https', 'mailto'],
}

/**
 * Keeps of untrusted markup what the profile allows; other tags go, their text stays, but that of scripts and styles. Links get
 * `rel="noopener noreferrer nofollow ugc"`. Doing it twice changes nothing.
 */
export function sanitizeRichText(untrusted: string, profile: RichTextProfile = GUIDE_RICH_TEXT): RawHtml {
  return markRaw(sanitizeToText(untrusted, profile), 'sanitiser')
}

const MAX_PASSES = 8

/** The same as a text, to be stored. */
export function sanitizeToText(untrusted: string, profile: RichTextProfile = GUIDE_RICH_TEXT): string {
  // INVARIANT: what is given back is not changed by another pass. Elements nested as no parser would nest them settle in a few passes;
  // what does not settle loses its tags.
  let text = untrusted
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const next = sanitizeOnce(text, profile)
    if (next === text) return next
    text = next
  }
  return sanitizeOnce(text, { tags: [], attributes: {}, schemes: [] })
}

function sanitizeOnce(untrusted: string, profile: RichTextProfile): string {
  const attributes = Object.entries(profile.attributes).map(([tag, names]): [string, string[]] => [
    tag,
    [...names],
  ])
  return sanitizeHtml(untrusted.replaceAll('\0', ''), {
    allowedTags: [...profile.tags],
    allowedAttributes: Object.fromEntries([
      ...attributes,
      ['a', [...(profile.attributes['a'] ?? []), 'rel']],
    ]),
    allowedSchemes: [...profile.schemes],
    allowedSchemesByTag: {},
    allowedSchemesAppliedToAttributes: ['href', 'src', 'cite'],
    allowProtocolRelative: false,
    disallowedTagsMode: 'discard',
    enforceHtmlBoundary: false,
    parseStyleAttributes: false,
    transformTags: {
      a: (tagName, given) => ({
        tagName,
        attribs: given['href'] === undefined ? given : { ...given, rel: 'noopener noreferrer nofollow ugc' },
      }),
    },
  })
}
