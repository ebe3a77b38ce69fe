// gRPC with a client and a server of ConnectRPC, through the whole gateway: HTTP/2 on both sides, trailers and all.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http2, { type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'

import { create, createFileRegistry, type DescService } from '@bufbuild/protobuf'
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { connectNodeAdapter, createGrpcTransport } from '@connectrpc/connect-node'

import { completeConfig, ringwall } from './index.ts'
import { closers } from './testing.ts'

const file = create(FileDescriptorProtoSchema, {
  name: 'echo.proto',
  package: 'test',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Note',
      field: [
        {
          name: 'text',
          number: 1,
          type: FieldDescriptorProto_Type.STRING,
          label: FieldDescriptorProto_Label.OPTIONAL,
          jsonName: 'text',
        },
      ],
    },
  ],
  service: [
    {
      name: 'Echo',
      method: [
        { name: 'Say', inputType: '.test.Note', outputType: '.test.Note' },
        { name: 'Count', inputType: '.test.Note', outputType: '.test.Note', serverStreaming: true },
        {
          name: 'Chat',
          inputType: '.test.Note',
          outputType: '.test.Note',
          serverStreaming: true,
          clientStreaming: true,
        },
      ],
    },
  ],
})
const service = createFileRegistry(file, () => undefined).getService('test.Echo') as DescService

interface Note {
  readonly text: string
}
/** What the client of a service that is made at run time has. */
interface Echo {
  say(note: Note, options?: object): Promise<Note>
  count(note: Note): AsyncIterable<Note>
  chat(notes: AsyncIterable<Note>): AsyncIterable<Note>
}

const server = http2.createServer(
  connectNodeAdapter({
    routes: (router) => {
      router.service(service, {
        async say(note: Note) {
          if (note.text === 'fail') throw new ConnectError('not like this', Code.FailedPrecondition)
          return { text: `${note.text}!` }
        },
        async *count(note: Note) {
          for (let i = 0; i < Number(note.text); i++) yield { text: String(i) }
        },
        async *chat(notes: AsyncIterable<Note>) {
          for await (const { text } of notes) yield { text: `re: ${text}` }
        },
      } as never)
    },
  }),
)
const sessions = new Set<ServerHttp2Session>()
server.on('session', (session) => sessions.add(session))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const GRPC = ['application/grpc+proto']
const directory = mkdtempSync(join(tmpdir(), 'ringwall-grpc-'))
const gateway = await ringwall(
  completeConfig({
    listen: { http: '127.0.0.1:0', https: 'off', operator: 'off', h2c: true },
    store: { directory },
    upstreams: { echo: `h2c://127.0.0.1:${(server.address() as AddressInfo).port}` },
    routes: [
      // Who inspects a body waits for it; where both sides stream, neither would go on.
      { path: '/test.Echo/Chat', methods: ['POST'], sign_in: 'off', content_types: GRPC, inspect: 'off' },
      { path: '/test.Echo/**', methods: ['POST'], sign_in: 'off', content_types: GRPC },
    ],
  }),
)
const { http } = await gateway.listen()
closers.push(async () => {
  await gateway.close()
  for (const session of sessions) session.destroy()
  server.close()
  rmSync(directory, { recursive: true, force: true })
})
const transport = createGrpcTransport({ baseUrl: http as string })
const client = createClient(service, transport) as unknown as Echo

test('a call is answered, and its status is in the trailers', async () => {
  let status: string | null = null
  const note = await client.say(
    { text: 'hello' },
    { onTrailer: (trailers: Headers) => (status = trailers.get('grpc-status')) },
  )
  assert.equal(note.text, 'hello!')
  assert.equal(status, '0')
})

test('an error of the application comes with its code and its words', async () => {
  await assert.rejects(client.say({ text: 'fail' }), (error: unknown) => {
    assert.ok(error instanceof ConnectError)
    assert.equal(error.code, Code.FailedPrecondition)
    assert.equal(error.rawMessage, 'not like this')
    return true
  })
})

test('answers stream', async () => {
  const got: string[] = []
  for await (const { text } of client.count({ text: '100' })) got.push(text)
  assert.deepEqual(
    got,
    Array.from({ length: 100 }, (_, i) => String(i)),
  )
})

test('both sides stream: each question is answered before the next is asked', async () => {
  const asked: string[] = []
  const { promise: first, resolve: answered } = Promise.withResolvers<void>()
  const questions = async function* (): AsyncGenerator<Note> {
    yield { text: 'a' }
    await first
    asked.push('b')
    yield { text: 'b' }
  }
  const got: string[] = []
  for await (const { text } of client.chat(questions())) {
    got.push(text)
    answered()
  }
  assert.deepEqual(got, ['re: a', 're: b'])
  assert.deepEqual(asked, ['b'])
})

test('a path that no route takes is refused by the gateway, in plain HTTP/2', async () => {
  const session = http2.connect(http as string)
  closers.push(() => session.destroy())
  const stream = session.request({
    ':method': 'POST',
    ':path': '/test.Other/Say',
    'content-type': 'application/grpc+proto',
  })
  stream.end()
  const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
  assert.equal(headers[':status'], 404)
  stream.resume()
  session.close()
})
