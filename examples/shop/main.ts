import { parseArgs } from 'node:util'

import { startShop } from './server.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' } } })
const port = Number(values.port)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`\`${values.port}\` is not a port; give a number from 0 to 65535`)
  process.exit(2)
}

try {
  const shop = await startShop({ port })
  console.log(`The shop is open on ${shop.url}, on this machine only. It is full of holes, on purpose.

  look        ${shop.url}/
  the API     ${shop.url}/api/products
  a hole      ${shop.url}/search?q=%27%20OR%20%271%27%3D%271
  all holes   npm run drill -- ${shop.url}
  closed      npm start puts Ringwall in front of it

Stop with Ctrl-C; the next start begins with fresh data.`)
  const close = (): void => {
    void shop.close().then(() => process.exit(0))
  }
  process.once('SIGINT', close)
  process.once('SIGTERM', close)
} catch (error) {
  const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  console.error(isTaken ? `port ${port} is taken; choose another one with --port` : error)
  process.exit(1)
}
