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
  profile: '/.well-known/ringwall/profile',
  forgot: '/.well-known/ringwall/forgot',
  register: '/.well-known/ringwall/register',
  verify: '/.well-known/ringwall/verify',
  reset: '/.well-known/ringwall/reset',
  notMe: '/.well-known/ringwall/not-me',
  email: '/.well-known/ringwall/email',
  sessions: '/.well-known/ringwall/sessions',
  deletion: '/.well-known/ringwall/deletion',
  impersonate: '/.well-known/ringwall/impersonate',
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
  /** Name of the site and path of its picture, where they are configured. */
  readonly site?: string | undefined
  readonly logo?: string | undefined
}

/** A whole page around its content, without scripts, so that the strictest policy holds. */
export function page(
  look: Look,
  title: string,
  content: string,
  width: 'narrow' | 'wide' = 'narrow',
): string {
  const { language, site, logo } = look
  const picture = logo === undefined ? '' : `<img src="${escapeHtml(logo)}" alt="">`
  const name = site === undefined ? '' : `<span>${escapeHtml(site)}</span>`
  const brand = picture + name === '' ? '' : `<header class="brand">${picture}${name}</header>\n`
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="strict-origin">
<title>${escapeHtml(site === undefined ? title : `${title} - ${site}`)}</title>
<link rel="stylesheet" href="${PAGES.style}">
</head>
<body class="${width}">
${brand}<main>
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
  const [first = '', ...more] = messages.map((message) => escapeHtml(message))
  const text =
    more.length === 0 ? first : `<ul>${[first, ...more].map((item) => `<li>${item}</li>`).join('')}</ul>`
  return `<div class="alert" role="alert">${text}</div>`
}

/** Good news, announced to screen readers. */
export function notice(message: string | undefined): string {
  return message === undefined ? '' : `<p class="notice" role="status">${escapeHtml(message)}</p>`
}

/** A labelled field of a form. */
export function field(
  name: string,
  label: string,
  attributes: Readonly<Record<string, string | boolean>>,
): string {
  const id = typeof attributes['id'] === 'string' ? attributes['id'] : name
  const given: Readonly<Record<string, string | boolean>> = { ...attributes, id, name }
  const all = Object.entries(given)
    .filter(([, value]) => value !== false)
    .map(([key, value]) => (value === true ? key : `${key}="${escapeHtml(String(value))}"`))
  return `<label for="${escapeHtml(id)}">${escapeHtml(label)}</label>\n<input ${all.join(' ')}>`
}

/** A hidden field. */
export function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`
}

/** A form that posts to a page of ours. */
export function form(
  action: string,
  content: string,
  submit: string,
  kind: 'main' | 'quiet' = 'main',
): string {
  const quiet = kind === 'quiet' ? ' class="quiet"' : ''
  return `<form method="post" action="${escapeHtml(action)}">
${content}
<button${quiet}>${escapeHtml(submit)}</button>
</form>`
}

/** A paragraph. */
export function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`
}

/** Attributes of a field for a password that exists, and for one that is to be chosen. */
export const CURRENT_PASSWORD = {
  type: 'password',
  autocomplete: 'current-password',
  required: true,
  maxlength: '1024',
} as const
/** See `CURRENT_PASSWORD`. */
export const NEW_PASSWORD = { ...CURRENT_PASSWORD, autocomplete: 'new-password' } as const
/** Attributes of a field for an address. */
export const EMAIL = { type: 'email', autocomplete: 'username', required: true, maxlength: '320' } as const
