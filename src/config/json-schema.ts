import { z } from '../core/schema.ts'
import { configSchema } from './schema.ts'

/** The JSON Schema of `security_config.yaml`, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' })
  return { $id: 'urn:ringwall:security_config', title: 'Ringwall security_config.yaml', ...schema }
}
