import { readFileSync } from 'node:fs'

/** The requests of the certification scenario, by the anchor of their section: `c-2-2-1`. */
export type Scenario = ReadonlyMap<string, readonly unknown[]>

const HEADING = /^#+ .*\{#(c-[\d-]+)\}/
const MARK = /^\*\*(Request|Expected|Subject Search|Resource Search|Action Search)/

/** Reads the published document: the JSON blocks that stand before an `Expected`. The placeholder of a token stays in. */
export function readScenario(file: string): Scenario {
  const found = new Map<string, unknown[]>()
  let anchor = ''
  let mark = ''
  let block: string[] | undefined
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (block !== undefined) {
      if (line !== '~~~') block.push(line)
      else {
        if (mark !== 'Expected' && mark !== '')
          found.getOrInsertComputed(anchor, () => []).push(JSON.parse(block.join('\n')))
        block = undefined
      }
      continue
    }
    const heading = HEADING.exec(line)?.[1]
    if (heading !== undefined) [anchor, mark] = [heading, '']
    mark = MARK.exec(line)?.[1] ?? mark
    if (line.startsWith('~~~')) block = []
  }
  return found
}
