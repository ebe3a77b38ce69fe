/** One row of the catalogue: what the client is told. Everything else stays in the audit log. */
export interface RefusalRow {
  /** HTTP status, RFC 9110 15. */
  readonly status: number
  /** One public sentence; no detail that helps an attacker. */
  readonly title: string
  /** For people who look the code up: why it happens and what to do. */
  readonly help: string
}

/** Every way in which Ringwall says no. The code is the contract: it is in the answer, the trace and the audit log. */
export const REFUSALS = {
  'perimeter.address-denied': {
    status: 403,
    title: 'Requests from this address are not accepted',
    help: 'The client address is on a deny list, or not on the allow list (`security.perimeter.allow`, `deny`).',
  },
  'perimeter.country-denied': {
    status: 403,
    title: 'Requests from this address are not accepted',
    help: 'The country or network of the client is blocked by `security.perimeter.rules.GEO_BLOCK`.',
  },
  'perimeter.bot-refused': {
    status: 403,
    title: 'Requests of this program are not accepted',
    help: 'The client says that it is an attack tool, claims to be a bot that it is not, is of a class or name that `security.perimeter.bots` refuses, or is a TLS client of `security.perimeter.fingerprints.deny`.',
  },
  'perimeter.flood': {
    status: 429,
    title: 'Too many requests from this address',
    help: 'One address sent more than `security.perimeter.rules.RATE_LIMIT` allows (the guide: 2,000 in 300 seconds), or holds more connections than `security.perimeter.connections`.',
  },
  'perimeter.sql-injection': {
    status: 403,
    title: 'The request looks like an attack',
    help: 'A rule against SQL injection matched. The audit log names the rule and the part of the request.',
  },
  'perimeter.cross-site-scripting': {
    status: 403,
    title: 'The request looks like an attack',
    help: 'A rule against cross-site scripting matched. The audit log names the rule and the part of the request.',
  },
  'perimeter.path-traversal': {
    status: 403,
    title: 'The request looks like an attack',
    help: 'A rule against path traversal matched. The audit log names the rule and the part of the request.',
  },
  'perimeter.rule': {
    status: 403,
    title: 'The request looks like an attack',
    help: 'A rule of the rule set matched, or the score of several reached its threshold. `ringwall why` with the id explains it.',
  },
  'perimeter.answer-withheld': {
    status: 502,
    title: 'The answer was withheld',
    help: 'A rule found that the answer of the application leaks what it should not, such as an error of the database.',
  },
  'perimeter.body-too-large-to-inspect': {
    status: 413,
    title: 'The request body is too large',
    help: 'The body is larger than `security.perimeter.inspect_body` and `on_excess` is `refuse`.',
  },
  'perimeter.body-undecodable': {
    status: 415,
    title: 'The request body cannot be decoded',
    help: 'Content-Encoding names a coding that is unknown or damaged, or the body unpacks beyond its bound.',
  },
  'edge.malformed-request': {
    status: 400,
    title: 'The request is malformed',
    help: 'The message breaks HTTP in a way that two readers could read differently. It is refused, never repaired.',
  },
  'edge.ambiguous-path': {
    status: 400,
    title: 'The request path is ambiguous',
    help: 'The path holds an encoded slash, a NUL, a backslash, `..;` or bytes that are not UTF-8. A route may allow some.',
  },
  'edge.host-unknown': {
    status: 421,
    title: 'This host is not served here',
    help: 'The Host field names none of the hosts of `security.edge.hosts` or of the routes.',
  },
  'edge.https-required': {
    status: 403,
    title: 'This site is served over HTTPS only',
    help: 'A request that is not GET or HEAD came over plain HTTP; it is not redirected, since its body was already exposed.',
  },
  'edge.certificate-required': {
    status: 403,
    title: 'A client certificate is required',
    help: 'The route has `client_certificate`, and the client showed none in the TLS handshake.',
  },
  'edge.certificate-refused': {
    status: 403,
    title: 'The client certificate is not accepted',
    help: 'The certificate is not signed by the authority of the route, is revoked or out of its dates, its revocation list is out of date, or its name is not among those that the route allows. The audit log says which.',
  },
  'edge.misdirected': {
    status: 421,
    title: 'Ask for this on a connection of its own',
    help: 'The route has `client_certificate`, and the connection was opened for another host, for which no certificate is asked. Clients open a new one.',
  },
  'edge.origin-refused': {
    status: 403,
    title: 'Pages of other origins may not do this',
    help: 'A preflight asked for an origin, a method or a field that `cors` of the route does not allow. Without `cors` none is.',
  },
  'gateway.no-route': {
    status: 404,
    title: 'Nothing is served at this path',
    help: 'No row of `routes` matches host and path.',
  },
  'gateway.method-not-allowed': {
    status: 405,
    title: 'This method is not allowed here',
    help: 'A route matches the path, but not with this method. The Allow field lists those it takes.',
  },
  'gateway.graphql-refused': {
    status: 422,
    title: 'The query asks for more than one request may',
    help: 'A document of GraphQL is deeper, wider or dearer than `graphql` of the route allows, asks for the schema, or cannot be read. The answer names the limit.',
  },
  'gateway.schema-mismatch': {
    status: 422,
    title: 'The request does not fit the description of this API',
    help: 'A parameter or a field of the body breaks the OpenAPI document of the route (`openapi`). The answer names the field and the rule, never the value.',
  },
  'gateway.maintenance': {
    status: 503,
    title: 'This site is closed for maintenance',
    help: '`security.gateway.maintenance` is on, or `maintenance` of the route. The client is told when to come back.',
  },
  'gateway.rate-limited': {
    status: 429,
    title: 'Too many requests',
    help: 'A limit of `security.rate_limiting` or of the route was reached. Retry-After says when to come back.',
  },
  'gateway.api-key-required': {
    status: 401,
    title: 'An API key is needed here',
    help: 'The route asks for a key (`api_key: required`) in X-API-Key, or in Authorization as a Bearer. `ringwall api-key create` makes one.',
  },
  'gateway.api-key-invalid': {
    status: 401,
    title: 'The API key is not valid',
    help: 'The same answer for a key that is damaged, unknown, expired or revoked, given twice, or in the query, where it stands in logs. The audit log says which.',
  },
  'gateway.api-key-denied': {
    status: 403,
    title: 'The API key does not allow this',
    help: 'The key is valid, but not for this route, from this address, or without a scope that the route asks for. `ringwall api-key show` lists what it is for.',
  },
  'gateway.body-too-large': {
    status: 413,
    title: 'The request body is too large',
    help: 'The body is larger than the route allows (`max_body`).',
  },
  'gateway.body-too-slow': {
    status: 408,
    title: 'The request took too long to arrive',
    help: 'The body did not arrive within `security.gateway.body_timeout`.',
  },
  'identity.sign-in-required': {
    status: 401,
    title: 'Sign in first',
    help: 'The route asks for a signed-in subject and there is no live session.',
  },
  'identity.credentials-wrong': {
    status: 401,
    title: 'E-mail or password is wrong',
    help: 'The same answer for an unknown account, a wrong password, a locked and a disabled account.',
  },
  'identity.password-unacceptable': {
    status: 422,
    title: 'The new password does not meet the policy',
    help: 'The rules of `security.authentication.password` that it misses are listed on the page.',
  },
  'identity.link-gone': {
    status: 410,
    title: 'This link is no longer valid',
    help: 'A link of a mail was used, has expired, or was replaced by what happened to the account since. Ask for another.',
  },
  'identity.impersonated': {
    status: 403,
    title: 'Not while you act for somebody else',
    help: 'An operator who acts as somebody sees what he sees, and changes nothing of the account itself.',
  },
  'identity.email-unacceptable': {
    status: 422,
    title: 'This is not an e-mail address that can be used',
    help: 'It is not an address, or it is the one that the account has.',
  },
  'identity.busy': {
    status: 503,
    title: 'Sign-in is busy, try again shortly',
    help: 'The queue of the password hasher is full. Other requests are not affected.',
  },
  'identity.factor-wrong': {
    status: 401,
    title: 'The code or the passkey was not right',
    help: 'The second factor was wrong, used before, too old, or not of this account. The audit log says which.',
  },
  'identity.factor-locked': {
    status: 429,
    title: 'Too many wrong codes; try later, or use a passkey',
    help: 'More than 10 codes in 15 minutes, or 100 wrong ones in a row, were tried for the account, from whatever network. `ringwall user factors` clears it.',
  },
  'identity.step-up-required': {
    status: 401,
    title: 'Confirm that it is you first',
    help: 'The route asks for a stronger or newer authentication than the session has (`authentication`, RFC 9470). Browsers are led to a page; other clients read `WWW-Authenticate`.',
  },
  'identity.factor-required': {
    status: 403,
    title: 'Set up a second factor first',
    help: 'The account needs a second factor (`security.authentication.mfa`) and has none yet. Until then it reaches nothing but the page that sets one up.',
  },
  'access.denied': {
    status: 403,
    title: 'You may not do this',
    help: 'None of the roles of the subject has the permission that the route asks for, or the policy does not allow the action on this resource. `ringwall why` with the id names the policies.',
  },
  'access.hidden': {
    status: 404,
    title: 'There is nothing here',
    help: 'The policy does not allow the action, and the route hides that the resource exists (`access.denied: 404`); or the application does not know the resource.',
  },
  'access.facts-unavailable': {
    status: 502,
    title: 'The application cannot say what this is about',
    help: 'The policy looks at the resource, and `access.facts` of the route did not answer with JSON. The request was not passed on.',
  },
  'application.cross-site-request': {
    status: 403,
    title: 'The request came from another site',
    help: 'A request that changes something carries an Origin or Sec-Fetch-Site of another site.',
  },
  'application.csrf-token': {
    status: 403,
    title: 'The form is out of date',
    help: 'A browser posted a form without the token that `security.application.csrf.tokens` puts into it, or with one of another session. Loading the page again gives a new one.',
  },
  'application.content-type-not-allowed': {
    status: 415,
    title: 'This kind of content is not accepted here',
    help: 'The Content-Type of the body is not one that the route takes (`content_types`).',
  },
  'application.upload-refused': {
    status: 422,
    title: 'This upload is not accepted here',
    help: 'A file is too large, badly named, not of an allowed type, not what it says it is, or could do harm; or the form can be read in two ways (`security.application.uploads`). The audit log says which.',
  },
  'upstream.out-of-service': {
    status: 503,
    title: 'The application is out of service',
    help: 'No server of the upstream is in service: their health checks fail, or they failed again and again and are left alone for a while (`upstreams`).',
  },
  'data.answer-withheld': {
    status: 502,
    title: 'The answer cannot be shown',
    help: 'The route masks fields (`mask`), and the answer of the application could not be masked with certainty: it is no JSON, in another encoding, or of a kind that the route does not name (`csv`, `text`, `pass_types`). The audit log says which.',
  },
  'upstream.unreachable': {
    status: 502,
    title: 'The application cannot be reached',
    help: 'No connection to the upstream could be made, or it closed before it answered.',
  },
  'upstream.timeout': {
    status: 504,
    title: 'The application took too long to answer',
    help: 'The upstream did not send its response head within its timeout.',
  },
  'upstream.malformed-reply': {
    status: 502,
    title: 'The application sent a malformed answer',
    help: 'The response could not be re-framed without doubt (for example an unknown Transfer-Encoding).',
  },
  'upstream.error': {
    status: 500,
    title: 'The application failed',
    help: 'The application answered with an error page; its text stays in the audit log (`security.application.errors`).',
  },
  'audit.unavailable': {
    status: 503,
    title: 'The service is temporarily unavailable',
    help: 'The audit log cannot be written and `security.audit.on_failure` is `refuse`.',
  },
  'ringwall.fault': {
    status: 500,
    title: 'Something went wrong here',
    help: 'A wall failed. A wall that fails refuses; the audit log holds the error under the id.',
  },
} as const satisfies Record<string, RefusalRow>

/** The stable name of a refusal: `room.what-happened`. */
export type RefusalCode = keyof typeof REFUSALS
