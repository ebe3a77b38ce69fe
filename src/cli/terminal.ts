/** Where a command prints, so that results and messages go apart: results to stdout, the rest to stderr. */
export interface Terminal {
  out(text: string): void
  error(text: string): void
  readonly isColored: boolean
  /** Whether whoever read the results has gone (`ringwall audit query | head`); what follows is not shown. */
  readonly isClosed: boolean
}

/** The process's own terminal. Colours only where somebody sees them (https://no-color.org). */
export function processTerminal(): Terminal {
  const isColored = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
  let isClosed = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    isClosed = true
  })
  process.stderr.on('error', () => undefined)
  return {
    isColored,
    get isClosed() {
      return isClosed
    },
    out: (text) => {
      if (!isClosed) process.stdout.write(`${text}\n`)
    },
    error: (text) => void process.stderr.write(`${text}\n`),
  }
}

const CODES = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const

/** Text in a colour, where there are colours. */
export function paint(terminal: Terminal, color: keyof typeof CODES, text: string): string {
  return terminal.isColored ? `\u001b[${CODES[color]}m${text}\u001b[0m` : text
}

/** Rows as aligned columns. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
