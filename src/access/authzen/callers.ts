import { createHash, timingSafeEqual } from 'node:crypto'

import { RingwallError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'

/** A policy enforcement point that may ask. */
export interface Caller {
  readonly name: string
  readonly token: Secret
  /** Whether it may use the Search APIs, which tell more than one decision. */
  readonly maySearch: boolean
}

const MIN_TOKEN_CHARS = 32
const MAX_FIELD_CHARS = 4096
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** Finds the caller whose bearer token (RFC 6750 2.1) is in these Authorization fields; undefined where none is. */
export type FindCaller = (rawAuthorization: readonly string[]) => Caller | undefined

/**
 * Tokens are compared as digests in constant time, each with every one, so that time tells neither a token nor whose it
 * is. A decision point that answered everybody would tell anybody who may do what, so there is no such setting.
 */
export function callerFinder(callers: readonly Caller[]): FindCaller {
  if (callers.length === 0)
    throw new RingwallError('access.authzen-no-caller', 'AuthZEN is enabled, but no caller may use it')
  const known = callers.map((caller) => ({ caller, digest: digestOf(caller.token.reveal()) }))
  for (const { name, token } of callers) {
    const text = token.reveal()
    if (text.length < MIN_TOKEN_CHARS || !BEARER.test(`Bearer ${text}`))
      throw new RingwallError(
        'access.authzen-token',
        `caller \`${name}\`: its token must be ${MIN_TOKEN_CHARS} or more of the characters A-Z a-z 0-9 - . _ ~ + /`,
      )
  }
  if (new Set(known.map(({ digest }) => digest.toString('hex'))).size < known.length)
    throw new RingwallError('access.authzen-token', 'two callers have the same token')
  return (rawAuthorization) => {
    const [field = '', ...more] = rawAuthorization
    if (more.length > 0 || field.length > MAX_FIELD_CHARS) return undefined
    const given = digestOf(BEARER.exec(field)?.[1] ?? '')
    let found: Caller | undefined
    for (const { caller, digest } of known) if (timingSafeEqual(digest, given)) found = caller
    return found
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest()
}
