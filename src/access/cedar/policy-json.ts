import type { ActionScope, Condition, Policy, Scope, SlotName, Target } from './ast.ts'
import { judgeExpression } from './expression.ts'
import { expressionFrom } from './expression-json.ts'
import { arrayAt, given, type Json, objectAt, onlyNames, type Path, stringAt, wrong } from './json.ts'
import { readJson } from './json-reader.ts'
import { isName } from './lexer.ts'
import { linkTemplate } from './policy.ts'
import { attempt, type Parsed, Unreadable } from './syntax.ts'
import type { EntityUid } from './value.ts'
import { entityFrom, isActionType, isTypeName } from './value-json.ts'

/** Reads one policy or template in Cedar's JSON format. */
export function policyFromJson(json: Json, id: string): Parsed<Policy> {
  return attempt('', () => readPolicy(json, id, id))
}

/**
 * Reads a policy set in JSON: `{staticPolicies, templates, templateLinks}`. Links come out as policies of their
 * own; the templates come last.
 */
export function parseJsonPolicies(text: string): Parsed<readonly Policy[]> {
  const json = readJson(text)
  if (!json.ok) return json
  return attempt('', () => {
    const object = objectAt(json.value, '')
    onlyNames(object, '', ['staticPolicies', 'templates', 'templateLinks'])
    const policies = readNamed(object['staticPolicies'], 'staticPolicies')
    const templates = readNamed(object['templates'], 'templates')
    const links = arrayAt(given(object['templateLinks'], []), 'templateLinks').map((link, at) =>
      readLink(link, `templateLinks[${at}]`, templates),
    )
    const all = [...policies, ...links, ...templates]
    const ids = new Set<string>()
    for (const { id } of all) {
      if (ids.has(id)) throw new Unreadable(`the policy \`${id}\` is there twice`)
      ids.add(id)
    }
    return all
  })
}

function readNamed(json: Json | undefined, path: Path): Policy[] {
  return Object.entries(objectAt(given(json, {}), path)).map(([id, value]) =>
    readPolicy(value, `${path}.${id}`, id),
  )
}

function readLink(json: Json, path: Path, templates: readonly Policy[]): Policy {
  const object = objectAt(json, path)
  onlyNames(object, path, ['templateId', 'newId', 'values'])
  const id = stringAt(object['templateId'], `${path}.templateId`)
  const template = templates.find((candidate) => candidate.id === id)
  if (template === undefined) wrong(`${path}.templateId`, `the id of a template, not \`${id}\``)
  const values = Object.entries(objectAt(object['values'], `${path}.values`)).map(
    ([slot, value]): [string, EntityUid] => [slot, entityFrom(value, `${path}.values.${slot}`)],
  )
  const linked = linkTemplate(
    template,
    stringAt(object['newId'], `${path}.newId`),
    Object.fromEntries(values),
  )
  return typeof linked === 'string' ? wrong(path, `a link that fits: ${linked}`) : linked
}

function readPolicy(json: Json, path: Path, id: string): Policy {
  const object = objectAt(json, path)
  onlyNames(object, path, ['effect', 'principal', 'action', 'resource', 'conditions', 'annotations'])
  const effect = stringAt(object['effect'], `${path}.effect`)
  if (effect !== 'permit' && effect !== 'forbid') wrong(`${path}.effect`, '`permit` or `forbid`')
  return {
    id,
    effect,
    annotations: readAnnotations(object['annotations'], `${path}.annotations`),
    principal: readScope(object['principal'], `${path}.principal`, '?principal'),
    action: readActionScope(object['action'], `${path}.action`),
    resource: readScope(object['resource'], `${path}.resource`, '?resource'),
    conditions: arrayAt(object['conditions'], `${path}.conditions`).map((condition, at) =>
      readCondition(condition, `${path}.conditions[${at}]`),
    ),
    at: -1,
  }
}

function readAnnotations(json: Json | undefined, path: Path): Map<string, string> {
  const annotations = new Map<string, string>()
  for (const [name, value] of Object.entries(objectAt(given(json, {}), path))) {
    if (!isName(name)) wrong(path, `names for annotations, not \`${name}\``)
    annotations.set(name, value === null ? '' : stringAt(value, `${path}.${name}`))
  }
  return annotations
}

function readScope(json: Json | undefined, path: Path, slot: SlotName): Scope {
  const object = objectAt(json, path)
  onlyNames(object, path, ['op', 'entity', 'slot', 'entity_type', 'in'])
  const op = stringAt(object['op'], `${path}.op`)
  if (op === 'All') return { kind: 'any' }
  if (op === '==') return { kind: 'equals', target: readTarget(object, path, slot), at: -1 }
  if (op === 'in') return { kind: 'in', target: readTarget(object, path, slot), at: -1 }
  if (op !== 'is') wrong(`${path}.op`, '`All`, `==`, `in` or `is`')
  const type = stringAt(object['entity_type'], `${path}.entity_type`)
  if (!isTypeName(type)) wrong(`${path}.entity_type`, 'an entity type')
  const within = object['in'] ?? undefined
  return {
    kind: 'is',
    type,
    within: within === undefined ? undefined : readTarget(objectAt(within, `${path}.in`), `${path}.in`, slot),
    at: -1,
  }
}

function readTarget(object: Readonly<Record<string, Json>>, path: Path, slot: SlotName): Target {
  if (object['slot'] === undefined) return entityFrom(object['entity'], `${path}.entity`)
  return object['slot'] === slot ? slot : wrong(`${path}.slot`, `\`${slot}\``)
}

function readActionScope(json: Json | undefined, path: Path): ActionScope {
  const object = objectAt(json, path)
  onlyNames(object, path, ['op', 'entity', 'entities'])
  const op = stringAt(object['op'], `${path}.op`)
  if (op === 'All') return { kind: 'any' }
  if (op !== '==' && op !== 'in') wrong(`${path}.op`, '`All`, `==` or `in`')
  if (op === 'in' && object['entities'] !== undefined) {
    const targets = arrayAt(object['entities'], `${path}.entities`).map((item, at) =>
      readAction(item, `${path}.entities[${at}]`),
    )
    return { kind: 'inAny', targets, at: -1 }
  }
  const target = readAction(object['entity'], `${path}.entity`)
  return { kind: op === '==' ? 'equals' : 'in', target, at: -1 }
}

function readAction(json: Json | undefined, path: Path): EntityUid {
  const uid = entityFrom(json, path)
  return isActionType(uid.type) ? uid : wrong(path, 'an entity of type `Action`')
}

function readCondition(json: Json, path: Path): Condition {
  const object = objectAt(json, path)
  onlyNames(object, path, ['kind', 'body'])
  const kind = stringAt(object['kind'], `${path}.kind`)
  if (kind !== 'when' && kind !== 'unless') wrong(`${path}.kind`, '`when` or `unless`')
  const body = expressionFrom(object['body'], `${path}.body`)
  judgeExpression(body, `\`${kind}\``)
  return { kind, body, at: -1 }
}
