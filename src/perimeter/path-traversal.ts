type Found = { readonly rule: string; readonly at: number } | undefined

/** Files that are asked for by attackers and by nobody else. Lower case, from the root. */
const SENSITIVE =
  /^(?:\/etc\/(?:passwd|shadow|group|hosts|issue|sudoers|ssh\/|mysql\/|nginx\/|apache2?\/|crontab|fstab)|\/proc\/(?:self|version|cmdline|\d{1,7})(?:\/|$)|\/root\/\.|\/home\/[^/]{1,64}\/\.(?:ssh|bash|aws)|\/var\/(?:log|run\/secrets)\/|\/dev\/(?:tcp|fd)\/|[a-z]:\/(?:windows\/|winnt\/|boot\.ini|inetpub\/))/

/** Names in the path of a request that are never a page. */
const SENSITIVE_NAMES =
  /\/(?:\.env|\.git|\.svn|\.hg|\.htaccess|\.htpasswd|\.ssh|\.aws|\.npmrc|wp-config\.php|web-inf|meta-inf|id_rsa)(?:$|[/.~])/

const WRAPPERS =
  /^(?:file|php|phar|zip|expect|glob|gopher|dict|ldap|jar|netdoc|ogg|rar|ssh2|compress\.(?:zlib|bzip2)):(?:\/\/|file:)/

/**
 * Finds path traversal and file inclusion: a `..` segment with either slash, a file that only attackers ask for, a stream
 * wrapper, a NUL byte. A `..` in the middle of a sentence is no segment and passes. Linear in the value's length.
 */
export function findTraversal(value: string): Found {
  const nul = value.indexOf('\0')
  if (nul >= 0) return { rule: 'path.nul-byte', at: nul }
  if (!value.includes('/') && !value.includes('\\') && value !== '..') return undefined
  for (let at = value.indexOf('..'); at >= 0; at = value.indexOf('..', at + 1)) {
    const before = at === 0 ? '/' : (value[at - 1] as string)
    const after = value[at + 2]
    const isSegmentStart = before === '/' || before === '\\' || before === '=' || before === ':'
    if (isSegmentStart && (after === undefined || after === '/' || after === '\\' || after === ';'))
      return { rule: 'path.dot-segment', at }
    // `....//` becomes `../` in a filter that removes `../` once.
    if (
      isSegmentStart &&
      value.startsWith('../', at + 1) &&
      (value[at + 4] === '/' || value[at + 4] === '\\')
    )
      return { rule: 'path.dot-segment', at }
    if (
      isSegmentStart &&
      (value.startsWith('....//', at) || value.startsWith('....\\\\', at) || value.startsWith('....\\/', at))
    ) {
      return { rule: 'path.dot-segment', at }
    }
  }
  const normal = value
    .trimStart()
    .slice(0, 300)
    .toLowerCase()
    .replaceAll('\\', '/')
    .replaceAll(/\/{2,}/g, '/')
  if (SENSITIVE.test(normal)) return { rule: 'path.sensitive-file', at: 0 }
  return WRAPPERS.test(value.trimStart().slice(0, 40).toLowerCase())
    ? { rule: 'path.wrapper', at: 0 }
    : undefined
}

/** The same for the path of the request itself, where also names of configuration and history are asked for. */
export function findTraversalInPath(path: string): Found {
  const found = findTraversal(path)
  if (found) return found
  const at = path.toLowerCase().search(SENSITIVE_NAMES)
  return at < 0 ? undefined : { rule: 'path.sensitive-name', at }
}
