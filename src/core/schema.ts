import * as z from 'zod'

import { parseNetwork } from './ip.ts'
import { parseDuration, parseSize } from './units.ts'

export { z }

/** A duration such as `15m`; milliseconds after parsing. Written in the YAML with its unit. */
export function duration(bounds: { min?: string; max?: string } = {}): z.ZodType<number, string> {
  return measured(
    'a duration such as 500ms, 15s, 15m, 12h or 90d',
    '^\\d{1,9}(ms|s|m|h|d)$',
    parseDuration,
    bounds,
  )
}

/** A size such as `10MB`; bytes after parsing. Written in the YAML with its unit. */
export function size(bounds: { min?: string; max?: string } = {}): z.ZodType<number, string> {
  return measured('a size such as 512B, 64KB, 10MB or 1GB', '^\\d{1,9}(B|KB|MB|GB)$', parseSize, bounds)
}

/** An address or a network in CIDR form, as text. */
export const ipNetwork = z
  .string()
  .refine(
    (text) => parseNetwork(text) !== undefined,
    'must be an address or a network such as 10.0.0.0/8, with no host bits set',
  )

function measured(
  form: string,
  pattern: string,
  parse: (text: string) => number | undefined,
  bounds: { min?: string; max?: string },
): z.ZodType<number, string> {
  return z
    .string({
      error: (issue) => `must be ${form}, with its unit, not ${JSON.stringify(issue.input) ?? 'nothing'}`,
    })
    .meta({ pattern })
    .transform((text, context) => {
      const value = parse(text)
      const tooSmall =
        value !== undefined && bounds.min !== undefined && value < (parse(bounds.min) as number)
      const tooLarge =
        value !== undefined && bounds.max !== undefined && value > (parse(bounds.max) as number)
      if (value !== undefined && !tooSmall && !tooLarge) return value
      const message =
        value === undefined
          ? `must be ${form}, not \`${text}\``
          : tooSmall
            ? `must be at least ${bounds.min}, not \`${text}\``
            : `must be at most ${bounds.max}, not \`${text}\``
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
}
