import { type Reply, textReply } from '../../core/reply.ts'
import type { Identity } from '../identity.ts'

/** The style sheet of all pages. */
export function stylePage(): Reply {
  return textReply(200, 'text/css; charset=utf-8', STYLE)
}

/** The public keys of assertions (RFC 7517 5). */
export async function keysPage(identity: Identity): Promise<Reply> {
  return textReply(200, 'application/jwk-set+json', JSON.stringify(await identity.assertions.jwks()))
}

/** The style of the pages: readable in light and dark, on a phone and with a keyboard. */
const STYLE = `:root { color-scheme: light dark; --ink: #1d2433; --paper: #f6f4ef; --card: #fff; --line: #c9c4b8; --accent: #9a3b1e; --alert: #8c1d18; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7dc; --paper: #171a21; --card: #20242e; --line: #454b59; --accent: #f0906c; --alert: #ffb4a9; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-top: .5rem solid var(--accent); border-radius: .5rem; }
h1 { margin: 0 0 1.25rem; font-size: 1.5rem; line-height: 1.2; }
form { display: grid; gap: .375rem; }
label { font-weight: 600; }
input { width: 100%; margin-bottom: .75rem; padding: .625rem .75rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .375rem; }
button { padding: .75rem 1rem; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: .375rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { margin: 0 0 1rem; padding: .75rem 1rem; color: var(--alert); border: 1px solid currentColor; border-radius: .375rem; }
dt { font-weight: 600; } dd { margin: 0 0 .75rem; }
a { color: var(--accent); }
.alert ul { margin: 0; padding-left: 1rem; }
[hidden] { display: none !important; }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.125rem; }
form + form { margin-top: 1rem; }
button.second { color: var(--accent); background: none; border: 1px solid currentColor; }
.check { display: flex; gap: .5rem; align-items: baseline; margin-bottom: .75rem; font-weight: 400; } .check input { width: auto; margin: 0; }
.qr { background: #fff; border-radius: .375rem; } .plain { padding: 0; list-style: none; } .plain li { margin-bottom: 1rem; }
.codes { display: grid; grid-template-columns: 1fr 1fr; gap: .25rem 1rem; padding: 0; list-style: none; }
code { overflow-wrap: anywhere; }
`
