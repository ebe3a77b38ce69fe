import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { holding, lookAfter, single, type Attack, type Field, type Finding } from './attack.ts'
import { as, jsonBody, type Echo, type Shot } from './wire.ts'

const passwd = holding('root:x:0:0:', '/etc/passwd of the (pretend) machine')

const traversal = (id: string, tries: string, target: string, look = passwd): Attack => ({
  id: `path-traversal-${id}`,
  chapter: 'Missing Input Validation',
  tries,
  kind: 'active',
  run: single({ target }, look),
})

const idor = (id: string, tries: string, shot: Shot, secret: string, evidence: string): Attack => ({
  id: `idor-${id}`,
  chapter: 'Insecure Direct Object Reference (IDOR)',
  tries,
  kind: 'active',
  run: single(shot, holding(secret, evidence)),
})

/** What reaches further than it should: to other files, other people's data, more rights, other machines. */
export const REACH: readonly Attack[] = [
  traversal('plain', '../../../etc/passwd in a parameter', '/files?name=../../../etc/passwd'),
  traversal('encoded', '%2e%2e%2f in a parameter', `/files?name=${'%2e%2e%2f'.repeat(3)}etc%2fpasswd`),
  traversal(
    'double',
    '%252e%252e%252f in a parameter',
    `/files?name=${'%252e%252e%252f'.repeat(3)}etc%252fpasswd`,
  ),
  traversal('path', '../../../ in the path, as it is', '/files/../../../etc/passwd'),
  traversal('path-encoded', '..%2f in the path', '/files/..%2f..%2f..%2fetc%2fpasswd'),
  traversal('absolute', '/etc/passwd in a parameter', '/files?name=/etc/passwd'),
  traversal(
    'neighbour',
    'the folder next door',
    '/files?name=../private/supplier-prices.txt',
    holding('Supplier prices. Not for customers.', 'the supplier prices'),
  ),
  idor(
    'order',
    "Marta reads Niall's order",
    { target: '/orders/1001', headers: as(3) },
    '7 Quarry Lane',
    'name, address and card of another customer',
  ),
  idor(
    'api',
    'the same by the API',
    { target: '/api/orders/1001', headers: as(3) },
    '7 Quarry Lane',
    'name, address and card of another customer',
  ),
  idor(
    'document',
    "Marta reads Niall's invoice",
    { target: '/documents/4', headers: as(3) },
    'invoice-1001.txt',
    'the invoice of another customer',
  ),
  {
    id: 'mass-assignment',
    chapter: 'Missing Input Validation',
    tries: 'a customer sends role=admin with the profile',
    kind: 'active',
    run: assignRole,
  },
  {
    id: 'deserialization',
    chapter: 'Insecure Deserialization Prevention',
    tries: '__proto__ in JSON changes what another customer sees',
    kind: 'active',
    run: async (field): Promise<Finding> => {
      const body = `{"__proto__":{"theme":"drill-${field.nonce}"}}`
      const reply = await field.shoot(jsonBody('PATCH', '/api/preferences', body, as(3)))
      const look = await lookAfter(field, reply, { target: '/api/preferences', headers: as(5) })
      const isPolluted = look.text.includes(`drill-${field.nonce}`)
      return { effect: isPolluted ? "another customer's preferences changed" : undefined, reply }
    },
  },
  ssrf('loopback', 'a port of this machine', (port) => `http://127.0.0.1:${port}/`),
  ssrf('decimal', 'the same address as one number', (port) => `http://2130706433:${port}/`),
  ssrf('mapped', 'the same address as IPv6', (port) => `http://[::ffff:127.0.0.1]:${port}/`),
  {
    id: 'open-redirect',
    chapter: 'Missing Input Validation',
    tries: 'a link of the shop that leads to evil.example',
    kind: 'active',
    run: single({ target: '/go?to=https://evil.example/login' }, (reply: Echo) =>
      reply.status < 400 && reply.headers['location'] === 'https://evil.example/login'
        ? 'the visitor is sent there'
        : undefined,
    ),
  },
  {
    id: 'forged-subject',
    chapter: 'Layer 4: Application Security',
    tries: 'a Ringwall-Subject header of our own',
    kind: 'active',
    run: async (field): Promise<Finding> => {
      const forged = `forged-${field.nonce}`
      const reply = await field.shoot({ target: '/whoami', headers: { 'Ringwall-Subject': forged } })
      return { effect: reply.text.includes(forged) ? 'the application believes it' : undefined, reply }
    },
  },
  {
    id: 'forged-cookie',
    chapter: 'Session Management',
    tries: 'a session cookie of our own making',
    kind: 'active',
    run: single(
      { target: '/api/profile', headers: as(1) },
      holding('"name": "Vera Keystone"', 'the administrator’s profile'),
    ),
  },
]

async function assignRole(field: Field): Promise<Finding> {
  const roleOf = async (): Promise<string> => {
    const { text } = await field.shoot({ target: '/api/profile', headers: as(2) })
    return /"role": "([^"]*)"/.exec(text)?.[1] ?? ''
  }
  const patch = (role: string): Shot => jsonBody('PATCH', '/api/profile', { role }, as(2))
  if ((await roleOf()) === 'admin') await field.shoot(patch('customer'))
  const before = await roleOf()
  const reply = await field.shoot(patch('admin'))
  await lookAfter(field, reply, { target: '/api/profile', headers: as(2) })
  const after = await roleOf()
  const isRaised = before !== 'admin' && after === 'admin'
  if (isRaised) await field.shoot(patch(before))
  return { effect: isRaised ? `a ${before} became an admin` : undefined, reply }
}

/** Opens a port of its own and looks whether the application comes to it. */
function ssrf(id: string, tries: string, url: (port: number) => string): Attack {
  return {
    id: `ssrf-${id}`,
    chapter: 'SSRF Prevention',
    tries: `fetch a picture from ${tries}`,
    kind: 'active',
    run: async (field): Promise<Finding> => {
      let visits = 0
      const inner = createServer((_request, response) => {
        visits++
        response.end(`inner ${field.nonce}`)
      })
      await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve))
      try {
        const { port } = inner.address() as AddressInfo
        const reply = await field.shoot({ target: `/fetch-image?url=${encodeURIComponent(url(port))}` })
        return { effect: visits > 0 ? 'the application went there' : undefined, reply }
      } finally {
        inner.closeAllConnections()
        inner.close()
      }
    },
  }
}
