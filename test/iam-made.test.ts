// Policies that are made of needs and of recorded calls, written as JSON and Terraform, explained, and the commands around them.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'

import { main } from '../src/cli/main.ts'
import {
  lintPolicy,
  policyJson,
  policyTerraform,
  readPolicyDocument,
  readPolicyValue,
} from '../src/data/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'ringwall-iam-'))
after(() => rmSync(directory, { recursive: true }))

async function iam(...argv: readonly string[]): Promise<{ code: number; out: string; error: string }> {
  const said = { out: '', error: '' }
  const terminal = {
    out: (text: string) => void (said.out += `${text}\n`),
    error: (text: string) => void (said.error += `${text}\n`),
  }
  const code = await main(['iam', ...argv], terminal as never)
  return { code, ...said }
}

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

test('a declaration becomes the smallest policy, in which nothing is wrong', async () => {
  const needs = file(
    'needs.yaml',
    `needs:
  - { actions: [s3:getobject, s3:PutObject, s3:ListBucket], on: ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"] }
  - { actions: s3:ListAllMyBuckets }
  - { read: "arn:aws:sqs:eu-west-1:123456789012:orders" }
  - { actions: kms:Sign, on: "arn:aws:kms:*:123456789012:key/*", when: { StringEquals: { "aws:ResourceTag/team": shop } } }
`,
  )
  const { code, out, error } = await iam('generate', '--needs', needs)
  assert.equal(code, 0, error)
  assert.equal(error, '')
  assert.deepEqual((JSON.parse(out) as { Statement: unknown }).Statement, [
    {
      Effect: 'Allow',
      Action: 'kms:Sign',
      Resource: 'arn:aws:kms:*:123456789012:key/*',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'shop' } },
    },
    { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::shop/*' },
    { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' },
    { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::shop' },
    {
      Effect: 'Allow',
      Action: [
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
        'sqs:ListDeadLetterSourceQueues',
        'sqs:ListMessageMoveTasks',
        'sqs:ListQueueTags',
        'sqs:ReceiveMessage',
      ],
      Resource: 'arn:aws:sqs:eu-west-1:123456789012:orders',
    },
  ])
})

for (const { name, needs, wants } of [
  {
    name: 'an action that is none',
    needs: '{ actions: s3:GetObjects, on: "arn:aws:s3:::a/*" }',
    wants: /did you mean `s3:GetObject`/,
  },
  {
    name: 'a resource that does not fit',
    needs: '{ actions: s3:GetObject, on: "arn:aws:s3:::a" }',
    wants: /is about accesspointobject, object/,
  },
  { name: 'no resource', needs: '{ actions: s3:GetObject }', wants: /wildcard|resource|`\*`|every object/ },
  { name: 'nothing', needs: '{ on: "arn:aws:s3:::a" }', wants: /`on` goes with `actions`/ },
  { name: 'another key', needs: '{ action: s3:GetObject }', wants: /[Uu]nrecognized|unknown/ },
  {
    name: 'a level that a resource has not',
    needs: '{ tag: "arn:aws:execute-api:eu-west-1:123456789012:x/y/GET/z" }',
    wants: /no action of the level/,
  },
])
  test(`a declaration with ${name} is told`, async () => {
    const { error } = await iam('generate', '--needs', file('wrong.yaml', `needs:\n  - ${needs}\n`))
    assert.match(error, wants)
  })

const event = (source: string, name: string, parameters: object, more: object = {}): object => ({
  eventSource: `${source}.amazonaws.com`,
  eventName: name,
  awsRegion: 'eu-west-1',
  recipientAccountId: '123456789012',
  requestParameters: parameters,
  ...more,
})

test('recorded calls become the smallest policy that allows them', async () => {
  const role = 'arn:aws:iam::123456789012:role/shop-function'
  const trail = {
    Records: [
      event('s3', 'ListObjectsV2', { bucketName: 'shop' }),
      ...Array.from({ length: 7 }, (_, i) =>
        event('s3', 'GetObject', { bucketName: 'shop', key: `pictures/${i}.png` }),
      ),
      event(
        's3',
        'HeadObject',
        {},
        { resources: [{ ARN: 'arn:aws:s3:::shop/a/b.png' }, { ARN: 'arn:aws:s3:::shop' }] },
      ),
      event('dynamodb', 'PutItem', { tableName: 'orders' }),
      event('dynamodb', 'Scan', { tableName: 'orders' }, { errorCode: 'AccessDenied' }),
      event('lambda', 'CreateFunction20150331', { functionName: 'shop-api', role }),
      event('sqs', 'SendMessageBatch', {
        queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/orders',
      }),
      event('secretsmanager', 'GetSecretValue', {
        secretId: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf',
      }),
      event('monitoring', 'PutMetricData', { namespace: 'Shop' }),
      event('ec2', 'DescribeInstances', {}),
      event('ssm', 'GetParameter', { name: '/shop/db' }),
      event('frob', 'Frobnicate', {}),
    ],
  }
  const { code, out, error } = await iam('generate', '--calls', file('trail.json', JSON.stringify(trail)))
  assert.equal(code, 0, error)
  const { Statement } = JSON.parse(out) as {
    Statement: { Action: unknown; Resource: unknown; Condition?: unknown }[]
  }
  const find = (action: string): unknown => {
    const found = Statement.find((one) => [one.Action].flat().includes(action))
    return found && { on: found.Resource, ...(found.Condition !== undefined && { if: found.Condition }) }
  }
  assert.deepEqual(find('s3:ListBucket'), { on: 'arn:aws:s3:::shop' })
  assert.deepEqual(find('s3:GetObject'), {
    on: ['arn:aws:s3:::shop/a/b.png', 'arn:aws:s3:::shop/pictures/*'],
  })
  assert.deepEqual(find('dynamodb:PutItem'), { on: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders' })
  assert.equal(find('dynamodb:Scan'), undefined)
  assert.deepEqual(find('lambda:CreateFunction'), {
    on: 'arn:aws:lambda:eu-west-1:123456789012:function:shop-api',
  })
  assert.deepEqual(find('iam:PassRole'), {
    on: role,
    if: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
  })
  assert.deepEqual(find('sqs:SendMessage'), { on: 'arn:aws:sqs:eu-west-1:123456789012:orders' })
  assert.deepEqual(find('cloudwatch:PutMetricData'), { on: '*' })
  assert.deepEqual(find('ssm:GetParameter'), { on: 'arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db' })
  assert.match(JSON.stringify(find('secretsmanager:GetSecretValue')), /secret:db-AbCdEf/)
  assert.match(error, /1 calls were denied/)
  assert.match(error, /frob.*Frobnicate: no action of that name/)
  const read = readPolicyDocument(out)
  assert.ok(read.ok)
  assert.deepEqual(
    lintPolicy(read.policy).filter(({ severity }) => severity === 'error'),
    [],
  )
})

test('calls can be lines, and what they do not say is told', async () => {
  const lines = 's3:GetObject arn:aws:s3:::a/b\n# a word\nec2:DescribeInstances\nsqs:SendMessage\n'
  const { out, error } = await iam('generate', '--calls', file('calls.txt', lines))
  assert.match(out, /arn:aws:s3:::a\/b/)
  assert.match(error, /sqs:SendMessage: the records do not say on what/)
  const wrong = await iam('generate', '--calls', file('wrong.txt', 's3:GetObject\ns3:Nothing\n'))
  assert.match(wrong.error, /line 2: there is no action `s3:Nothing`/)
  assert.match((await iam('generate', '--calls', file('wrong.json', '{"a":1}'))).error, /record 0/)
  assert.match((await iam('generate')).error, /--needs or --calls/)
})

test('Terraform has the same statements, and reads none of its own templates in them', async () => {
  const read = readPolicyValue({
    Version: '2012-10-17',
    Statement: {
      Sid: 'Own',
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::homes/${aws:username}/%{x}"*',
      Condition: { StringLike: { 's3:prefix': ['a', 'b'] } },
    },
  })
  assert.ok(read.ok)
  assert.equal(
    policyTerraform(read.policy, 'my-shop'),
    `data "aws_iam_policy_document" "my_shop" {
  statement {
    sid = "Own"
    effect = "Allow"
    actions = ["s3:GetObject"]
    resources = ["arn:aws:s3:::homes/&{aws:username}/%%{x}\\"*"]
    condition {
      test = "StringLike"
      variable = "s3:prefix"
      values = ["a", "b"]
    }
  }
}
`,
  )
})

test('every good policy is written as it was read, and explained', async () => {
  const good = JSON.parse(
    readFileSync(join(import.meta.dirname, 'iam', 'good-policies.json'), 'utf8'),
  ) as Readonly<Record<string, unknown>>
  for (const [name, raw] of Object.entries(good)) {
    const read = readPolicyValue(raw)
    assert.ok(read.ok)
    const again = readPolicyDocument(policyJson(read.policy))
    assert.deepEqual(again, read, name)
    const { code, out } = await iam('explain', file('good.json', policyJson(read.policy)))
    assert.equal(code, 0)
    for (const { sid, index } of read.policy.statements)
      assert.ok(out.includes(`${sid ?? `Statement ${index}`} `), `${name}: ${out}`)
  }
})

test('an explanation says who may do what to what, and when', async () => {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: '210987654321', Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': 'b8' } },
      },
      {
        Effect: 'Deny',
        NotAction: 'iam:*',
        Resource: '*',
        Condition: { BoolIfExists: { 'aws:MultiFactorAuthPresent': 'false' } },
      },
    ],
  }
  const { out } = await iam('explain', file('trust.json', JSON.stringify(trust)))
  assert.equal(
    out,
    `Statement 0 allows everybody of account 210987654321 who is allowed there and the service lambda.amazonaws.com
  to change: sts:AssumeRole
  if sts:ExternalId is b8
Statement 1 forbids
  every action but iam:*
  on every resource
  if aws:MultiFactorAuthPresent is false, or is absent
`,
  )
})

test('lint ends with 1 for what is wrong, and with --strict for what is weak', async () => {
  const weak = file(
    'weak.json',
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}}',
  )
  assert.equal((await iam('lint', weak)).code, 0)
  assert.equal((await iam('lint', weak, '--strict')).code, 1)
  const wrong = file(
    'all.json',
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
  )
  const { code, out } = await iam('lint', wrong)
  assert.equal(code, 1)
  assert.match(out, /statement 0: error \(wildcard-action\)/)
  assert.equal((await iam('lint', wrong, weak, '--json')).out.startsWith('['), true)
  assert.equal((await iam('lint', file('none.json', '{'))).code, 2)
})
