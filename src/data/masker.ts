import { RingwallError } from '../core/errors.ts'
import type { Secret } from '../core/secret.ts'
import type { WeakFindings } from './detectors/context.ts'
import type { Finding } from './detectors/finding.ts'
import { createScan } from './detectors/scan.ts'
import { createRender, type MaskActions, type Render } from './mask-action.ts'
import { createFieldNames, type FieldMask, type FieldNames } from './mask-fields.ts'
import { ALL_KINDS, DEFAULT_KINDS, groupOf, isMaskKind, KINDS, type MaskKind } from './mask-kinds.ts'
import { maskObject } from './mask-object.ts'
import { SecretRegistry } from './mask-secrets.ts'

/** What a masker hides, how, and from whom. */
export interface MaskerOptions {
  /** Kinds to find in text. Default: all but addresses of the network. */
  readonly kinds?: readonly MaskKind[]
  /** Findings whose form alone proves too little count with a word near them (`context`, the default), always, or never. */
  readonly weak?: WeakFindings
  /** What is written in their place. Default: the guide's forms, or the kind in brackets. */
  readonly actions?: MaskActions
  /** Secrets that were loaded. A registry may grow later. */
  readonly secrets?: SecretRegistry | readonly Secret[]
  /** Names of fields that are sensitive beyond those of the catalogue, and how each is masked. */
  readonly fields?: Readonly<Record<string, FieldMask>>
  /** Names of fields that are not sensitive, whatever the catalogue says. */
  readonly openFields?: readonly string[]
  /** Whether the catalogue of field names counts. Default true; else `fields` alone. */
  readonly fieldCatalogue?: boolean
  /** Strings in objects: `scan` for the kinds above (the default), or `leave` all but those of sensitive fields. */
  readonly strings?: 'scan' | 'leave'
  /** What each role may see: kinds, groups of kinds, or names of fields. Never secrets. */
  readonly reveal?: Readonly<Record<string, readonly string[]>>
  /** How deep objects are read. Default 32; what is deeper is left out. */
  readonly maxDepth?: number
  /** How many values of one object are read. Default 100,000; what is more is left out. */
  readonly maxNodes?: number
}

/** Masks text and objects. Immutable, synchronous, and safe to share. */
export interface Masker {
  /** A text with everything masked that was found in it. */
  text(text: string): string
  /** What is found in a text from `from` on, in order, without overlap. */
  find(text: string, from?: number): readonly Finding[]
  /** A value of any shape with what is sensitive masked. The value itself is not changed; what needs no mask is shared. */
  value(value: unknown): unknown
  /** A masker for somebody with these roles: what any of them may see stays. */
  unmaskFor(roles: readonly string[]): Masker
  /** How a field of this name is masked. */
  fieldMask(name: string): FieldMask | undefined
  readonly render: Render
  readonly secrets: SecretRegistry
}

const GROUPS: ReadonlySet<string> = new Set(ALL_KINDS.map(groupOf))

/** Compiles a masker. */
export function createMasker(options: MaskerOptions = {}): Masker {
  const secrets =
    options.secrets instanceof SecretRegistry ? options.secrets : new SecretRegistry(options.secrets)
  checkReveal(options.reveal ?? {})
  const render = createRender(options.actions)
  const made = new Map<string, Masker>()

  function build(revealed: readonly string[]): Masker {
    const open = new Set<string>(revealed.flatMap(kindsOf))
    const kinds = (options.kinds ?? DEFAULT_KINDS).filter((kind) => !open.has(kind))
    const scan = createScan(new Set(kinds), options.weak ?? 'context')
    const names = namesOf(options, revealed, open)
    const find = (text: string, from = 0): readonly Finding[] => {
      const found = scan(text, from)
      return secrets.size === 0 ? found : union(secrets.find(text, from), found)
    }
    const text = (text: string): string => rewrite(text, find(text), render)
    const masker: Masker = {
      text,
      find,
      value: (value) =>
        maskObject(value, {
          names,
          render,
          text: options.strings === 'leave' ? undefined : text,
          maxDepth: options.maxDepth ?? 32,
          maxNodes: options.maxNodes ?? 100_000,
        }),
      unmaskFor(roles) {
        const all = [...new Set(roles.flatMap((role) => revealOf(options.reveal, role)))].toSorted()
        if (all.length === 0) return whole
        const key = all.join('\n')
        const known = made.get(key) ?? build(all)
        made.set(key, known)
        return known
      },
      fieldMask: (name) => names.maskOf(name),
      render,
      secrets,
    }
    return masker
  }
  const whole = build([])
  return whole
}

/** Own names only: a role called `constructor` sees nothing. */
function revealOf(reveal: MaskerOptions['reveal'], role: string): readonly string[] {
  return reveal && Object.hasOwn(reveal, role) ? (reveal[role] ?? []) : []
}

function kindsOf(name: string): MaskKind[] {
  if (isMaskKind(name)) return [name]
  return GROUPS.has(name) ? ALL_KINDS.filter((kind) => groupOf(kind) === name) : []
}

function checkReveal(reveal: Readonly<Record<string, readonly string[]>>): void {
  for (const [role, names] of Object.entries(reveal)) {
    for (const name of names) {
      const mask = createFieldNames().maskOf(name)
      const isSecret = name === 'secret' || (isMaskKind(name) && KINDS[name].group === 'secret')
      if (isSecret || mask === 'secret' || mask === 'line')
        throw new RingwallError(
          'data.reveal-secret',
          `no role may see secrets; take \`${name}\` out of the role \`${role}\``,
        )
    }
  }
}

/** The names of fields, less what is revealed by its name or by its kind. */
function namesOf(options: MaskerOptions, revealed: readonly string[], open: ReadonlySet<string>): FieldNames {
  const names = createFieldNames({
    ...(options.fields && { extra: options.fields }),
    open: [...(options.openFields ?? []), ...revealed],
    ...(options.fieldCatalogue !== undefined && { catalogue: options.fieldCatalogue }),
  })
  if (open.size === 0) return names
  return {
    maskOf(name) {
      const mask = names.maskOf(name)
      return mask !== undefined && open.has(mask) ? undefined : mask
    },
  }
}

/** Both lists as one, in order. Where they overlap: a secret that covers a finding counts alone, else both are one finding. */
function union(secrets: readonly Finding[], found: readonly Finding[]): readonly Finding[] {
  if (secrets.length === 0 || found.length === 0) return secrets.length === 0 ? found : secrets
  const all = [...secrets, ...found].sort((a, b) => a.from - b.from || b.to - a.to)
  const out: Finding[] = []
  for (const one of all) {
    const last = out.at(-1)
    if (!last || one.from >= last.to) out.push(one)
    else {
      const to = Math.max(last.to, one.to)
      const isCovered = last.kind === 'registered' && last.to === to
      const isSame = one.kind === 'registered' && one.from === last.from && one.to === to
      out[out.length - 1] = isCovered
        ? last
        : isSame
          ? one
          : { kind: plainer(last.kind, one.kind), from: last.from, to }
    }
  }
  return out
}

/** Of two kinds that are one finding, the one that is shown by nothing of it. */
function plainer(a: MaskKind, b: MaskKind): MaskKind {
  return a === 'registered' ? b : groupOf(a) === 'secret' ? a : 'registered'
}

/** The text with each finding in its masked form. JSON stays JSON: what was a number there becomes a string. */
export function rewrite(text: string, findings: readonly Finding[], render: Render): string {
  if (findings.length === 0) return text
  let out = ''
  let copied = 0
  for (const { kind, from, to } of findings) {
    const masked = render(kind, text.slice(from, to))
    out += text.slice(copied, from) + (isJsonNumber(text, from, to) ? `"${masked}"` : masked)
    copied = to
  }
  return out + text.slice(copied)
}

/** Whether digits stand where JSON has a number: after `":`, or after `":[` and other numbers; and before `,`, `]` or `}`. */
function isJsonNumber(text: string, from: number, to: number): boolean {
  const last = text.charCodeAt(to - 1)
  if (last < 48 || last > 57 || ![44, 93, 125].includes(text.charCodeAt(afterBlanks(text, to, 1))))
    return false
  if (!/^-?\d+(?:\.\d+)?$/.test(text.slice(from, Math.min(to, from + 32)))) return false
  let before = afterBlanks(text, from - 1, -1)
  const stop = Math.max(0, before - MAX_NUMBERS)
  while (before > stop && isNumberOrComma(text.charCodeAt(before))) before--
  if (text.charCodeAt(before) === 91) before = afterBlanks(text, before - 1, -1)
  else if (before !== afterBlanks(text, from - 1, -1)) return false
  const quote = afterBlanks(text, before - 1, -1)
  // Behind an odd number of backslashes the quote is in a string, and so are the digits.
  let slash = quote - 1
  while (slash >= 0 && quote - slash <= MAX_BLANKS && text.charCodeAt(slash) === 92) slash--
  const isString = (quote - 1 - slash) % 2 === 1
  return text.charCodeAt(before) === 58 && text.charCodeAt(quote) === 34 && !isString
}

const MAX_NUMBERS = 512

function isNumberOrComma(code: number): boolean {
  return (code >= 48 && code <= 57) || code === 44 || code === 45 || code === 46 || code <= 32
}

const MAX_BLANKS = 16

function afterBlanks(text: string, at: number, step: 1 | -1): number {
  let place = at
  for (let i = 0; i < MAX_BLANKS && text.charCodeAt(place) <= 32; i++) place += step
  return place
}
