// A child process that keeps N connections busy with one request after another, and reports how many were answered.
import { readFileSync } from 'node:fs'
import net from 'node:net'

const [port, connections, seconds, path] = process.argv.slice(2) as [string, string, string, string]

// What a browser sends, so that parsing and copying of fields costs what it costs.
const ordinary = Buffer.from(
  [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.5',
    'Accept-Encoding: gzip, deflate, br',
    'Referer: http://127.0.0.1/products',
    'Cookie: theme=dark; cart=7f3a',
    'Sec-Fetch-Dest: document',
    'Sec-Fetch-Mode: navigate',
    'Connection: keep-alive',
    '',
    '',
  ].join('\r\n'),
)

// `@file`: requests as a JSON list of byte strings, sent in turn; a refusal is an answer too.
const requests = path.startsWith('@')
  ? (JSON.parse(readFileSync(path.slice(1), 'utf8')) as string[]).map((text) => Buffer.from(text, 'latin1'))
  : [ordinary]
const wanted = path.startsWith('@') ? /^HTTP\/1\.1 (?:200|403) / : /^HTTP\/1\.1 200 /

let next = 0
let answered = 0
let failed = 0
let running = true

function open(): void {
  const socket = net.connect(Number(port), '127.0.0.1')
  socket.setNoDelay(true)
  let need = -1
  let held: Buffer = Buffer.alloc(0)
  const send = (): void => {
    if (running) socket.write(requests[next++ % requests.length] as Buffer)
    else socket.destroy()
  }
  socket.on('connect', send)
  socket.on('data', (data: Buffer) => {
    held = held.length === 0 ? data : Buffer.concat([held, data])
    if (need < 0) {
      const end = held.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = held.toString('latin1', 0, end)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)
      if (!wanted.test(head) || !length) {
        failed++
        socket.destroy()
        return
      }
      need = end + 4 + Number(length[1])
    }
    if (held.length < need) return
    held = held.subarray(need)
    need = -1
    answered++
    send()
  })
  socket.on('error', () => {
    failed++
  })
  socket.on('close', () => {
    if (running) setTimeout(open, 50)
  })
}

for (let i = 0; i < Number(connections); i++) open()
const startedAt = performance.now()
setTimeout(
  () => {
    running = false
    process.send?.({ answered, failed, seconds: (performance.now() - startedAt) / 1000 })
    setTimeout(() => process.exit(0), 100)
  },
  Number(seconds) * 1000,
)
