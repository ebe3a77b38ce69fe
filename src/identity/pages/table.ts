import type { Exchange } from '../../core/exchange.ts'
import type { Reply } from '../../core/reply.ts'
import type { Upstream } from '../../core/wall.ts'
import { PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { accountPage } from './account.ts'
import { keysPage, stylePage } from './assets.ts'
import { factorsPage, qrPage } from './factors.ts'
import { passkeyOptionsPage, passkeyPage } from './passkey.ts'
import { passwordPage } from './password.ts'
import { scriptPage } from './script.ts'
import { secondFactorPage } from './second-factor.ts'
import { signInPage } from './sign-in.ts'
import { signOutPage } from './sign-out.ts'
import { stepUpPage } from './step-up.ts'

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
const POST = ['POST'] as const
const FORM = ['GET', 'POST'] as const

/** THE TABLE of pages. A feature adds its own lines. */
const TABLE: readonly PageRow[] = [
  { name: 'sign-in', path: PAGES.signIn, methods: FORM, sign_in: 'optional', serve: signInPage },
  { name: 'sign-out', path: PAGES.signOut, methods: FORM, sign_in: 'optional', serve: signOutPage },
  { name: 'password', path: PAGES.password, methods: FORM, sign_in: 'required', serve: passwordPage },
  { name: 'account', path: PAGES.account, methods: GET, sign_in: 'required', serve: accountPage },
  {
    name: 'second factor',
    path: PAGES.secondFactor,
    methods: FORM,
    sign_in: 'optional',
    serve: secondFactorPage,
  },
  { name: 'passkey', path: PAGES.passkey, methods: POST, sign_in: 'optional', serve: passkeyPage },
  {
    name: 'passkey options',
    path: PAGES.passkeyOptions,
    methods: POST,
    sign_in: 'optional',
    serve: passkeyOptionsPage,
  },
  { name: 'step-up', path: PAGES.stepUp, methods: FORM, sign_in: 'required', serve: stepUpPage },
  { name: 'factors', path: PAGES.factors, methods: FORM, sign_in: 'required', serve: factorsPage },
  { name: 'QR code PNG', path: PAGES.qrPng, methods: GET, sign_in: 'required', serve: qrPage },
  { name: 'QR code SVG', path: PAGES.qrSvg, methods: GET, sign_in: 'required', serve: qrPage },
  { name: 'script', path: PAGES.script, methods: GET, sign_in: 'optional', serve: scriptPage },
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
