export {
  type DataConfig,
  type DataRouteConfig,
  dataRouteKeys,
  dataSchema,
  encryptionSchema,
} from './config.ts'
export { type Keyring, openKeyring, openMemoryKeyring } from './keyring.ts'
export { createTextMask, maskCreditCard, maskDict, maskEmail, maskPhone, maskSsn, maskText } from './mask.ts'
export { dataWall } from './wall.ts'
