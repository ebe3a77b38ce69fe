import { API } from './api.ts'
import { PAGES } from './pages.ts'

/** Somebody who is signed in, and what nobody else should see. */
export interface Person {
  readonly name: string
  /** The Cookie field. */
  readonly cookie: string
  /** The number by which the shop knows this person. */
  readonly shopUser: number
  /** Texts that are only in what is this person's. */
  readonly marks: readonly string[]
}

/** One request of the probe. */
export interface ProbeRow {
  /** The route of the shop, such as `GET /orders/{id}`. */
  readonly route: string
  readonly target: string
  readonly asker: string
  readonly owner: string
  /** `served`: the owner got it. `escaped`: somebody else did. `kept`: somebody else did not. `lost`: the owner did not. */
  readonly verdict: 'served' | 'escaped' | 'kept' | 'lost'
}

/** Pages on which a person finds what belongs to him. */
const LISTS = ['/orders', '/api/orders', '/documents', '/api/documents']
const FILES = ['invoice-1001.txt', 'invoice-1002.txt']

/**
 * Swaps identifiers between two people over all routes of the shop that take one: in the path, in the query, and in the
 * cookie by which the shop knows its customers. Each thing is first asked for by its owner, so that a refusal of everything
 * is no success.
 */
export async function probeIdentifiers(url: string, people: readonly [Person, Person]): Promise<ProbeRow[]> {
  const rows: ProbeRow[] = []
  for (const [owner, other] of [people, people.toReversed()] as [Person, Person][]) {
    const ids = await idsOf(url, owner, other)
    for (const { route, targets } of targetsOf(ids)) {
      for (const target of targets) {
        const own = await ask(url, target, owner.cookie)
        const isOwn = owner.marks.some((mark) => own.includes(mark))
        const row = { route, target, owner: owner.name }
        if (!isOwn) continue
        rows.push({ ...row, asker: owner.name, verdict: 'served' })
        rows.push(await judge(url, row, other, other.cookie, owner.marks))
      }
    }
    for (const route of ['/orders', '/api/orders', '/profile', '/api/profile']) {
      const row = {
        route: `GET ${route}`,
        target: `${route} (shop_user=${owner.shopUser})`,
        owner: owner.name,
      }
      const own = await ask(url, route, owner.cookie)
      const isServed = owner.marks.some((mark) => own.includes(mark))
      rows.push({ ...row, asker: owner.name, verdict: isServed ? 'served' : 'lost' })
      const swapped = other.cookie.replace(/shop_user=\d+/, `shop_user=${owner.shopUser}`)
      rows.push(await judge(url, { ...row, target: route }, other, swapped, owner.marks))
    }
  }
  return rows
}

async function judge(
  url: string,
  row: Pick<ProbeRow, 'route' | 'target' | 'owner'>,
  asker: Person,
  cookie: string,
  marks: readonly string[],
): Promise<ProbeRow> {
  const text = await ask(url, row.target, cookie)
  const escaped = marks.some((mark) => text.includes(mark))
  return { ...row, asker: asker.name, verdict: escaped ? 'escaped' : 'kept' }
}

async function ask(url: string, target: string, cookie: string): Promise<string> {
  const response = await fetch(url + target, { headers: { Cookie: cookie }, redirect: 'manual' })
  const text = await response.text()
  return response.status === 200 ? text : ''
}

/** The numbers and file names that one person's lists show, and the other's do not. */
async function idsOf(url: string, person: Person, other: Person): Promise<readonly string[]> {
  const found = async (cookie: string): Promise<Set<string>> => {
    const texts = await Promise.all(LISTS.map((list) => ask(url, list, cookie)))
    return new Set(texts.flatMap((text) => [...text.matchAll(/\b\d{1,6}\b/g)].map((match) => match[0])))
  }
  const [own, theirs] = [await found(person.cookie), await found(other.cookie)]
  return [...own].filter((id) => !theirs.has(id))
}

/** All routes of the shop that take an identifier, with each id in its place. */
function targetsOf(
  ids: readonly string[],
): { readonly route: string; readonly targets: readonly string[] }[] {
  const byPath = [...PAGES, ...API]
    .filter(({ method, pattern }) => method === 'GET' && pattern.includes('{'))
    .map(({ method, pattern }) => ({
      route: `${method} ${pattern}`,
      targets: (/\{name/.test(pattern) ? FILES : ids).map((id) => pattern.replace(/\{\w+\*?\}/, id)),
    }))
  return [...byPath, { route: 'GET /files', targets: FILES.map((name) => `/files?name=${name}`) }]
}
