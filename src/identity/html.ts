import type { Language, Words } from './words.ts'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text made safe for HTML content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] as string)
}

/** Where the pages live on every site. */
export const PAGES = {
  signIn: '/.well-known/ringwall/sign-in',
  signOut: '/.well-known/ringwall/sign-out',
  password: '/.well-known/ringwall/password',
  account: '/.well-known/ringwall/account',
  jwks: '/.well-known/ringwall/jwks.json',
  style: '/.well-known/ringwall/style.css',
  secondFactor: '/.well-known/ringwall/second-factor',
  stepUp: '/.well-known/ringwall/step-up',
  passkey: '/.well-known/ringwall/passkey',
  passkeyOptions: '/.well-known/ringwall/passkey/options',
  factors: '/.well-known/ringwall/factors',
  qrPng: '/.well-known/ringwall/factors/qr.png',
  qrSvg: '/.well-known/ringwall/factors/qr.svg',
  elevation: '/.well-known/ringwall/elevation',
  script: '/.well-known/ringwall/passkeys.js',
} as const

/** How a page speaks and what it is called. */
export interface Look {
  readonly language: Language
  readonly words: Words
}

/** A whole page around its content, without scripts, so that the strictest policy holds. */
export function page(look: Look, title: string, content: string): string {
  return `<!doctype html>
<html lang="${look.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${PAGES.style}">
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
</body>
</html>
`
}

/** Messages above a form, announced to screen readers. */
export function alerts(messages: readonly string[]): string {
  if (messages.length === 0) return ''
  const items = messages.map((message) => `<li>${escapeHtml(message)}</li>`).join('')
  return `<div class="alert" role="alert"><ul>${items}</ul></div>`
}
