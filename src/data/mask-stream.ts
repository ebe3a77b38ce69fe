import { CONTEXT_CHARACTERS } from './detectors/context.ts'
import type { Finding } from './detectors/finding.ts'
import { MAX_PEM } from './detectors/private-key.ts'
import { type Masker, rewrite } from './masker.ts'

/** What no detector reads beyond: from its first character to the last that it looks at. */
const REACH: number = MAX_PEM + 4096 + 512
/** How far before a finding its name or its words may stand. */
const BEFORE: number = CONTEXT_CHARACTERS * 2

/** Masks a text that comes in pieces. What was written comes out as soon as no later piece can change it: mostly, at its line's end. */
export interface MaskStream {
  /** Takes a piece and gives what is settled. */
  write(piece: string): string
  /** Gives what is left. */
  end(): string
}

/** Gives exactly what the masker would for the whole text, wherever it was cut; holds a bounded part of it. */
export function createMaskStream(masker: Masker): MaskStream {
  let held = ''
  /** Characters at the start of `held` that are out already, kept for what looks back at them. */
  let out = 0

  function settle(cut: number, findings: readonly Finding[]): string {
    const settled = rewrite(
      held.slice(0, cut),
      findings.filter((one) => one.to <= cut),
      masker.render,
    )
    // What is out already begins the text unchanged: nothing is found in it.
    const fresh = settled.slice(out)
    const kept = Math.max(0, cut - BEFORE)
    held = held.slice(kept)
    out = cut - kept
    return fresh
  }

  return {
    write(piece) {
      held += piece
      const lineEnd = held.lastIndexOf('\n', held.length - masker.secrets.longestOfLines) + 1
      const isLine = lineEnd > out && piece.includes('\n')
      if (!isLine && held.length - out < REACH * 2 + masker.secrets.longest) return ''
      const findings = masker.find(held, out)
      const cut = isLine ? cutAtLine(findings, lineEnd, held.length) : cutInLine(findings)
      return cut > out ? settle(cut, findings) : ''
    },
    end() {
      return settle(held.length, masker.find(held, out))
    },
  }

  /** Only private keys and secrets go over lines. One that ends where the text does may go on. */
  function cutAtLine(findings: readonly Finding[], lineEnd: number, end: number): number {
    const across = findings.find((one) => one.from < lineEnd && (one.to > lineEnd || one.to === end))
    if (!across) return lineEnd
    return across.to < end || across.to - across.from >= MAX_PEM ? across.to : across.from
  }

  /**
   * A place in a long line. Behind a finding nothing before it counts, so its end is one; otherwise a place far enough before
   * the next finding.
   */
  function cutInLine(findings: readonly Finding[]): number {
    const target = held.length - REACH - masker.secrets.longest
    const next = findings.find((one) => one.to > target)
    return next && next.from < target + BEFORE ? next.to : afterBlank(held, target)
  }
}

/** Cuts at a blank where one is near: not within an escape or a number. */
function afterBlank(text: string, from: number): number {
  const blank = text.slice(from, from + BEFORE / 2).indexOf(' ')
  return blank < 0 ? from : from + blank + 1
}

/** The same as a web stream of text. */
export function maskTransform(masker: Masker): TransformStream<string, string> {
  const stream = createMaskStream(masker)
  return new TransformStream({
    transform(piece, controller) {
      const settled = stream.write(piece)
      if (settled !== '') controller.enqueue(settled)
    },
    flush(controller) {
      const rest = stream.end()
      if (rest !== '') controller.enqueue(rest)
    },
  })
}
