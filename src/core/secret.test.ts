// A secret in every sink that a program has. Each sink is first shown an object that does leak: a sink that prints nothing proves nothing.
/* oxlint-disable typescript/no-base-to-string, typescript/no-unnecessary-type-assertion -- what objects become as text is what is tested */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { Console } from 'node:console'
import diagnostics from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import querystring from 'node:querystring'
import { Writable } from 'node:stream'
import test from 'node:test'
import { format, inspect } from 'node:util'
import v8 from 'node:v8'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'

import { pino } from 'pino'
import { stringify } from 'yaml'

import { RingwallError } from './errors.ts'
import { awaitedSecret, isAwaited, referenceOf, referredSecret, Secret, settleSecret } from './secret.ts'

const VALUE = 'hunter2+/hunter2'

/** What most programs have in its place. */
class Leaky {
  readonly value: string

  constructor(value: string) {
    this.value = value
  }

  toString(): string {
    return this.value
  }
}

type Sink = (secret: object) => string | Promise<string>

const printed = (work: (console: Console) => void): string => {
  let text = ''
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      done()
    },
  })
  work(new Console(stream, stream))
  return text
}

const logged = (work: (log: ReturnType<typeof pino>) => void): string => {
  let text = ''
  work(pino({}, { write: (line: string) => void (text += line) }))
  return text
}

const thrown = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    return inspect(error, { depth: 9 })
  }
  return ''
}

const posted = (value: unknown): string => {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(value)
  const got = receiveMessageOnPort(port2)?.message as unknown
  port1.close()
  return inspect(got, { depth: 9, showHidden: true })
}

const text = (value: object): string => String(value)

const SINKS: Readonly<Record<string, Sink>> = {
  'console.log': (secret) => printed((out) => out.log(secret)),
  'console.info': (secret) => printed((out) => out.info('a', { secret })),
  'console.warn': (secret) => printed((out) => out.warn([secret])),
  'console.error': (secret) => printed((out) => out.error('%s', secret)),
  'console.debug': (secret) => printed((out) => out.debug('%o', secret)),
  'console.dir': (secret) => printed((out) => out.dir(secret, { showHidden: true, depth: null })),
  'console.table': (secret) => printed((out) => out.table([{ secret }, { secret: { ...secret } }])),
  'console.trace': (secret) => printed((out) => out.trace(secret)),
  'console.assert': (secret) => printed((out) => out.assert(false, secret)),
  'console.group': (secret) => printed((out) => out.group(secret)),
  'console.dirxml': (secret) => printed((out) => out.dirxml(secret)),
  'util.inspect': (secret) => inspect(secret),
  'util.inspect with all that is hidden': (secret) =>
    inspect(secret, { showHidden: true, depth: null, getters: true }),
  'util.inspect without custom inspection': (secret) =>
    inspect(secret, { customInspect: false, showHidden: true, getters: true }),
  'util.inspect of a proxy': (secret) => inspect(new Proxy(secret, {}), { showProxy: true }),
  'util.inspect in a Map and a Set': (secret) =>
    inspect(new Map([[secret, new Set([secret])]]), { depth: 9 }),
  'util.format %s': (secret) => format('%s', secret),
  'util.format %j': (secret) => format('%j', secret),
  'util.format %O': (secret) => format('%O', secret),
  String: (secret: object) => text(secret),
  'a template literal': (secret) => `a ${secret as unknown as string}`,
  'string concatenation': (secret) => 'a ' + (secret as unknown as string),
  'Array.join': (secret) => [secret, 1].join(';'),
  'Object.toLocaleString': (secret) => secret.toLocaleString(),
  'JSON.stringify': (secret) => JSON.stringify(secret),
  'JSON.stringify deep': (secret) => JSON.stringify({ a: [{ secret }] }, null, 2),
  'JSON.stringify with a replacer': (secret) => JSON.stringify({ secret }, (_, value: unknown) => value),
  'object spread': (secret) => inspect({ ...secret }),
  'Object.assign': (secret) => inspect(Object.assign({}, secret)),
  'Object.entries': (secret) => JSON.stringify(Object.entries(secret)),
  'every own property': (secret) => inspect(Object.getOwnPropertyDescriptors(secret), { depth: 9 }),
  structuredClone: (secret) => inspect(structuredClone({ secret }), { depth: 9, showHidden: true }),
  'postMessage to a port': (secret) => posted({ secret }),
  'workerData of a worker': async (secret) => {
    const code = `const { parentPort, workerData } = require('node:worker_threads')
parentPort.postMessage(require('node:util').inspect(workerData, { depth: 9, showHidden: true }))`
    const worker = new Worker(code, { eval: true, workerData: { secret } })
    const [said] = (await once(worker, 'message')) as [string]
    await worker.terminate()
    return said
  },
  'v8.serialize': (secret) => v8.serialize({ secret }).toString('latin1'),
  'an error message': (secret) =>
    thrown(() => {
      throw new Error(`cannot connect with ${text(secret)}`)
    }),
  'the cause of an error': (secret) =>
    thrown(() => {
      throw new Error('no', { cause: { secret } })
    }),
  'an AggregateError': (secret) =>
    thrown(() => {
      throw new AggregateError([secret, new Error('x', { cause: secret })])
    }),
  'a property of an error': (secret) =>
    thrown(() => {
      throw Object.assign(new Error('no'), { secret })
    }),
  'a failed assertion': (secret) => thrown(() => assert.deepEqual({ secret }, { secret: 1 })),
  'a bad argument of Node': (secret) =>
    thrown(() => readFileSync(secret as never)) +
    thrown(() => Buffer.from(text(secret), secret as never)) +
    text(secret),
  'pino, as a field': (secret) => logged((log) => log.info({ a: { secret } }, 'x')),
  'pino, as the object': (secret) => logged((log) => log.warn(secret, 'x')),
  'pino, in an error': (secret) =>
    logged((log) => log.error(new Error('no', { cause: new Error(text(secret)) }))),
  'pino, in the message': (secret) => logged((log) => log.info('%s %o', secret, secret)),
  'pino, of a child': (secret) => logged((log) => log.child({ secret }).info('x')),
  'a URL': (secret) => new URL(`http://a.test/?k=${text(secret)}`).href,
  URLSearchParams: (secret) =>
    decodeURIComponent(new URLSearchParams({ k: text(secret), l: secret as never }).toString()),
  'querystring.stringify': (secret) => decodeURIComponent(querystring.stringify({ k: text(secret) })),
  encodeURIComponent: (secret) => decodeURIComponent(encodeURIComponent(secret as never)),
  Headers: (secret) => inspect(new Headers({ authorization: secret as never })),
  FormData: (secret) => {
    const form = new FormData()
    form.append('k', secret as never)
    return String(form.get('k'))
  },
  'a Request body': (secret) =>
    new Request('http://a.test', { method: 'POST', body: JSON.stringify({ secret }) }).text(),
  'a Response': (secret) => Response.json({ secret }).text(),
  Blob: (secret) => new Blob([secret as never]).text(),
  'a request over HTTP': async (secret) => {
    const server = http.createServer((request, response) =>
      response.end(`${request.url} ${JSON.stringify(request.rawHeaders)}`),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/${text(secret)}`, {
      headers: { 'x-key': text(secret) },
    })
    const said = await answer.text()
    server.close()
    return said
  },
  'Buffer and base64': (secret) =>
    Buffer.from(Buffer.from(text(secret)).toString('base64'), 'base64').toString(),
  btoa: (secret) => atob(btoa(secret as never)),
  TextEncoder: (secret) => new TextDecoder().decode(new TextEncoder().encode(secret as never)),
  RegExp: (secret) => new RegExp(secret as never).source.replaceAll('\\', ''),
  'String.raw': (secret) => String.raw`${secret}`,
  Symbol: (secret) => Symbol(secret as never).toString(),
  YAML: (secret) => stringify({ a: { secret } }),
  CSV: (secret) =>
    [
      ['name', 'value'],
      ['k', secret],
    ]
      .map((row) => row.join(','))
      .join('\n'),
  'a file': (secret) => {
    const directory = mkdtempSync(join(tmpdir(), 'ringwall-sink-'))
    writeFileSync(join(directory, 'x'), `${JSON.stringify({ secret })} ${text(secret)}`)
    const said = readFileSync(join(directory, 'x'), 'utf8')
    rmSync(directory, { recursive: true })
    return said
  },
  'process.emitWarning': async (secret) => {
    const warned = once(process, 'warning') as Promise<[Error]>
    process.emitWarning(`weak: ${text(secret)}`, { code: 'RINGWALL_TEST' })
    return inspect((await warned)[0])
  },
  diagnostics_channel: (secret) => {
    let said = ''
    const listen = (message: unknown): void => void (said = inspect(message, { depth: 9 }))
    diagnostics.subscribe('ringwall:test', listen)
    diagnostics.channel('ringwall:test').publish({ secret })
    diagnostics.unsubscribe('ringwall:test', listen)
    return said
  },
  'performance.mark': (secret) => inspect(performance.mark('ringwall', { detail: { secret } }), { depth: 9 }),
  'a custom event': (secret) => inspect(new CustomEvent('x', { detail: { secret } }).detail, { depth: 9 }),
  'an error of ours': (secret) => inspect(new RingwallError('a.b', text(secret), { cause: secret })),
}

test(`there are at least 40 sinks: ${Object.keys(SINKS).length}`, () => {
  assert.ok(Object.keys(SINKS).length >= 40)
})

for (const [name, sink] of Object.entries(SINKS)) {
  test(`no leak: ${name}`, async () => {
    assert.ok((await sink(new Leaky(VALUE))).includes(VALUE), 'the sink prints what leaks')
    const said = await sink(new Secret(VALUE))
    assert.ok(!said.includes('hunter2'), said)
    const referred = await sink(referredSecret(VALUE, '${env:KEY}'))
    assert.ok(!referred.includes('hunter2'), referred)
  })
}

test('an awaited secret has no value until it is settled, and says so', () => {
  const secret = awaitedSecret('vault:secret/app#key')
  assert.ok(isAwaited(secret))
  assert.throws(() => secret.reveal(), { code: 'secret.not-loaded', message: /vault:secret\/app#key/ })
  assert.equal(String(secret), '[secret]')
  settleSecret(secret, new Secret(VALUE))
  assert.equal(secret.reveal(), VALUE)
  assert.ok(!isAwaited(secret))
  assert.equal(referenceOf(secret), 'vault:secret/app#key')
})
