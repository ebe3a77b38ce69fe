import assert from 'node:assert/strict'
import test from 'node:test'

import { RingwallError } from '../../core/errors.ts'
import { operatorNames } from '../operators/table.ts'
import { loadRules } from '../seclang/rule-set.ts'
import { Engine } from './engine.ts'
import type { RequestFacts } from './facts.ts'
import type { Transaction } from './transaction.ts'

function engineOf(rules: string, now = (): number => 0): Engine {
  const files: Readonly<Record<string, string>> = { 'main.conf': rules, 'more.conf': 'SecMarker MORE\n' }
  const set = loadRules(
    ['main.conf'],
    { read: (path) => files[path] ?? '', resolve: (pattern) => [pattern] },
    operatorNames,
  )
  return new Engine(set, { now, readLines: () => ['# words', 'Needle', ''] })
}

interface Sent {
  readonly target?: string
  readonly headers?: readonly string[]
  readonly body?: string
  readonly answer?: string
}

function send(engine: Engine, { target = '/', headers = [], body, answer }: Sent): Transaction {
  const facts: RequestFacts = {
    id: 'id',
    startedMs: 0,
    method: body === undefined ? 'GET' : 'POST',
    target,
    protocol: 'HTTP/1.1',
    headers: ['Host', 'a.test', ...headers],
    clientIp: '192.0.2.7',
    clientPort: 40_000,
    serverPort: 443,
    serverName: 'a.test',
  }
  const t = engine.begin(facts)
  const stopped =
    engine.judgeHead(t) ??
    engine.judgeBody(t, body === undefined ? undefined : { text: body, complete: true })
  if (!stopped) {
    engine.judgeResponse(t, { status: 200, protocol: 'HTTP/1.1', headers: ['Content-Type', 'text/html'] })
    engine.judgeResponseBody(t, answer === undefined ? undefined : { text: answer, complete: true })
  }
  engine.close(t)
  return t
}

const ids = (t: Transaction): readonly number[] => t.matches.map((match) => match.id)
const form = ['Content-Type', 'application/x-www-form-urlencoded']

for (const { name, rules, sent, want } of [
  {
    name: 'a rule matches the value that its transformations make',
    rules: 'SecRule ARGS:q "@rx ^attack$" "id:1,phase:2,log,pass,t:none,t:urlDecodeUni,t:lowercase"',
    sent: { target: '/?q=%2541TTACK' },
    want: [1],
  },
  {
    name: 'a rule without `log` in a phase whose default is nolog leaves no record',
    rules:
      'SecDefaultAction "phase:2,nolog,pass"\nSecRule ARGS "@rx a" "id:1,phase:2"\nSecRule ARGS "@rx a" "id:2,phase:2,log"',
    sent: { target: '/?q=a' },
    want: [2],
  },
  {
    name: 'a chain matches when all its rules do, and reads what the first captured',
    rules:
      'SecRule ARGS:a "@rx ^(\\d+)-(\\d+)$" "id:1,phase:2,log,pass,capture,chain"\n  SecRule TX:1 "@gt %{TX.2}" ""\nSecRule ARGS:b "@rx ^(\\d+)-(\\d+)$" "id:2,phase:2,log,pass,capture,chain"\n  SecRule TX:1 "@gt %{TX.2}"',
    sent: { target: '/?a=7-3&b=3-7' },
    want: [1],
  },
  {
    name: 'skipAfter goes on behind the marker, skip passes over so many rules',
    rules:
      'SecAction "id:1,phase:1,log,pass,skipAfter:END"\nSecAction "id:2,phase:1,log,pass"\nSecMarker END\nSecAction "id:3,phase:1,log,pass,skip:1"\nSecAction "id:4,phase:1,log,pass"\nSecAction "id:5,phase:1,log,pass"',
    sent: {},
    want: [1, 3, 5],
  },
  {
    name: 'scores add up for every value that matches, and a macro reads them',
    rules:
      'SecRule ARGS "@contains x" "id:1,phase:2,nolog,pass,setvar:tx.score=+5"\nSecRule TX:score "@ge %{tx.limit}" "id:2,phase:2,log,pass,msg:\'score %{tx.score}\'"\nSecAction "id:3,phase:1,nolog,pass,setvar:tx.limit=10"',
    sent: { target: '/?a=x&b=x&c=y' },
    want: [2],
  },
  {
    name: 'counts, exclusions and patterns of names choose among the values',
    rules:
      'SecRule &ARGS "@eq 3" "id:1,phase:2,log,pass"\nSecRule ARGS|!ARGS:b "@streq 2" "id:2,phase:2,log,pass"\nSecRule ARGS:/^c/ "@streq 3" "id:3,phase:2,log,pass"\nSecRule &REQUEST_HEADERS:x "@eq 0" "id:4,phase:1,log,pass"',
    sent: { target: '/?a=1&b=2&cc=3' },
    want: [4, 1, 3],
  },
  {
    name: 'rules are taken out and retargeted before and at run time',
    rules: [
      'SecRule ARGS "@contains x" "id:1,phase:2,log,pass,tag:\'group/a\'"',
      'SecRule ARGS "@contains x" "id:2,phase:2,log,pass,tag:\'group/b\'"',
      'SecRule ARGS "@contains x" "id:3,phase:2,log,pass,tag:\'group/c\'"',
      'SecRule ARGS "@contains x" "id:4,phase:2,log,pass"',
      'SecRule ARGS "@contains x" "id:5,phase:2,log,pass"',
      'SecRuleRemoveById 1',
      'SecRuleUpdateTargetById 4 "!ARGS:q"',
      'SecRule REQUEST_URI "@beginsWith /" "id:10,phase:1,nolog,pass,ctl:ruleRemoveByTag=group/b,ctl:ruleRemoveTargetById=3;ARGS:q"',
    ].join('\n'),
    sent: { target: '/?q=x' },
    want: [5],
  },
  {
    name: 'multiMatch judges a value before and after each transformation',
    rules:
      'SecRule ARGS "@streq %41" "id:1,phase:2,log,pass,t:none,t:urlDecode,multiMatch"\nSecRule ARGS "@streq %41" "id:2,phase:2,log,pass,t:none,t:urlDecode"',
    sent: { target: '/?q=%2541' },
    want: [1],
  },
  {
    name: 'forms, JSON and cookies are read by name',
    rules:
      'SecRule ARGS_POST:a "@streq b c" "id:1,phase:2,log,pass"\nSecRule REQUEST_COOKIES:k "@streq v" "id:2,phase:1,log,pass"\nSecRule ARGS_NAMES "@streq a" "id:3,phase:2,log,pass"',
    sent: { headers: [...form, 'Cookie', 'j=1; k=v'], body: 'a=b+c' },
    want: [2, 1, 3],
  },
  {
    name: 'a body that is not what its type says is told by REQBODY_ERROR',
    rules: 'SecRule REQBODY_ERROR "@eq 1" "id:1,phase:2,log,pass"',
    sent: { headers: ['Content-Type', 'application/json'], body: '{"a":' },
    want: [1],
  },
  {
    name: 'phases 3 to 5 see the answer',
    rules:
      'SecResponseBodyAccess On\nSecRule RESPONSE_STATUS "@streq 200" "id:3,phase:3,log,pass"\nSecRule RESPONSE_BODY "@contains leak" "id:4,phase:4,log,pass"\nSecAction "id:5,phase:5,log,pass"',
    sent: { answer: 'a leak' },
    want: [3, 4, 5],
  },
  {
    name: 'allow ends the phase, the request or all but the last phase',
    rules:
      'SecAction "id:1,phase:1,log,allow:phase"\nSecAction "id:2,phase:1,log,pass"\nSecAction "id:3,phase:2,log,pass"',
    sent: {},
    want: [1, 3],
  },
  {
    name: 'phrases of a file match without regard to case',
    rules: 'SecRule ARGS "@pmFromFile words.data" "id:1,phase:2,log,pass,capture,logdata:\'%{TX.0}\'"',
    sent: { target: '/?q=a+nEEDLe+here' },
    want: [1],
  },
]) {
  test(name, () => assert.deepEqual(ids(send(engineOf(rules), sent)), want))
}

test('deny stops at once in `on`, and is only noted in DetectionOnly', () => {
  const rule =
    'SecRule ARGS "@rx x" "id:1,phase:2,deny,status:418,msg:\'no\'"\nSecAction "id:2,phase:2,log,pass"'
  const on = send(engineOf(rule), { target: '/?q=x' })
  assert.deepEqual([on.interruption?.status, on.interruption?.ruleId, ids(on)], [418, 1, [1]])
  const detect = send(engineOf(`SecRuleEngine DetectionOnly\n${rule}`), { target: '/?q=x' })
  assert.deepEqual([detect.interruption, detect.wouldInterrupt?.ruleId, ids(detect)], [undefined, 1, [1, 2]])
})

test('a collection of an address outlives the exchange until its time has come', () => {
  let now = 0
  const engine = engineOf(
    'SecAction "id:1,phase:1,nolog,pass,initcol:ip=%{REMOTE_ADDR},setvar:ip.seen=+1,expirevar:ip.seen=60"\nSecRule IP:seen "@ge 2" "id:2,phase:1,log,pass"',
    () => now,
  )
  assert.deepEqual(ids(send(engine, {})), [])
  assert.deepEqual(ids(send(engine, {})), [2])
  now = 61_000
  assert.deepEqual(ids(send(engine, {})), [])
})

for (const { rules, line, want } of [
  {
    rules: '\nSecRuel ARGS "@rx a" "id:1"',
    line: 2,
    want: /SecRuel is not a directive; did you mean SecRule\?/,
  },
  { rules: 'SecRule ARGZ "@rx a" "id:1"', line: 1, want: /ARGZ is not a variable; did you mean ARGS\?/ },
  { rules: 'SecRule ARGS "@rxx a" "id:1"', line: 1, want: /@rxx is not an operator/ },
  { rules: 'SecRule ARGS "@rx (?=a)" "id:1"', line: 1, want: /lookaround has no linear-time matching/ },
  { rules: 'SecRule ARGS "@rx a" "phase:2"', line: 1, want: /has no id/ },
  { rules: 'SecAction "id:1"\n\nSecAction "id:1"', line: 3, want: /id 1 is used before, in main.conf:1/ },
  { rules: 'SecRule ARGS "@rx a" "id:1,t:lowecase"', line: 1, want: /did you mean lowercase\?/ },
  { rules: 'SecRule ARGS "@rx a" "id:1,exec:/bin/x"', line: 1, want: /rules run no scripts/ },
  { rules: 'SecAction "id:1,skipAfter:NOWHERE"', line: 1, want: /names no SecMarker/ },
  { rules: 'SecRule ARGS "@rx a" "id:1,chain"\nSecMarker X', line: 1, want: /a chain must go on/ },
  { rules: 'SecRuleEngine Maybe', line: 1, want: /is not one of on, off, detectiononly/ },
  {
    rules: 'SecRule ARGS "@rx a" "id:1,ctl:ruleRemoveTargetById=7"',
    line: 1,
    want: /write the rule and the target/,
  },
  { rules: 'SecRule ARGS "@rx a', line: 1, want: /has no end/ },
  { rules: 'Include main.conf', line: 1, want: /includes itself/ },
  { rules: 'SecRule ARGS "@validateByteRange 1-300" "id:1"', line: 1, want: /no byte or range of bytes/ },
]) {
  test(`refused with its line: ${rules.replaceAll('\n', ' / ').slice(0, 70)}`, () => {
    assert.throws(
      () => engineOf(rules),
      (thrown) => {
        assert.ok(thrown instanceof RingwallError)
        assert.match(thrown.message, want)
        assert.deepEqual(thrown.at, { file: 'main.conf', line })
        return true
      },
    )
  })
}
