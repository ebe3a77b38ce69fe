import { ruleError } from './errors.ts'
import type { Origin } from './rule.ts'

/** What the engine's directives say. */
export interface Settings {
  /** `detect` records and refuses nothing. */
  readonly engine: 'on' | 'detect' | 'off'
  readonly requestBodyAccess: boolean
  readonly responseBodyAccess: boolean
  readonly requestBodyLimit: number
  readonly requestBodyNoFilesLimit: number
  readonly requestBodyLimitAction: 'reject' | 'process-partial'
  readonly responseBodyLimit: number
  readonly responseBodyLimitAction: 'reject' | 'process-partial'
  readonly responseBodyTypes: readonly string[]
  readonly argumentsLimit: number
  readonly jsonDepthLimit: number
  readonly uploadFileLimit: number
  readonly collectionTimeoutSeconds: number
  readonly components: readonly string[]
  readonly webAppId: string
}

/** The defaults of ModSecurity, but that bodies are looked at. */
export const DEFAULT_SETTINGS: Settings = {
  engine: 'on',
  requestBodyAccess: true,
  responseBodyAccess: false,
  requestBodyLimit: 13_107_200,
  requestBodyNoFilesLimit: 131_072,
  requestBodyLimitAction: 'reject',
  responseBodyLimit: 524_288,
  responseBodyLimitAction: 'process-partial',
  responseBodyTypes: ['text/plain', 'text/html', 'text/xml'],
  argumentsLimit: 1000,
  jsonDepthLimit: 512,
  uploadFileLimit: 100,
  collectionTimeoutSeconds: 3600,
  components: [],
  webAppId: 'default',
}

/** The settings with one directive applied. */
export function applySetting(
  settings: Settings,
  name: string,
  args: readonly string[],
  origin: Origin,
): Settings {
  const value = args[0] ?? ''
  if (value === '' && name !== 'SecResponseBodyMimeTypesClear')
    throw ruleError(origin, `${name} needs a value`)
  const oneOf = <T>(choices: Readonly<Record<string, T>>): T => {
    const key = value.toLowerCase()
    if (!Object.hasOwn(choices, key))
      throw ruleError(origin, `${name} ${value} is not one of ${Object.keys(choices).join(', ')}`)
    return choices[key] as T
  }
  const number = (): number => {
    if (!/^\d{1,10}$/.test(value)) throw ruleError(origin, `${name} ${value} is not a number`)
    return Number(value)
  }
  const isOn = (): boolean => oneOf({ on: true, off: false })
  const action = (): 'reject' | 'process-partial' =>
    oneOf({ reject: 'reject', processpartial: 'process-partial' } as const)
  switch (name) {
    case 'SecRuleEngine':
      return { ...settings, engine: oneOf({ on: 'on', off: 'off', detectiononly: 'detect' } as const) }
    case 'SecRequestBodyAccess':
      return { ...settings, requestBodyAccess: isOn() }
    case 'SecResponseBodyAccess':
      return { ...settings, responseBodyAccess: isOn() }
    case 'SecRequestBodyLimit':
      return { ...settings, requestBodyLimit: number() }
    case 'SecRequestBodyNoFilesLimit':
      return { ...settings, requestBodyNoFilesLimit: number() }
    case 'SecRequestBodyLimitAction':
      return { ...settings, requestBodyLimitAction: action() }
    case 'SecResponseBodyLimit':
      return { ...settings, responseBodyLimit: number() }
    case 'SecResponseBodyLimitAction':
      return { ...settings, responseBodyLimitAction: action() }
    case 'SecResponseBodyMimeType':
      return {
        ...settings,
        responseBodyTypes: args.flatMap((arg) => arg.split(/\s+/)).map((type) => type.toLowerCase()),
      }
    case 'SecResponseBodyMimeTypesClear':
      return { ...settings, responseBodyTypes: [] }
    case 'SecArgumentsLimit':
      return { ...settings, argumentsLimit: number() }
    case 'SecRequestBodyJsonDepthLimit':
      return { ...settings, jsonDepthLimit: number() }
    case 'SecUploadFileLimit':
      return { ...settings, uploadFileLimit: number() }
    case 'SecCollectionTimeout':
      return { ...settings, collectionTimeoutSeconds: number() }
    case 'SecComponentSignature':
      return { ...settings, components: [...settings.components, value] }
    case 'SecWebAppId':
      return { ...settings, webAppId: value }
    default:
      throw ruleError(origin, `${name} is not supported`)
  }
}
