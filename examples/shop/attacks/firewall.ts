import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { PLACEMENTS, RAW_PLACEMENTS, type FirewallRequest } from './firewall-placements.ts'

/** One request with one payload, for whoever wants to know what a firewall does with it. */
export interface FirewallAttack {
  /** Unique: class, number of the payload in the table, placement. */
  readonly id: string
  /** `sql-injection` and so on, by the heads of the table. */
  readonly class: string
  /** Where in the request it stands: `query`, `nested-json`, `cookie`. */
  readonly placement: string
  /** As it stands in the table. */
  readonly payload: string
  readonly request: FirewallRequest
}

interface PayloadClass {
  readonly name: string
  readonly placements: readonly string[]
  readonly lines: readonly string[]
}

/** A line that names its own placement. */
const OWN_PLACEMENT = /^@([a-z-]+) /

function readTable(text: string): readonly PayloadClass[] {
  const classes: { name: string; placements: string[]; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# ')) continue
    const head = /^\[([a-z-]+)\] ?([a-z -]*)$/.exec(line)
    if (head)
      classes.push({ name: head[1] ?? '', placements: (head[2] ?? '').split(' ').filter(Boolean), lines: [] })
    else classes.at(-1)?.lines.push(line)
  }
  return classes
}

function* attacksOf({ name, placements, lines }: PayloadClass): Generator<FirewallAttack> {
  const attack = (
    n: number,
    placement: string,
    payload: string,
    isRaw: boolean,
  ): FirewallAttack | undefined => {
    const place = (isRaw ? RAW_PLACEMENTS : PLACEMENTS)[placement]
    if (!place) throw new Error(`${name}: there is no placement \`${placement}\``)
    const request = place(payload)
    return request && { id: `${name}-${n}-${placement}`, class: name, placement, payload, request }
  }
  for (const [i, line] of lines.entries()) {
    const own = OWN_PLACEMENT.exec(line)
    if (own) {
      const found = attack(i + 1, own[1] ?? '', line.slice(own[0].length), true)
      if (found) yield found
      continue
    }
    // Each payload in its turn of the placements, or in the first after it that can hold it.
    for (let step = 0; step < placements.length; step++) {
      const found = attack(i + 1, placements[(i + step) % placements.length] ?? '', line, false)
      if (!found) continue
      yield found
      break
    }
  }
  // The first payload again, in all the other placements: none of them may be a blind spot.
  const [first = ''] = lines
  if (OWN_PLACEMENT.test(first)) return
  for (const placement of placements.slice(1)) {
    const found = attack(1, placement, first, false)
    if (found) yield found
  }
}

/** The payloads of `firewall.txt`, each a request of its own. None needs an endpoint that is vulnerable. */
export const FIREWALL_ATTACKS: readonly FirewallAttack[] = readTable(
  readFileSync(join(import.meta.dirname, 'firewall.txt'), 'utf8'),
).flatMap((one) => [...attacksOf(one)])
