/** Tests whose expectation we do not share, each with the standard that we follow. */
export const KNOWN: ReadonlyMap<string, string> = new Map([
  [
    '920100-4',
    'CONNECT is for proxies that a client has chosen; a gateway in front of an application refuses it (RFC 9110 9.3.6)',
  ],
  [
    '920181-1',
    'a message with both Transfer-Encoding and Content-Length is refused, not repaired (RFC 9112 6.3, item 3); the suite expects what Apache repairs',
  ],
  [
    '920272-5',
    'a path that is not UTF-8 once its escapes are undone is refused with 400 (RFC 3986 2.5, RFC 9110 4.2.5); rule 920272 matches as expected',
  ],
  [
    '920620-1',
    'both Content-Type fields are shown to the rules, so rule 920620 finds them (RFC 9110 5.3); the suite expects what Apache merges',
  ],
])
