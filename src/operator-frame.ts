import { textReply, type Reply } from './core/reply.ts'
import { escapeHtml, PAGES } from './identity/index.ts'

/** A page of the operator's door around its content; without scripts. */
export function frame(title: string, content: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} - Ringwall</title><link rel="stylesheet" href="/operator.css"></head>
<body><header><strong>Ringwall</strong> <nav><a href="/">Watch</a> <a href="/access">Access</a> <a href="/csp">Scripts</a> <a href="${PAGES.account}">Account</a></nav></header>
<main><h1>${escapeHtml(title)}</h1>${content}</main></body></html>
`
}

/** A page. */
export function html(text: string, status = 200): Reply {
  return textReply(status, 'text/html; charset=utf-8', text)
}

/** An answer to a program. */
export function json(value: unknown, status = 200): Reply {
  return textReply(status, 'application/json', JSON.stringify(value))
}

/** The style of the operator's pages. */
export const STYLE = `:root { color-scheme: light dark; --ink: #1d2433; --paper: #f6f4ef; --line: #d8d3c7; --accent: #9a3b1e; --no: #fbe3dd; }
@media (prefers-color-scheme: dark) { :root { --ink: #ece7dc; --paper: #171a21; --line: #3a4050; --accent: #f0906c; --no: #45231c; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: .9375rem/1.5 system-ui, sans-serif; }
header { display: flex; gap: 1.5rem; padding: .75rem 1.5rem; border-bottom: .25rem solid var(--accent); }
main { padding: 1rem 1.5rem; } h1 { font-size: 1.375rem; } a { color: var(--accent); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .625rem; text-align: left; border-bottom: 1px solid var(--line); white-space: nowrap; }
td.what { white-space: normal; overflow-wrap: anywhere; } tr.no { background: var(--no); }
form.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0; }
label { display: grid; gap: .125rem; font-weight: 600; } input, select, button { min-height: 2.25rem; padding: .25rem .5rem; font: inherit; font-weight: 400; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .25rem; }
button { cursor: pointer; border-color: var(--accent); color: var(--accent); } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
nav a[aria-current] { font-weight: 700; } [role=alert] { padding: .5rem 1rem; border: 1px solid var(--accent); background: var(--no); }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); font: .8125rem/1.6 ui-monospace, monospace; }
`
