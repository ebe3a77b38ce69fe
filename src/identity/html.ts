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
} as const

/** A whole page around its content, without scripts, so that the strictest policy holds. */
export function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
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
  return `<ul class="alert" role="alert">${items}</ul>`
}

/** The form to sign in. */
export function signInForm(to: string, email: string, messages: readonly string[]): string {
  return page(
    'Sign in',
    `${alerts(messages)}
<form method="post" action="${PAGES.signIn}">
<input type="hidden" name="to" value="${escapeHtml(to)}">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="320" value="${escapeHtml(email)}"${email === '' ? ' autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${email === '' ? '' : ' autofocus'}>
<button>Sign in</button>
</form>`,
  )
}

/** The form to change the password. */
export function passwordForm(isForced: boolean, messages: readonly string[]): string {
  const why = isForced ? '<p>Choose a password of your own before you go on.</p>' : ''
  return page(
    'Change your password',
    `${why}${alerts(messages)}
<form method="post" action="${PAGES.password}">
<label for="current">Current password</label>
<input id="current" name="current" type="password" autocomplete="current-password" required maxlength="1024" autofocus>
<label for="next">New password</label>
<input id="next" name="next" type="password" autocomplete="new-password" required maxlength="1024">
<button>Change password</button>
</form>`,
  )
}

/** One button to sign out. */
export function signOutForm(): string {
  return page(
    'Sign out',
    `<form method="post" action="${PAGES.signOut}"><button autofocus>Sign out</button></form>`,
  )
}

/** The style of the pages: readable in light and dark, on a phone and with a keyboard. */
export const STYLE = `:root { color-scheme: light dark; --ink: #1d2433; --paper: #f6f4ef; --card: #fff; --line: #c9c4b8; --accent: #9a3b1e; --alert: #8c1d18; }
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
.alert { margin: 0 0 1rem; padding: .75rem 1rem .75rem 2rem; color: var(--alert); border: 1px solid currentColor; border-radius: .375rem; }
dt { font-weight: 600; } dd { margin: 0 0 .75rem; }
a { color: var(--accent); }
`
