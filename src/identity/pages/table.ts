import type { Exchange } from '../../core/exchange.ts'
import type { Reply } from '../../core/reply.ts'
import type { Upstream } from '../../core/wall.ts'
import { PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { accountPage } from './account.ts'
import { keysPage, stylePage } from './assets.ts'
import { passwordPage } from './password.ts'
import { signInPage } from './sign-in.ts'
import { signOutPage } from './sign-out.ts'

/** A page of ours: a route like any other, behind the same walls. */
export interface IdentityPage {
  readonly name: string
  readonly path: string
  readonly methods: readonly string[]
  readonly sign_in: 'required' | 'optional'
  readonly upstream: Upstream
}

/** A row of the table: what serves a page, for any realm. */
interface PageRow extends Omit<IdentityPage, 'upstream'> {
  readonly serve: (identity: Identity, exchange: Exchange) => Reply | Promise<Reply>
}

const GET = ['GET'] as const
const FORM = ['GET', 'POST'] as const

/** THE TABLE of pages. A feature adds its own lines. */
const TABLE: readonly PageRow[] = [
  { name: 'sign-in', path: PAGES.signIn, methods: FORM, sign_in: 'optional', serve: signInPage },
  { name: 'sign-out', path: PAGES.signOut, methods: FORM, sign_in: 'optional', serve: signOutPage },
  { name: 'password', path: PAGES.password, methods: FORM, sign_in: 'required', serve: passwordPage },
  { name: 'account', path: PAGES.account, methods: GET, sign_in: 'required', serve: accountPage },
  { name: 'keys', path: PAGES.jwks, methods: GET, sign_in: 'optional', serve: keysPage },
  { name: 'style', path: PAGES.style, methods: GET, sign_in: 'optional', serve: stylePage },
]

/** The pages of a realm. */
export function identityPages(identity: Identity): readonly IdentityPage[] {
  return TABLE.map(({ name, serve, ...row }) => ({
    ...row,
    name: `ringwall ${name}`,
    upstream: async (exchange) => serve(identity, exchange),
  }))
}
