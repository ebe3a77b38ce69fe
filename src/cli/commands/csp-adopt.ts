import { renameSync, statSync, writeFileSync } from 'node:fs'

import { isSeq, parseDocument } from 'yaml'

import { loadConfig } from '../../config/index.ts'
import { RingwallError } from '../../core/errors.ts'
import { readConfigText } from '../config-file.ts'

/** What is put on the lists. */
export interface Adoption {
  /** For `csp_known`. */
  readonly known: readonly string[]
  /** For `csp_sources`: directive and source. */
  readonly sources: readonly (readonly [string, string])[]
}

const APPLICATION = ['security', 'application']

/**
 * Puts sources on the lists of a configuration file, comments and order left as they are. The new text is checked before it takes the
 * place of the old one. Gives the text.
 */
export function adoptSources(file: string | undefined, adoption: Adoption, isWritten: boolean): string {
  if (file === undefined)
    throw new RingwallError(
      'cli.no-file',
      'there is no configuration file to write to; make one with `ringwall init`',
    )
  const document = parseDocument(readConfigText(file))
  const append = (path: readonly string[], value: string): void => {
    const list = document.getIn(path)
    if (isSeq(list)) list.add(document.createNode(value))
    else document.setIn(path, document.createNode([value]))
  }
  for (const source of adoption.known) append([...APPLICATION, 'csp_known'], source)
  for (const [directive, source] of adoption.sources)
    append([...APPLICATION, 'csp_sources', directive], source)
  const text = document.toString({ lineWidth: 0 })
  loadConfig(text, { file })
  if (isWritten) {
    writeFileSync(`${file}.new`, text, { mode: statSync(file).mode & 0o777 })
    renameSync(`${file}.new`, file)
  }
  return text
}
