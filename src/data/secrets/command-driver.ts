import { RingwallError } from '../../core/errors.ts'
import { Secret } from '../../core/secret.ts'
import { parseObject } from '../bounded-fetch.ts'
import type { RotationDriver } from './rotation-driver.ts'

/** Runs a program with a text on its standard input and gives what it printed. Without a shell. */
export type RunProgram = (
  command: readonly string[],
  input: string,
) => Promise<{ readonly code: number; readonly out: string; readonly error: string }>

type Step = 'create' | 'set' | 'test' | 'holders' | 'retire' | 'reinstate' | 'undo'

const MAX_VALUE = 65_536

/**
 * Secrets of other services, such as API keys, by a program of the operator. It gets `{"step", "rotation", "value", "before"}` as JSON on its
 * standard input. For `create` it prints `{"value": "..."}` (the same for the same `rotation`, so that a crash leaves no key behind); for
 * `holders` it may print `{"holders": 0}`; for every step 0 means done.
 */
export function commandDriver(command: readonly string[], run: RunProgram): RotationDriver {
  const call = async (
    step: Step,
    facts: Readonly<Record<string, string>>,
  ): Promise<Record<string, unknown> | undefined> => {
    const { code, out, error } = await run(command, `${JSON.stringify({ step, ...facts })}\n`)
    if (code === 0) return parseObject(out)
    // What it printed may hold what it was given.
    const secrets = Object.values(facts)
    const said = secrets.reduce((text, value) => text.replaceAll(value, '[secret]'), error.trim())
    throw new RingwallError(
      'secret.command',
      `\`${command[0]}\` ended with ${code} at ${step}: ${said.slice(0, 300)}`,
    )
  }
  return {
    async create(before, id) {
      const said = await call('create', { rotation: id, before: before.reveal() })
      const value = said?.['value']
      if (typeof value !== 'string' || value === '' || value.length > MAX_VALUE)
        throw new RingwallError('secret.command', `\`${command[0]}\` printed no {"value": "..."} at create`)
      return { value: new Secret(value), facts: {} }
    },
    set: async (candidate, before) =>
      void (await call('set', { value: candidate.reveal(), before: before.reveal() })),
    test: async (candidate) => void (await call('test', { value: candidate.reveal() })),
    async holders(value) {
      const count = (await call('holders', { value: value.reveal() }))?.['holders']
      return typeof count === 'number' ? count : undefined
    },
    retire: async (before, candidate) =>
      void (await call('retire', { value: before.reveal(), next: candidate.reveal() })),
    reinstate: async (before, candidate) =>
      void (await call('reinstate', { value: before.reveal(), next: candidate.reveal() })),
    undo: async (candidate, before) =>
      void (await call('undo', { value: candidate.reveal(), before: before.reveal() })),
  }
}
