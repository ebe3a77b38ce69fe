// Signatures that botocore 1.43 made for the same requests; the first is also in AWS's own test suite (get-vanilla).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'

import { systemClock } from '../../core/clock.ts'
import { Secret } from '../../core/secret.ts'
import { awsProvider } from './aws-provider.ts'
import { parseReference, type SecretReference } from './reference.ts'
import { signAws } from './sigv4.ts'
import { awsVersion, startSecretsManager } from './testing.ts'

const KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const NOW_MS = Date.UTC(2015, 7, 30, 12, 36, 0)
const JSON_TYPE = { 'Content-Type': 'application/x-amz-json-1.1' }

for (const { name, method, url, headers, body, region, service, token, signature } of [
  {
    name: 'an empty request',
    method: 'GET',
    url: 'https://example.amazonaws.com/',
    headers: {},
    body: '',
    region: 'us-east-1',
    service: 'service',
    token: undefined,
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'a query out of order, a name twice, UTF-8, blanks in a header',
    method: 'GET',
    url: 'https://example.amazonaws.com/?Param2=b&Param1=a%20c&Param1=%C3%A9',
    headers: { 'My-Header': '  two   blanks ' },
    body: '',
    region: 'us-east-1',
    service: 'service',
    token: undefined,
    signature: '0524ec307772bf06a80a85d071e2315efe940e8884f5c8e6a52cbe37639b00a3',
  },
  {
    name: 'a path that is encoded twice',
    method: 'GET',
    url: 'https://example.amazonaws.com/a%20b/%C3%A9',
    headers: {},
    body: '',
    region: 'us-east-1',
    service: 'service',
    token: undefined,
    signature: '7feef237926f4f33385aeec1d53d9d5ccf4ca66c7ac2692f357a3e78ff85c310',
  },
  {
    name: 'a call of Secrets Manager',
    method: 'POST',
    url: 'https://secretsmanager.eu-central-1.amazonaws.com/',
    headers: { ...JSON_TYPE, 'X-Amz-Target': 'secretsmanager.GetSecretValue' },
    body: '{"SecretId":"production/database"}',
    region: 'eu-central-1',
    service: 'secretsmanager',
    token: undefined,
    signature: '66d3b949f19e37d6b42a636ca4781f656936a14e19a8419b3b89d75bf8ef54f0',
  },
  {
    name: 'temporary credentials and UTF-8 in the body',
    method: 'POST',
    url: 'https://secretsmanager.eu-central-1.amazonaws.com/',
    headers: { ...JSON_TYPE, 'X-Amz-Target': 'secretsmanager.PutSecretValue' },
    body: '{"SecretId":"a","SecretString":"\u00e9"}',
    region: 'eu-central-1',
    service: 'secretsmanager',
    token: new Secret('FwoGZXIvYXdzEXAMPLE=='),
    signature: 'c3589352e8de5bc53278ae84cd1f6296f15009692afeb0650de8fff825ef62dd',
  },
]) {
  test(`signature of ${name}`, () => {
    const credentials = {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: new Secret(KEY),
      ...(token && { sessionToken: token }),
    }
    const sent = signAws({ method, url, headers, body }, credentials, { region, service, nowMs: NOW_MS })
    assert.equal(sent['authorization']?.split('Signature=')[1], signature)
    assert.equal(sent['x-amz-date'], '20150830T123600Z')
  })
}

test('the server of the other tests takes what curl signs, and refuses what was altered', async (t) => {
  const server = await startSecretsManager(new Map([['AKID', { secret: KEY }]]))
  t.after(() => server.close())
  server.secrets.set('a', [awsVersion('curl got it')])
  const ask = async (key: string): Promise<string> => {
    const child = spawn('curl', [
      '-s',
      '--aws-sigv4',
      'aws:amz:eu-central-1:secretsmanager',
      '--user',
      `AKID:${key}`,
      '-H',
      'content-type: application/x-amz-json-1.1',
      '-H',
      'x-amz-target: secretsmanager.GetSecretValue',
      '--data',
      '{"SecretId":"a"}',
      `${server.url}/`,
    ])
    let out = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    const [code] = (await Promise.race([once(child, 'close'), once(child, 'error')])) as [unknown]
    return code === 0 ? out : `curl: ${String(code)}`
  }
  assert.match(await ask(KEY), /curl got it/)
  assert.match(await ask('wrong'), /InvalidSignatureException/)
})

const aws = (text: string): SecretReference => parseReference(text) as SecretReference

test('Secrets Manager: read, fields, dates, refusals, and a write that loses nobody', async (t) => {
  const server = await startSecretsManager(new Map([['AKID', { secret: KEY }]]))
  t.after(() => server.close())
  const env = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: KEY }
  const provider = awsProvider({ region: 'eu-central-1', env, clock: systemClock, endpoint: server.url })
  server.secrets.set('production/database', [
    awsVersion('{"username":"app","password":"one-two-three","port":5432}'),
  ])
  server.secrets.set('forbidden', [awsVersion('x')])
  const read = async (text: string): Promise<string> => {
    const found = await provider.read(aws(text))
    return found.ok ? found.secret.reveal() : `${found.reason}: ${found.detail}`
  }
  assert.equal(await read('aws:production/database#password'), 'one-two-three')
  assert.equal(await read('aws:production/database#port'), '5432')
  assert.match(await read('aws:production/database'), /^\{"username"/)
  assert.match(await read('aws:production/database#toString'), /^absent: .*no field `toString`/)
  assert.match(await read('aws:nothing'), /^absent: .*ResourceNotFoundException/)
  assert.match(await read('aws:forbidden'), /^denied: .*AccessDeniedException/)
  const found = await provider.read(aws('aws:production/database'))
  assert.ok(found.ok && found.changedMs === 1_767_225_600_123)

  const reference = aws('aws:production/database#password')
  const write = async (value: string, previous: string): Promise<string> => {
    const done = await provider.write?.(reference, new Secret(value), new Secret(previous))
    return done?.ok === true ? 'ok' : String(done?.reason)
  }
  assert.equal(await write('four', 'one-two-three'), 'ok')
  assert.equal(await write('five', 'one-two-three'), 'changed')
  assert.deepEqual(JSON.parse(await read('aws:production/database')), {
    username: 'app',
    password: 'four',
    port: 5432,
  })

  server.mood = 'failing'
  assert.match(await read('aws:production/database'), /^unreachable/)
  server.mood = 'down'
  assert.match(await read('aws:production/database'), /^unreachable/)
})
