// The guide's Config: values from a place of secrets, typed, all of them required at the start.
import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'

import { systemClock } from '../../core/clock.ts'
import { z } from '../../core/schema.ts'
import { openSecrets } from './open-secrets.ts'
import type { Secrets } from './secrets.ts'
import { databaseUrl, liveSecret, requireConfig, secret, setting } from './typed-config.ts'
import { awsVersion, startSecretsManager } from './testing.ts'

const KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'

class Config {
  readonly databaseUrl
  readonly apiKey
  readonly port

  private constructor({ databaseUrl, apiKey, port }: Awaited<ReturnType<typeof Config.read>>) {
    this.databaseUrl = databaseUrl
    this.apiKey = apiKey
    this.port = port
  }

  static read(secrets: Secrets) {
    return requireConfig(
      {
        databaseUrl: databaseUrl('aws:production/database'),
        apiKey: secret('aws:production/api#key'),
        port: setting('${env:PORT}', z.coerce.number().int().min(1)),
      },
      secrets,
    )
  }

  static async open(secrets: Secrets): Promise<Config> {
    return new Config(await Config.read(secrets))
  }
}

test("the guide's Config reads its database URL and API key from Secrets Manager, once, and prints neither", async (t) => {
  const server = await startSecretsManager(new Map([['AKID', { secret: KEY }]]))
  t.after(() => server.close())
  const credential = {
    username: 'app',
    password: 'p/ss w@rd',
    host: 'db.example.com',
    port: 5432,
    database: 'shop',
  }
  server.secrets.set('production/database', [awsVersion(JSON.stringify(credential))])
  server.secrets.set('production/api', [awsVersion('{"key":"api-key-of-production"}')])
  const env = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: KEY, PORT: '8080' }
  const secrets = openSecrets(
    { aws: { region: 'eu-central-1', endpoint: server.url } },
    { clock: systemClock, env },
  )
  const config = await Config.open(secrets)
  const port: number = config.port
  assert.equal(port, 8080)
  assert.equal(config.databaseUrl.reveal(), 'postgres://app:p%2Fss%20w%40rd@db.example.com:5432/shop')
  assert.equal(config.apiKey.reveal(), 'api-key-of-production')
  assert.equal((await Config.open(secrets)).apiKey.reveal(), 'api-key-of-production')
  assert.equal(server.asked.length, 2, 'each was fetched once')
  for (const text of [inspect(config, { depth: 9 }), JSON.stringify(config)])
    assert.ok(!/p\/ss|api-key/.test(text))
})

test('everything that is missing or wrong is told at once, without any value', async () => {
  const env = { PORT: 'eighty', BROKEN: '{"username":"app"}' }
  const secrets = openSecrets({}, { clock: systemClock, env })
  await assert.rejects(
    requireConfig(
      {
        databaseUrl: databaseUrl('${env:BROKEN}'),
        apiKey: secret('${env:API_KEY}'),
        vault: liveSecret('vault:secret/app#key'),
        port: setting('${env:PORT}', z.coerce.number('must be a number')),
      },
      secrets,
    ),
    (error: Error) => {
      assert.match(error.message, /4 of 4 values are missing or wrong:\n/)
      assert.match(error.message, /databaseUrl: \$\{env:BROKEN\} must hold username, password and host/)
      assert.match(error.message, /apiKey: the environment variable API_KEY is not set/)
      assert.match(
        error.message,
        /vault: nothing says where `vault:` secrets are; set `security\.data\.secrets\.vault`/,
      )
      assert.match(error.message, /port: .*must be a number/)
      assert.ok(!error.message.includes('eighty'))
      return true
    },
  )
})

test('a live value is the one that follows', async () => {
  const secrets = openSecrets({}, { clock: systemClock, env: { KEY: 'value' } })
  const { key } = await requireConfig({ key: liveSecret('${env:KEY}') }, secrets)
  assert.equal(key.current().reveal(), 'value')
  secrets.close()
})
