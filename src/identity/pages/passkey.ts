import { type Exchange, wantsHtml } from '../../core/exchange.ts'
import { redirectReply, refusalReply, type Reply } from '../../core/reply.ts'
import { refuse } from '../../core/verdict.ts'
import { safeReturnPath } from '../cookie.ts'
import { PAGES } from '../html.ts'
import type { Identity } from '../identity.ts'
import { json, originOf, readForm } from './form.ts'
import { holderOf, isExposed, parsed, partyOf } from './passkey-form.ts'
import { codeOf, recordFactorFailure } from './second-factor.ts'
import { recordSignIn, signedIn, signInAgain } from './sign-in.ts'

/** Takes a passkey in place of a password. */
export async function passkeyPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const fields = await readForm(exchange)
  const to = safeReturnPath(fields.get('to'))
  const party = partyOf(identity, exchange)
  if (!party || isExposed(identity, exchange))
    return refusalReply(refuse('identity.factor-wrong', 'no passkeys here'), exchange.id, wantsHtml(exchange))
  const holder = holderOf(identity, exchange)
  const shown = { passkey: parsed(fields.get('passkey') ?? ''), party, holder }
  const result = await identity.secondStep.passkey(shown)
  if (result.ok) {
    const done = await identity.completeSignIn(result.admitted, originOf(exchange), result.proof)
    recordSignIn(exchange, identity, result.admitted.account.email, done, result.proof.methods)
    return done.ok
      ? signedIn(identity, exchange, done, to)
      : signInAgain(identity, exchange, 'identity.credentials-wrong', to)
  }
  recordFactorFailure(exchange, identity, result.account?.id, result)
  const code = codeOf(result) === 'identity.busy' ? 'identity.busy' : 'identity.credentials-wrong'
  return signInAgain(identity, exchange, code, to)
}

/** Options for `navigator.credentials.get`: for an address, or for whatever passkey the visitor chooses. */
export async function passkeyOptionsPage(identity: Identity, exchange: Exchange): Promise<Reply> {
  const party = partyOf(identity, exchange)
  if (!party) return redirectReply(303, PAGES.signIn)
  const email = ((await readForm(exchange)).get('email') ?? '').trim().toLowerCase().slice(0, 320)
  const holder = holderOf(identity, exchange)
  const { passkeys } = identity.factors
  if (email === '') return json(200, await passkeys.openOptions(party, holder))
  const account = await identity.accounts.findByEmail(email)
  return json(200, await passkeys.optionsForAddress(party, email, account?.id, holder))
}
