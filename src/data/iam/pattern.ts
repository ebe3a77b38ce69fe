/**
 * Whether a text is what a pattern of IAM means: `*` for any number of characters, `?` for one, case aside. Linear in the text for each
 * star, without backtracking further than the last one.
 */
export function matchesPattern(rawText: string, rawPattern: string): boolean {
  const text = rawText.toLowerCase()
  const pattern = rawPattern.toLowerCase()
  let at = 0
  let place = 0
  let star = -1
  let mark = 0
  while (at < text.length) {
    const sign = pattern[place]
    if (sign === '*') {
      star = place++
      mark = at
    } else if (sign !== undefined && (sign === '?' || sign === text[at])) {
      at++
      place++
    } else if (star >= 0) {
      place = star + 1
      at = ++mark
    } else return false
  }
  while (pattern[place] === '*') place++
  return place === pattern.length
}

/**
 * Whether two patterns can mean the same text. Variables of the table (`${BucketName}`) and of policies (`${aws:username}`) stand for
 * anything. Every pair of places is looked at once.
 */
export function patternsMeet(first: string, second: string): boolean {
  const [a, b] = [tokensOf(first), tokensOf(second)]
  let row: boolean[] = Array.from({ length: b.length + 1 }, () => false)
  row[b.length] = true
  for (let j = b.length - 1; j >= 0; j--) row[j] = b[j] === '*' && row[j + 1] === true
  for (let i = a.length - 1; i >= 0; i--) {
    const next = row
    row = Array.from({ length: b.length + 1 }, () => false)
    row[b.length] = a[i] === '*' && next[b.length] === true
    for (let j = b.length - 1; j >= 0; j--) {
      const isStar = a[i] === '*' || b[j] === '*'
      const isSame = a[i] === b[j] || a[i] === '?' || b[j] === '?'
      row[j] = isStar
        ? next[j] === true || row[j + 1] === true || (a[i] === '*' && b[j] === '*' && next[j + 1] === true)
        : isSame && next[j + 1] === true
    }
  }
  return row[0] === true
}

/** Whether a resource of a policy can be of a type. Buckets have no slash in their names, and what has one is an object. */
export function isOfType(resource: string, typeArn: string): boolean {
  if (
    /^arn:[^:]*:s3:::\$\{\w+\}$/.test(typeArn) &&
    resource.replaceAll(/\$\{[^}]{0,128}\}/g, '').includes('/')
  )
    return false
  const [own, typical] = [partsOf(resource), partsOf(typeArn)]
  if (own.length !== 6 || typical.length !== 6) return patternsMeet(resource, typeArn)
  return own.every((part, i) => patternsMeet(part, typical[i] as string))
}

/** The six parts of an ARN; a star in one does not reach into the next. Colons within variables are none. */
function partsOf(arn: string): readonly string[] {
  const plain = arn.replaceAll(/\$\{[^}]{0,128}\}/g, '*')
  const parts = plain.split(':')
  return parts.length < 6 ? [plain] : [...parts.slice(0, 5), parts.slice(5).join(':')]
}

const MAX_TOKENS = 2048

function tokensOf(text: string): readonly string[] {
  return [
    ...text
      .slice(0, MAX_TOKENS)
      .replaceAll(/\$\{[^}]{0,128}\}/g, '*')
      .toLowerCase(),
  ]
}
