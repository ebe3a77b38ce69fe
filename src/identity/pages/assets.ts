import { type Reply, textReply } from '../../core/reply.ts'
import type { AuthenticationConfig } from '../config.ts'
import type { Identity } from '../identity.ts'

/** The style sheet of all pages. */
export function stylePage({ config }: Identity): Reply {
  return textReply(200, 'text/css; charset=utf-8', styleSheet(config.pages))
}

/** The public keys of assertions (RFC 7517 5). */
export async function keysPage(identity: Identity): Promise<Reply> {
  return textReply(200, 'application/jwk-set+json', JSON.stringify(await identity.assertions.jwks()))
}

/** Readable in light and dark, on a phone and with a keyboard; colours may be the site's own. */
function styleSheet({
  accent = '#9a3b1e',
  accent_dark: accentDark = '#f0906c',
}: AuthenticationConfig['pages']): string {
  return `:root { color-scheme: light dark; --ink: #1d2433; --soft: #5a6172; --paper: #f6f4ef; --card: #fff; --line: #8b8778; --rule: #e2ded4; --accent: ${accent}; --on-accent: ${inkOn(accent)}; --alert: #8c1d18; --good: #1f5c33; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7dc; --soft: #b1b0ac; --paper: #171a21; --card: #20242e; --line: #7d8494; --rule: #343a48; --accent: ${accentDark}; --on-accent: ${inkOn(accentDark)}; --alert: #ffb4a9; --good: #9fdcb2; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; align-content: center; justify-items: center; gap: 1.5rem; padding: 1.5rem 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
.brand { display: flex; width: max-content; max-width: 100%; align-items: center; gap: .75rem; font-size: 1.125rem; font-weight: 600; }
.brand img { display: block; height: 2.5rem; width: auto; max-width: 12rem; }
section > :last-child { margin-bottom: 0; }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card); border: 1px solid var(--rule); border-radius: .75rem; box-shadow: 0 1px 2px #0001, 0 8px 24px #0001; }
.wide main { max-width: 42rem; }
h1 { margin: 0 0 1.25rem; font-size: 1.5rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 .75rem; font-size: 1.0625rem; }
section { padding: 1.5rem 0; border-top: 1px solid var(--rule); }
form { display: grid; gap: .375rem; }
label { font-weight: 600; font-size: .9375rem; }
input { width: 100%; margin-bottom: .75rem; padding: .625rem .75rem; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
input[readonly] { background: var(--paper); border-color: var(--rule); }
button { justify-self: start; min-width: 100%; padding: .6875rem 1.25rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 1px solid transparent; border-radius: .5rem; cursor: pointer; }
.wide button { min-width: 0; }
button:hover { filter: brightness(1.08); }
button.quiet { min-width: 0; padding: .375rem .75rem; color: var(--ink); background: transparent; border-color: var(--line); font-weight: 500; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert, .notice { margin: 0 0 1rem; padding: .75rem 1rem; border: 1px solid currentColor; border-radius: .5rem; }
.alert ul { margin: 0; padding-left: 1.125rem; }
.alert { color: var(--alert); } .notice { color: var(--good); }
dl { margin: 0 0 1rem; } dt { font-weight: 600; font-size: .9375rem; } dd { margin: 0 0 .75rem; overflow-wrap: anywhere; }
.rows { margin: 0 0 1rem; padding: 0; list-style: none; }
.rows li { display: flex; flex-wrap: wrap; gap: .5rem 1rem; justify-content: space-between; align-items: start; padding: .75rem 0; border-bottom: 1px solid var(--rule); font-size: .9375rem; overflow-wrap: anywhere; }
.rows em { color: var(--soft); }
details { margin-top: 1rem; } summary { cursor: pointer; color: var(--accent); } details[open] summary { margin-bottom: .75rem; }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.25rem 0 0; font-size: .9375rem; }
a { color: var(--accent); }
.alert ul { margin: 0; padding-left: 1rem; }
[hidden] { display: none !important; }
h2 + p { margin-top: 0; } * + h2 { margin-top: 1.75rem; } section > h2 { margin-top: 0; }
form + form { margin-top: 1rem; }
button.second { color: var(--accent); background: none; border-color: currentColor; }
select { width: 100%; margin-bottom: .75rem; padding: .625rem .75rem; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.check { display: flex; gap: .5rem; align-items: baseline; margin-bottom: .75rem; font-weight: 400; } .check input { width: auto; margin: 0; }
.qr { background: #fff; border-radius: .375rem; } .plain { padding: 0; list-style: none; } .plain li { margin-bottom: 1rem; }
.codes { display: grid; grid-template-columns: 1fr 1fr; gap: .25rem 1rem; padding: 0; list-style: none; }
code { overflow-wrap: anywhere; }
`
}

/** Black or white, whichever reads better on a colour (WCAG 2.2, relative luminance). */
function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? '#000' : '#fff'
}
