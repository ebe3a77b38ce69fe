import type { Entry, Transaction } from './transaction.ts'

/** When what a variable holds may change: never after the head, with the body, with the response, or at any moment. */
export type Lifetime = 'head' | 'body' | 'response' | 'live'

/** How the values of a variable are found. */
export interface View {
  readonly name: string
  readonly lifetime: Lifetime
  readonly build: (transaction: Transaction) => readonly Entry[]
  /** For `live` collections: one value, without building the others. */
  readonly get?: (transaction: Transaction, key: string) => string | number | undefined
  /** For the same: the keys that there are. */
  readonly keys?: (transaction: Transaction) => Iterable<string>
}

type Pairs = readonly (readonly [string, string])[]

const scalar = (
  name: string,
  lifetime: Lifetime,
  read: (t: Transaction) => string | number | undefined,
): View => ({
  name,
  lifetime,
  build(transaction) {
    const value = read(transaction)
    if (value === undefined) return []
    const text = String(value)
    return [
      lifetime === 'live' ? transaction.passingEntry(name, '', text) : transaction.entry(name, '', text),
    ]
  },
})

const values = (name: string, lifetime: Lifetime, read: (t: Transaction) => Pairs): View => ({
  name,
  lifetime,
  build: (transaction) =>
    read(transaction).map(([key, value]) => transaction.entry(`${name}:${key}`, key.toLowerCase(), value)),
})

const names = (name: string, lifetime: Lifetime, read: (t: Transaction) => Pairs): View => ({
  name,
  lifetime,
  build: (transaction) =>
    read(transaction).map(([key]) => transaction.entry(`${name}:${key}`, key.toLowerCase(), key)),
})

/** Fields that browsers send alike with every request. Only these are kept: in any other a secret can stand. */
const COMMON_FIELDS = new Set(
  (
    'accept accept-encoding accept-language cache-control connection content-type dnt host origin pragma priority ' +
    'sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user te ' +
    'upgrade-insecure-requests user-agent x-requested-with'
  ).split(' '),
)

const fields = (name: string, lifetime: Lifetime, read: (t: Transaction) => Pairs): View => ({
  name,
  lifetime,
  build: (transaction) =>
    read(transaction).map(([field, value]) => {
      const key = field.toLowerCase()
      return COMMON_FIELDS.has(key)
        ? transaction.sharedEntry(`${name}:${field}`, key, value)
        : transaction.entry(`${name}:${field}`, key, value)
    }),
})

const stored = (
  name: string,
  collection: (t: Transaction) => ReadonlyMap<string, string | number> | undefined,
): View => ({
  name,
  lifetime: 'live',
  build: (transaction) =>
    [...(collection(transaction) ?? [])].map(([key, value]) =>
      transaction.passingEntry(`${name}:${key}`, key, String(value)),
    ),
  get: (transaction, key) => collection(transaction)?.get(key),
  keys: (transaction) => collection(transaction)?.keys() ?? [],
})

const timePart = (name: string, read: (date: Date) => number | string): View =>
  scalar(name, 'live', (t) => read(new Date(t.now())))

const flag = (name: string): View => scalar(name, 'body', (t) => t.body?.reading?.flags.get(name) ?? 0)

const two = (number: number): string => String(number).padStart(2, '0')

/** Every variable, by name. Sources: the ModSecurity reference manual, "Variables". */
export const VIEWS: ReadonlyMap<string, View> = new Map(
  [
    values('ARGS', 'body', (t) => [...t.queryArgs, ...t.bodyArgs]),
    values('ARGS_GET', 'head', (t) => t.queryArgs),
    values('ARGS_POST', 'body', (t) => t.bodyArgs),
    names('ARGS_NAMES', 'body', (t) => [...t.queryArgs, ...t.bodyArgs]),
    names('ARGS_GET_NAMES', 'head', (t) => t.queryArgs),
    names('ARGS_POST_NAMES', 'body', (t) => t.bodyArgs),
    scalar('ARGS_COMBINED_SIZE', 'body', (t) => t.argsSize),
    fields('REQUEST_HEADERS', 'head', (t) => t.requestHeaders),
    names('REQUEST_HEADERS_NAMES', 'head', (t) => t.requestHeaders),
    values('REQUEST_COOKIES', 'head', (t) => t.cookies),
    names('REQUEST_COOKIES_NAMES', 'head', (t) => t.cookies),
    scalar('REQUEST_LINE', 'head', (t) => t.requestLine),
    scalar('REQUEST_METHOD', 'head', (t) => t.request.method),
    scalar('REQUEST_PROTOCOL', 'head', (t) => t.request.protocol),
    scalar('REQUEST_URI', 'head', (t) => t.uri.pathAndQuery),
    scalar('REQUEST_URI_RAW', 'head', (t) => t.request.target),
    scalar('REQUEST_FILENAME', 'head', (t) => t.decodedPath),
    scalar('REQUEST_BASENAME', 'head', (t) =>
      t.decodedPath.slice(Math.max(t.decodedPath.lastIndexOf('/'), t.decodedPath.lastIndexOf('\\')) + 1),
    ),
    scalar('PATH_INFO', 'head', (t) => t.decodedPath),
    scalar('QUERY_STRING', 'head', (t) => t.uri.query),
    scalar('REMOTE_ADDR', 'head', (t) => t.request.clientIp),
    scalar('REMOTE_HOST', 'head', (t) => t.request.clientIp),
    scalar('REMOTE_PORT', 'head', (t) => t.request.clientPort),
    scalar('REMOTE_USER', 'head', (t) => t.basicUser),
    scalar('AUTH_TYPE', 'head', (t) => t.header('authorization')?.split(' ')[0]),
    scalar('SERVER_ADDR', 'head', () => ''),
    scalar('SERVER_NAME', 'head', (t) => t.request.serverName),
    scalar('SERVER_PORT', 'head', (t) => t.request.serverPort),
    scalar('UNIQUE_ID', 'head', (t) => t.request.id),
    scalar('WEBAPPID', 'head', (t) => t.engine.settings.webAppId),
    scalar('REQUEST_BODY', 'body', (t) => t.requestBodyText),
    scalar('REQUEST_BODY_LENGTH', 'body', (t) => t.body?.facts.text.length ?? 0),
    scalar('REQBODY_PROCESSOR', 'live', (t) => t.bodyProcessor ?? ''),
    scalar('REQBODY_ERROR', 'body', (t) => (t.bodyDamage === undefined ? 0 : 1)),
    scalar('REQBODY_ERROR_MSG', 'body', (t) => t.bodyDamage ?? ''),
    scalar('REQBODY_PROCESSOR_ERROR', 'body', (t) => (t.bodyDamage === undefined ? 0 : 1)),
    scalar('REQBODY_PROCESSOR_ERROR_MSG', 'body', (t) => t.bodyDamage ?? ''),
    scalar('URLENCODED_ERROR', 'body', (t) =>
      t.bodyProcessor === 'URLENCODED' && t.bodyDamage !== undefined ? 1 : 0,
    ),
    scalar('INBOUND_DATA_ERROR', 'body', (t) => (t.body && !t.body.facts.complete ? 1 : 0)),
    scalar('FULL_REQUEST', 'body', (t) => t.fullRequest),
    scalar('FULL_REQUEST_LENGTH', 'body', (t) => t.fullRequest.length),
    values('FILES', 'body', (t) => t.files.map((file) => [file.field, file.name])),
    values('FILES_NAMES', 'body', (t) => t.files.map((file) => [file.field, file.field])),
    values('FILES_SIZES', 'body', (t) => t.files.map((file) => [file.field, String(file.bytes)])),
    values('FILES_TMP_CONTENT', 'body', (t) => t.files.map((file) => [file.field, file.content])),
    values('MULTIPART_FILENAME', 'body', (t) => t.files.map((file) => [file.field, file.name])),
    values('MULTIPART_NAME', 'body', (t) => t.files.map((file) => [file.field, file.field])),
    scalar('FILES_COMBINED_SIZE', 'body', (t) => t.files.reduce((sum, file) => sum + file.bytes, 0)),
    values('MULTIPART_PART_HEADERS', 'body', (t) => t.body?.reading?.partHeaders ?? []),
    ...(
      'MULTIPART_BOUNDARY_QUOTED MULTIPART_BOUNDARY_WHITESPACE MULTIPART_CRLF_LF_LINES MULTIPART_DATA_AFTER ' +
      'MULTIPART_DATA_BEFORE MULTIPART_FILE_LIMIT_EXCEEDED MULTIPART_HEADER_FOLDING MULTIPART_INVALID_HEADER_FOLDING ' +
      'MULTIPART_INVALID_PART MULTIPART_INVALID_QUOTING MULTIPART_LF_LINE MULTIPART_MISSING_SEMICOLON ' +
      'MULTIPART_STRICT_ERROR MULTIPART_UNMATCHED_BOUNDARY'
    )
      .split(' ')
      .map(flag),
    {
      name: 'XML',
      lifetime: 'body',
      build: (t): readonly Entry[] => [
        ...(t.body?.reading?.xml?.text ?? []).map((value) => t.entry('XML:/*', '/*', value)),
        ...(t.body?.reading?.xml?.attributes ?? []).map((value) => t.entry('XML://@*', '//@*', value)),
      ],
    } satisfies View,
    scalar('RESPONSE_STATUS', 'response', (t) => t.response?.status),
    scalar('RESPONSE_PROTOCOL', 'response', (t) => t.response?.protocol),
    scalar('STATUS_LINE', 'response', (t) => t.response && `${t.response.protocol} ${t.response.status}`),
    values('RESPONSE_HEADERS', 'response', (t) => t.responseHeaders),
    names('RESPONSE_HEADERS_NAMES', 'response', (t) => t.responseHeaders),
    scalar('RESPONSE_CONTENT_TYPE', 'response', (t) => t.responseHeader('content-type') ?? ''),
    scalar('RESPONSE_CONTENT_LENGTH', 'response', (t) => t.responseHeader('content-length') ?? 0),
    scalar('RESPONSE_BODY', 'response', (t) => t.responseBody?.text),
    scalar('OUTBOUND_DATA_ERROR', 'response', (t) => (t.responseBody && !t.responseBody.complete ? 1 : 0)),
    stored('TX', (t) => t.tx),
    stored('GLOBAL', (t) => t.collection('global')),
    stored('IP', (t) => t.collection('ip')),
    stored('SESSION', (t) => t.collection('session')),
    stored('USER', (t) => t.collection('user')),
    stored('RESOURCE', (t) => t.collection('resource')),
    stored('ENV', (t) => t.env),
    stored('GEO', (t) => t.geo),
    stored('RULE', (t) => t.ruleFacts),
    scalar('SESSIONID', 'live', (t) => t.collectionKey('session') ?? ''),
    scalar('USERID', 'live', (t) => t.collectionKey('user') ?? ''),
    scalar('MATCHED_VAR', 'live', (t) => t.matchedVar?.text.value ?? ''),
    scalar('MATCHED_VAR_NAME', 'live', (t) => t.matchedVar?.name ?? ''),
    { name: 'MATCHED_VARS', lifetime: 'live', build: (t): readonly Entry[] => t.matchedVars } satisfies View,
    {
      name: 'MATCHED_VARS_NAMES',
      lifetime: 'live',
      build: (t): readonly Entry[] => t.matchedVars.map((one) => t.entry(one.name, one.key, one.name)),
    } satisfies View,
    scalar('HIGHEST_SEVERITY', 'live', (t) => t.highestSeverity),
    scalar('DURATION', 'live', (t) => t.now() - t.request.startedMs),
    timePart('TIME', (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`),
    timePart('TIME_DAY', (d) => d.getUTCDate()),
    timePart('TIME_EPOCH', (d) => Math.floor(d.getTime() / 1000)),
    timePart('TIME_HOUR', (d) => d.getUTCHours()),
    timePart('TIME_MIN', (d) => d.getUTCMinutes()),
    timePart('TIME_MON', (d) => d.getUTCMonth()),
    timePart('TIME_SEC', (d) => d.getUTCSeconds()),
    timePart('TIME_WDAY', (d) => d.getUTCDay()),
    timePart('TIME_YEAR', (d) => d.getUTCFullYear()),
  ].map((view) => [view.name, view]),
)
