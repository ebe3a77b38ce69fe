// The application behind every proxy: a fixed answer of 100 bytes from a bare socket, so that it costs least.
import net from 'node:net'

const body = 'x'.repeat(100)
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: ${process.argv[3] ?? 'text/plain'}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
)

net
  .createServer((socket) => {
    let held = ''
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    socket.on('data', (data: Buffer) => {
      held += data.toString('latin1')
      for (let end = held.indexOf('\r\n\r\n'); end >= 0; end = held.indexOf('\r\n\r\n')) {
        held = held.slice(end + 4)
        socket.write(answer)
      }
    })
  })
  .listen(Number(process.argv[2]), '127.0.0.1', () => process.send?.('ready'))
