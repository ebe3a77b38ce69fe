// A small shop for the tests of the decision point: two people, three documents, a fixed clock and counted randomness.
import { ManualClock } from '../../core/clock.ts'
import { parseEntities } from '../cedar/entities-json.ts'
import type { Json } from '../cedar/json.ts'
import { readJson } from '../cedar/json-reader.ts'
import { parsePolicies } from '../cedar/parser.ts'
import type { Parsed } from '../cedar/syntax.ts'
import { DecisionPoint, type DecisionPointParts } from './decision-point.ts'
import { MemoryEntities } from './entity-store.ts'

export const POLICIES = `
@reason("staff may read")
permit (principal in Group::"staff", action == Action::"read", resource is Doc);
permit (principal, action == Action::"write", resource is Doc) when { principal.role == "editor" };
permit (principal, action == Action::"purge", resource is Doc) when { action.soft };
@reason("the document is locked")
forbid (principal, action == Action::"write", resource is Doc) when { resource.locked };
permit (principal, action == Action::"lend", resource is Doc) when { context.days < 10 };
permit (principal, action == Action::"see", resource is User) when { principal == resource };
permit (principal, action == Action::"vet", resource is User) when { principal == resource && principal.role == "editor" };
`

export const ENTITIES = `[
  {"uid": {"type": "Group", "id": "staff"}, "attrs": {}, "parents": []},
  {"uid": {"type": "User", "id": "ann"}, "attrs": {"role": "editor"}, "parents": [{"type": "Group", "id": "staff"}]},
  {"uid": {"type": "User", "id": "ben"}, "attrs": {}, "parents": [{"type": "Group", "id": "staff"}]},
  {"uid": {"type": "User", "id": "cy"}, "attrs": {"role": "guest"}, "parents": []},
  {"uid": {"type": "Doc", "id": "1"}, "attrs": {"locked": false}, "parents": []},
  {"uid": {"type": "Doc", "id": "2"}, "attrs": {"locked": true}, "parents": []},
  {"uid": {"type": "Doc", "id": "3"}, "attrs": {}, "parents": []}
]`

export const TYPES = { user: { entity: 'User' }, doc: { entity: 'Doc' } }

export function valueOf<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value
  throw new Error(parsed.errors.map(({ message }) => message).join('; '))
}

/** A body as it comes from the wire. */
export function bodyOf(text: string): Json {
  return valueOf(readJson(text))
}

export const clock = new ManualClock()

export function pointOf(change: Partial<DecisionPointParts> = {}): DecisionPoint {
  let count = 0
  return new DecisionPoint({
    policies: valueOf(parsePolicies(POLICIES)),
    entities: new MemoryEntities(valueOf(parseEntities(ENTITIES))),
    vocabulary: { types: TYPES },
    clock,
    random: (length) => Uint8Array.from({ length }, (_, at) => (at === 0 ? ++count : at)),
    ...change,
  })
}
