import de from './words/de.json' with { type: 'json' }
import en from './words/en.json' with { type: 'json' }
import es from './words/es.json' with { type: 'json' }

/** The texts of pages and mails in one language; English says which there are. */
export type Words = typeof en

/** Languages of pages and mails. */
export const LANGUAGES = ['en', 'de', 'es'] as const

/** One of `LANGUAGES`. */
export type Language = (typeof LANGUAGES)[number]

const WORDS: Readonly<Record<Language, Words>> = { en, de, es }

/** All texts of a language. */
export function wordsIn(language: Language): Words {
  return WORDS[language]
}

const MAX_RANGES = 16

/** The language that a client likes best of those we have (RFC 9110 12.5.4), or `otherwise`. */
export function chooseLanguage(rawAcceptLanguage: string | undefined, otherwise: Language = 'en'): Language {
  let best: { readonly language: Language; readonly quality: number } | undefined
  for (const rawRange of (rawAcceptLanguage ?? '').slice(0, 512).split(',').slice(0, MAX_RANGES)) {
    const [rawTag = '', ...parameters] = rawRange.split(';').map((part) => part.trim().toLowerCase())
    const language = LANGUAGES.find((one) => rawTag === one || rawTag.startsWith(`${one}-`))
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    const quality = weight === undefined ? 1 : Number(weight.slice(2))
    if (language && quality > 0 && quality > (best?.quality ?? 0)) best = { language, quality }
  }
  return best?.language ?? otherwise
}

/** A text with its `{name}` places filled in. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\{([a-zA-Z]+)\}/g, (place, name: string) => String(values[name] ?? place))
}
