import { randomUUID } from 'node:crypto'

import type { Clock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { type BoundedAnswer, boundedFetch, parseObject } from '../bounded-fetch.ts'
import { AwsCredentialSource } from './aws-credentials.ts'
import { fieldText, parseFields, withField } from './fields.ts'
import { fault, type SecretFault, type SecretProvider, type SecretRead } from './provider.ts'
import type { SecretReference } from './reference.ts'
import { signAws } from './sigv4.ts'

/** Where AWS Secrets Manager is. */
export interface AwsOptions {
  /** Of secrets that are named; an ARN brings its own. */
  readonly region: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** In place of `https://secretsmanager.REGION.amazonaws.com`, such as an interface endpoint of a VPC. */
  readonly endpoint?: string
  readonly timeoutMs?: number
}

/** A secret has 65,536 bytes at most; JSON and base64 make more of them. */
const MAX_ANSWER_BYTES = 524_288
const ARN = /^arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):\d{12}:secret:/

/** The two calls of AWS Secrets Manager that are needed, over its JSON protocol; no SDK. */
export function awsProvider(options: AwsOptions): SecretProvider {
  const source = new AwsCredentialSource(options.env, options.region, options.clock)

  async function call(region: string, action: string, input: object): Promise<BoundedAnswer | SecretFault> {
    const found = await source.get()
    if (!found.ok) return found
    const url = `${options.endpoint ?? `https://secretsmanager.${region}.amazonaws.com`}/`
    const body = JSON.stringify(input)
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `secretsmanager.${action}`,
    }
    const signed = signAws({ method: 'POST', url, headers, body }, found.credentials, {
      region,
      service: 'secretsmanager',
      nowMs: options.clock.now(),
    })
    return boundedFetch({
      url,
      method: 'POST',
      headers: signed,
      body,
      timeoutMs: options.timeoutMs ?? 5000,
      maxBytes: MAX_ANSWER_BYTES,
    })
  }

  /** Asks; where the credentials are refused, once more with fresh ones. */
  async function ask(
    { name }: SecretReference,
    action: string,
    input: object,
  ): Promise<{ readonly ok: true; readonly said: Record<string, unknown> } | SecretFault> {
    const region = ARN.exec(name)?.[1] ?? options.region
    for (let attempt = 0; ; attempt++) {
      const answer = await call(region, action, { SecretId: name, ...input })
      if (!answer.ok && 'reason' in answer) return answer
      if (!answer.ok) return fault('unreachable', `cannot reach AWS Secrets Manager: ${answer.detail}`)
      const said = parseObject(answer.text)
      if (answer.status === 200 && said) return { ok: true, said }
      const refusal = faultOf(name, answer.status, said)
      if (attempt > 0 || !/ExpiredToken|UnrecognizedClient|InvalidClientTokenId/.test(refusal.detail))
        return refusal
      source.forget()
    }
  }

  async function readWhole(
    reference: SecretReference,
  ): Promise<{ ok: true; text: string; version: string; changedMs?: number } | SecretFault> {
    const answer = await ask(reference, 'GetSecretValue', {})
    if (!answer.ok) return answer
    const { SecretString: text, SecretBinary: binary, VersionId: version, CreatedDate: created } = answer.said
    const value =
      typeof text === 'string'
        ? text
        : typeof binary === 'string'
          ? Buffer.from(binary, 'base64').toString('utf8')
          : ''
    if (value === '') return fault('absent', `\`${reference.name}\` has no value in AWS Secrets Manager`)
    return {
      ok: true,
      text: value,
      version: String(version),
      ...(typeof created === 'number' && { changedMs: created * 1000 }),
    }
  }

  return {
    scheme: 'aws',
    async read(reference): Promise<SecretRead> {
      const whole = await readWhole(reference)
      if (!whole.ok) return whole
      const { text, version, changedMs } = whole
      const fields = reference.field === undefined ? undefined : parseFields(text)
      const value = reference.field === undefined ? text : fields && fieldText(fields, reference.field)
      if (value === undefined || value === '')
        return fault('absent', `\`${reference.name}\` has no field \`${reference.field ?? ''}\``)
      return { ok: true, secret: new Secret(value), version, ...(changedMs !== undefined && { changedMs }) }
    },
    async write(reference, value, previous) {
      const whole = await readWhole(reference)
      if (!whole.ok) return whole
      const { field } = reference
      const now = field === undefined ? whole.text : fieldText(parseFields(whole.text) ?? {}, field)
      if (previous && now !== previous.reveal())
        return { ok: false, reason: 'changed', detail: `\`${reference.text}\` was changed by somebody else` }
      const text = field === undefined ? value.reveal() : withField(whole.text, field, value.reveal())
      if (text === undefined) return fault('denied', `\`${reference.name}\` holds no JSON object with fields`)
      const answer = await ask(reference, 'PutSecretValue', {
        SecretString: text,
        ClientRequestToken: randomUUID(),
      })
      return answer.ok ? { ok: true } : answer
    },
  }
}

/** What AWS says, sorted into what it means for a cache. Its messages name the secret, never its value. */
function faultOf(name: string, status: number, said: Record<string, unknown> | undefined): SecretFault {
  const type = (typeof said?.['__type'] === 'string' ? said['__type'] : '').split('#').at(-1) ?? ''
  const text = said?.['message'] ?? said?.['Message']
  const detail = `AWS Secrets Manager refused \`${name}\` with ${status} ${type}: ${(typeof text === 'string' ? text : 'no reason').slice(0, 300)}`
  if (type === 'ResourceNotFoundException') return fault('absent', detail)
  if (status >= 500 || status === 429 || /Throttling|TooManyRequests|InternalService/.test(type))
    return fault('unreachable', detail)
  return fault('denied', detail)
}
