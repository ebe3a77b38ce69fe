import {
  carriersOf,
  disguises,
  INTERNAL_V4,
  INTERNAL_V6,
  PUBLIC_V4,
  PUBLIC_V6,
  spellingsOfV4,
  spellingsOfV6,
} from './spellings.ts'

/** One URL that somebody else chose. */
export interface Form {
  readonly id: string
  readonly kind: string
  readonly url: string
  /** `hostile`: must not lead inside, whatever else happens. `public`: must be let through. */
  readonly is: 'hostile' | 'public'
}

/** Where the hostile servers are. */
export interface Places {
  readonly canaryPort: number
  /** `host:port` of the redirector that a policy may trust. */
  readonly redirector: string
  /** A label of its own for each client, so that one does not use up the changing names of another. */
  readonly tag: string
}

const ZONE = 'evil.test'
const dashed = (v4: string): string => v4.replaceAll('.', '-')
const hexOf = (v4: string): string =>
  v4
    .split('.')
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('')

/** All forms, in a fixed order. */
export function makeForms(places: Places): Form[] {
  const counts = new Map<string, number>()
  const build = (is: Form['is']) => (kind: string, url: string) => {
    const number = (counts.get(kind) ?? 0) + 1
    counts.set(kind, number)
    return { id: `${kind} ${number}`, kind, url, is }
  }
  const forms = [...hostileForms(places, build('hostile')), ...publicForms(places, build('public'))]
  return [...new Map(forms.toReversed().map((form) => [form.url, form])).values()].toReversed()
}

type Make = (kind: string, url: string) => Form

function hostileForms(places: Places, make: Make): Form[] {
  const { canaryPort: port, tag } = places
  const at = (host: string): string => `http://${host}:${port}/`
  return [
    ...INTERNAL_V4.flatMap((v4) => [
      ...spellingsOfV4(v4).map((spelling) => make('ipv4 spelling', at(spelling))),
      ...disguises(v4).map((host) => make('disguised characters', at(host))),
      ...carriersOf(v4).flatMap(({ by, address }) =>
        spellingsOfV6(address).map((one) => make(`ipv6 ${by}`, at(`[${one}]`))),
      ),
      ...[v4, ...spellingsOfV4(v4).slice(0, 3), ...carriersOf(v4).map(({ address }) => `[${address}]`)].map(
        (host) => make('https', `https://${host}:${port}/`),
      ),
      ...disguises(spellingsOfV4(v4)[0] as string).map((host) => make('disguised number', at(host))),
      ...tricks(v4, port).map((url) => make('url trick', url)),
      ...namesOf(v4, tag).map(({ kind, name }) => make(kind, at(name))),
      ...redirects(v4, places).map((url) => make('redirect', url)),
    ]),
    ...INTERNAL_V6.flatMap((v6) => [
      ...spellingsOfV6(v6).map((one) => make('ipv6 special', at(`[${one}]`))),
      make('ipv6 zone', at(`[${v6}%25lo]`)),
      make('ipv6 zone', at(`[${v6}%lo]`)),
      make('ipv6 with user', `http://user@[${v6}]:${port}/`),
      make('dns ipv6', at(`x${tag}.v6.${v6.replaceAll(':', '-')}.${ZONE}`)),
    ]),
    ...NAMES.flatMap((name) => spellingsOfName(name).map((one) => make('inside name', at(one)))),
    ...SCHEMES.map((url) => make('scheme', url.replaceAll('PORT', String(port)))),
  ]
}

/** Texts that readers of URLs take in different ways. Some lead to a public host for some readers; none may lead inside. */
function tricks(v4: string, port: number): string[] {
  const authority = `${v4}:${port}`
  const other = 'public.evil.test'
  return [
    `http://user@${authority}/`,
    `http://user:secret@${authority}/`,
    `http://@${authority}/`,
    `http://:@${authority}/`,
    `http://${other}@${authority}/`,
    `http://${other}:80@${authority}/`,
    `http://${other}%2f@${authority}/`,
    `http://${other}%00@${authority}/`,
    `http://${authority}#@${other}/`,
    `http://${authority}?@${other}/`,
    `http://${authority}/@${other}/`,
    `http://${authority}\\@${other}/`,
    `http://${other}\\@${authority}/`,
    `http://${other}&@${authority}#@${other}/`,
    `http://${other} @${authority}/`,
    `http:${authority}/`,
    `http:/${authority}/`,
    `http:///${authority}/`,
    `http:////${authority}/`,
    `http:\\\\${authority}/`,
    `http:/\\${authority}/`,
    `http://\\${authority}/`,
    `HTTP://${authority}/`,
    ` http://${authority}/`,
    `\thttp://${authority}/`,
    `ht\ntp://${authority}/`,
    `http://${v4.slice(0, 2)}\t${v4.slice(2)}:${port}/`,
    `http://${v4.slice(0, 2)}\r\n${v4.slice(2)}:${port}/`,
    `http://${v4}:0000000${port}/`,
    `http://${v4}%00.${other}:${port}/`,
    `http://${v4}%20:${port}/`,
    `http://${v4}%09:${port}/`,
    `http://${v4}%23.${other}:${port}/`,
    `http://${v4}:${port}%2f@${other}/`,
    `http://[${v4}]:${port}/`,
    `http://${authority}/../../`,
    `http://${authority}\u0000/`,
    `//${authority}/`,
    `${authority}/`,
    `url:http://${authority}/`,
  ]
}

/** Names that the attacker's own DNS server leads inside. */
function namesOf(v4: string, tag: string): readonly { readonly kind: string; readonly name: string }[] {
  const [a, b, c, d] = v4.split('.') as [string, string, string, string]
  const v6 = (text: string): string => text.replaceAll(':', '-')
  return [
    { kind: 'dns wildcard', name: `${v4}.nip.${ZONE}` },
    { kind: 'dns wildcard', name: `www.${v4}.nip.${ZONE}` },
    { kind: 'dns wildcard', name: `app.${dashed(v4)}.nip.${ZONE}` },
    { kind: 'dns wildcard', name: `${hexOf(v4)}.nip.${ZONE}` },
    { kind: 'dns wildcard', name: `${dashed(v4)}.NIP.${ZONE.toUpperCase()}.` },
    { kind: 'dns several', name: `${dashed(v4)}.first.${ZONE}` },
    { kind: 'dns several', name: `${dashed(v4)}.last.${ZONE}` },
    { kind: 'dns alias', name: `${dashed(v4)}.alias.${ZONE}` },
    { kind: 'dns rebinding', name: `${tag}.${dashed(v4)}.flip.${ZONE}` },
    { kind: 'dns rebinding', name: `${tag}.${dashed(v4)}.flop.${ZONE}` },
    {
      kind: 'dns ipv6 around ipv4',
      name: `x${tag}.v6.${v6(`::ffff:${a}.${b}.${c}.${d}`).replaceAll('.', '_')}.${ZONE}`,
    },
    {
      kind: 'dns ipv6 around ipv4',
      name: `x${tag}.v6.${v6(`64:ff9b::${a}.${b}.${c}.${d}`).replaceAll('.', '_')}.${ZONE}`,
    },
  ]
}

const STATUSES = [301, 302, 303, 307, 308] as const

function redirects(v4: string, { canaryPort: port, redirector, tag }: Places): string[] {
  const targets = [
    `http://${v4}:${port}/`,
    `//${v4}:${port}/`,
    `http://${spellingsOfV4(v4)[0]}:${port}/`,
    `http://[::ffff:${v4}]:${port}/`,
    `http://${dashed(v4)}.nip.${ZONE}:${port}/`,
    `http://user:secret@${v4}:${port}/`,
    `\\\\${v4}:${port}/`,
    `http://${redirector}/go?302=${encodeURIComponent(`http://${v4}:${port}/`)}`,
    `http://r${tag}.${dashed(v4)}.flip.${ZONE}:${port}/`,
    `ftp://${v4}:${port}/`,
  ]
  return targets.map(
    (target, i) => `http://${redirector}/go?${STATUSES[i % STATUSES.length]}=${encodeURIComponent(target)}`,
  )
}

const NAMES = [
  'localhost',
  'localhost.localdomain',
  'app.localhost',
  'metadata.google.internal',
  'metadata',
  'instance-data',
  'instance-data.ec2.internal',
  'kubernetes.default.svc.cluster.local',
  'router.home.arpa',
  'printer.lan',
  'vault.internal',
  'intranet',
]

function spellingsOfName(name: string): string[] {
  const wide = (text: string): string =>
    text.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint(0xff41 + letter.charCodeAt(0) - 97))
  return [
    name,
    name.toUpperCase(),
    `${name}.`,
    `${name}\u3002`,
    `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
    wide(name),
    name.replaceAll('a', '\u24d0'),
    name.replaceAll('s', '\u017f'),
    name.replaceAll('l', '\u2113'),
    `${name.slice(0, 3)}\u00ad${name.slice(3)}`,
    name.replaceAll('.', '\uff0e'),
    name.replaceAll('i', '\u2139'),
  ]
}

const SCHEMES = [
  'file:///etc/passwd',
  'file://127.0.0.1/etc/passwd',
  'ftp://127.0.0.1:PORT/',
  'sftp://127.0.0.1:PORT/',
  'tftp://127.0.0.1:PORT/x',
  'gopher://127.0.0.1:PORT/_GET%20/',
  'dict://127.0.0.1:PORT/stats',
  'ldap://127.0.0.1:PORT/',
  'ldaps://127.0.0.1:PORT/',
  'smb://127.0.0.1/x',
  'ws://127.0.0.1:PORT/',
  'wss://127.0.0.1:PORT/',
  'jar:http://127.0.0.1:PORT/!/x',
  'view-source:http://127.0.0.1:PORT/',
  'feed:http://127.0.0.1:PORT/',
  'blob:http://127.0.0.1:PORT/x',
  'data:text/plain,x',
  'javascript:fetch("http://127.0.0.1:PORT/")',
  'about:blank',
  'unix:/var/run/docker.sock',
  'http+unix://%2fvar%2frun%2fdocker.sock/',
  'http://unix:/var/run/docker.sock:/info',
  'https+insecure://127.0.0.1:PORT/',
  'netdoc:///etc/passwd',
  '',
  'http://',
  'http://:PORT/',
  'http://./',
  'http://../',
  'http://*/',
]

/** Look-alikes: what a guard that only searches for words or digits would refuse. */
function publicForms({ canaryPort: port, tag }: Places, make: Make): Form[] {
  const at = (host: string): string => `http://${host}:${port}/`
  return [
    ...PUBLIC_V4.flatMap((v4) => [
      make('public ipv4', at(v4)),
      make('public ipv4', at(`${v4}.`)),
      make('public ipv4', at(`[::ffff:${v4}]`)),
      make('public name', at(`${dashed(v4)}.nip.${ZONE}`)),
      make('public name', at(`127.0.0.1.${tag}.${dashed(v4)}.nip.${ZONE}`)),
      make('public name', at(`localhost.${dashed(v4)}.nip.${ZONE}`)),
      make('public name', at(`xn--bcher-kva.${dashed(v4)}.nip.${ZONE}`)),
      make('public name', at(`metadata.google.internal.${dashed(v4)}.nip.${ZONE}`)),
      make(
        'public path',
        `${at(`${dashed(v4)}.nip.${ZONE}`)}http://127.0.0.1/?u=//169.254.169.254/#@10.0.0.1`,
      ),
    ]),
    ...PUBLIC_V6.flatMap((v6) => [
      make('public ipv6', at(`[${v6}]`)),
      make('public name', at(`x${tag}.v6.${v6.replaceAll(':', '-')}.${ZONE}`)),
    ]),
  ]
}
