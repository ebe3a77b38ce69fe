import { type PolicyCase, readTests, type Schema } from '../../access/index.ts'
import { type FileFault, mistakesIn, PolicyFaults, readDocument, readText } from './policy-source.ts'
import type { PlainDocument } from './policy-yaml.ts'

/** The cases of a test file, or of lines of JSON with one case each. */
export function readCases(file: string, schema: Schema | undefined): readonly PolicyCase[] {
  return casesOf(file.endsWith('.jsonl') ? readLines(file) : readDocument(file), schema)
}

function casesOf(document: PlainDocument, schema: Schema | undefined): readonly PolicyCase[] {
  const { data, placeOf } = document
  const read = readTests(data, { placeOf, ...(schema !== undefined && { schema }) })
  if (read.ok) return read.cases
  throw mistakesIn(document, read.mistakes)
}

function readLines(file: string): PlainDocument {
  const text = readText(file)
  const faults: FileFault[] = []
  const places: number[] = []
  const cases = text.split('\n').flatMap((line, at): readonly unknown[] => {
    if (line.trim() === '') return []
    places.push(at + 1)
    try {
      return [JSON.parse(line) as unknown]
    } catch {
      faults.push({ message: 'this line is no JSON', at: { file, line: at + 1, column: 1 }, text })
      return []
    }
  })
  if (faults.length > 0) throw new PolicyFaults(faults)
  const placeOf: PlainDocument['placeOf'] = ([, at]) => ({
    file,
    line: places[Number(at)] ?? 1,
    column: 1,
  })
  return { file, text, data: { cases }, placeOf }
}
