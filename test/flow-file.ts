/** One request of a flow and what is expected of its answer. */
export interface FlowStep {
  readonly line: number
  /** Over TLS. */
  readonly https: boolean
  readonly method: string
  readonly target: string
  /** Bytes to send as they are, in place of method, target and fields. */
  readonly raw: string | undefined
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | undefined
  /** How often it is sent before the answer counts. */
  readonly times: number
  /** All at once, instead of one after the other; then one of the answers must be the expected. */
  readonly together: boolean
  readonly status: number
  readonly code: string | undefined
  /** What the answer must have: a field with this text in it, or `body` with this text in it. */
  readonly has: readonly { readonly name: string; readonly text: string; readonly absent: boolean }[]
  /** What the line of the audit log must say. */
  readonly audit: readonly Readonly<Record<string, string>>[]
}

/** A readable transcript: what stands behind the walls, how they are configured, and what is said. */
export interface FlowFile {
  readonly title: string
  readonly application: string
  readonly config: string
  readonly users: readonly {
    readonly email: string
    readonly password: string
    readonly roles: readonly string[]
  }[]
  /** Keys of machines: a name, and what it is for as JSON. `$key.NAME` in a field stands for the key. */
  readonly keys: readonly { readonly name: string; readonly draft: string }[]
  /** `throwing wall`. */
  readonly plant: string | undefined
  readonly steps: readonly (FlowStep | { readonly breakLog: true })[]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] }

/** Reads a `.flow` file; a line that it does not understand is an error with its number. */
export function parseFlow(text: string, file: string): FlowFile {
  const lines = text.split('\n')
  const flow: Mutable<FlowFile> = {
    title: '',
    application: 'echo',
    config: '',
    users: [],
    keys: [],
    plant: undefined,
    steps: [],
  }
  let step: Mutable<FlowStep> | undefined
  let part: 'none' | 'config' | 'request' | 'answer' = 'none'
  const wrong = (i: number): Error => new Error(`${file}:${i + 1}: not understood: ${lines[i]}`)

  for (const [i, line] of lines.entries()) {
    const indented = /^ {2,}(.*)$/.exec(line)?.[1]
    if (line.startsWith('#')) flow.title ||= line.slice(1).trim()
    else if (line.trim() === '') continue
    else if (indented !== undefined && part === 'config') flow.config += `${line.slice(2)}\n`
    else if (indented !== undefined && part === 'request' && step) readRequestLine(step, indented)
    else if (indented !== undefined && part === 'answer' && step) {
      const [, absent, name = '', text = ''] = /^(no )?([\w-]+):? ?(.*)$/.exec(indented) ?? []
      step.has.push({ name, text, absent: absent !== undefined })
    } else if (line.startsWith('application: ')) flow.application = line.slice(13)
    else if (line === 'config:') part = 'config'
    else if (line.startsWith('user: ')) {
      const [email = '', password = '', roles = ''] = line.slice(6).split(' ')
      flow.users.push({ email, password, roles: roles.split(',').filter(Boolean) })
    } else if (line.startsWith('key: ')) {
      const [, name = '', draft = ''] = /^(\S+) ?(.*)$/.exec(line.slice(5)) ?? []
      flow.keys.push({ name, draft: draft === '' ? '{}' : draft })
    } else if (line.startsWith('plant: ')) flow.plant = line.slice(7)
    else if (line === 'break: log') flow.steps.push({ breakLog: true })
    else if (line.startsWith('--> ')) {
      step = requestOf(line.slice(4), i + 1)
      flow.steps.push(step)
      part = 'request'
    } else if (line.startsWith('<-- ') && step) {
      const [status, code] = line.slice(4).split(' ')
      step.status = Number(status)
      step.code = code
      part = 'answer'
    } else if (line.startsWith('audit: ') && step) step.audit.push(pairsOf(line.slice(7)))
    else throw wrong(i)
  }
  return flow
}

function requestOf(text: string, line: number): Mutable<FlowStep> {
  const together = / x\d+ together$/.test(text)
  const times = Number(/ x(\d+)( together)?$/.exec(text)?.[1] ?? 1)
  const bare = text.replace(/ x\d+( together)?$/, '')
  const https = bare.startsWith('https ')
  const rest = https ? bare.slice(6) : bare
  const raw = rest.startsWith('raw ') ? unescape(rest.slice(4)) : undefined
  const [method = '', target = ''] = rest.split(' ')
  return {
    line,
    https,
    method,
    target,
    raw,
    headers: [],
    body: undefined,
    times,
    together,
    status: 0,
    code: undefined,
    has: [],
    audit: [],
  }
}

function readRequestLine(step: Mutable<FlowStep>, text: string): void {
  if (text.startsWith('body: ')) step.body = unescape(text.slice(6))
  else {
    const at = text.indexOf(': ')
    step.headers.push([text.slice(0, at), text.slice(at + 2)])
  }
}

function unescape(text: string): string {
  return text
    .replaceAll('\\r', '\r')
    .replaceAll('\\n', '\n')
    .replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\{([^{}]{1,8})\*(\d+)\}/g, (_, piece: string, count: string) => piece.repeat(Number(count)))
}

function pairsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w.]+)=("([^"]*)"|\S+)/g)].map((match) => [
      match[1] as string,
      match[3] ?? (match[2] as string),
    ]),
  )
}
