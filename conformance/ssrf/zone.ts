import type { Zone } from './dns-server.ts'

const PUBLIC = '93.184.215.14'

/** The names of `evil.test`; `redirector.evil.test` is the one place of this machine that a policy may trust. */
export const zone: Zone = (name, asked) => {
  if (name === 'redirector.evil.test') return { addresses: ['127.0.0.2'] }
  const labels = name.replace(/\.evil\.test$/, '').split('.')
  const what = labels.at(-1) ?? ''
  if (labels.at(-2) === 'v6') return { addresses: [what.replaceAll('-', ':').replaceAll('_', '.')] }
  if (name === 'public.evil.test') return { addresses: [PUBLIC] }
  const v4 = addressIn(labels.slice(0, -1))
  if (v4 === undefined) return { addresses: [] }
  switch (what) {
    case 'nip':
      return { addresses: [v4] }
    case 'first':
      return { addresses: [v4, PUBLIC] }
    case 'last':
      return { addresses: [PUBLIC, v4] }
    case 'alias':
      return { alias: 'inside.evil.test', addresses: [v4] }
    case 'flip':
      // The first answer is public, every other is inside: what a check sees is not what a connection gets.
      return { addresses: [asked === 0 ? PUBLIC : v4] }
    case 'flop':
      return { addresses: [asked % 2 === 0 ? PUBLIC : v4] }
    default:
      return { addresses: [] }
  }
}

/** As the public wildcard services do it: dotted, with dashes, or hexadecimal. */
function addressIn(labels: readonly string[]): string | undefined {
  const last = labels.at(-1) ?? ''
  if (/^\d+-\d+-\d+-\d+$/.test(last)) return last.replaceAll('-', '.')
  if (/^[0-9a-f]{8}$/.test(last))
    return last
      .match(/../g)
      ?.map((pair) => Number.parseInt(pair, 16))
      .join('.')
  const four = labels.slice(-4)
  return four.length === 4 && four.every((label) => /^\d+$/.test(label)) ? four.join('.') : undefined
}
