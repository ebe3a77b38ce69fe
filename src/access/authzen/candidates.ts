import type { Request } from '../cedar/authorizer.ts'
import type { EntityUid } from '../cedar/value.ts'
import type { ActionNames } from './actions.ts'
import type { Judge } from './judge.ts'
import type { SearchQuestion } from './question.ts'
import type { Candidate } from './search.ts'

/** A subject, a resource or an action as it is sent. */
export type Found = { readonly type: string; readonly id: string } | { readonly name: string }

type EntityQuestion = SearchQuestion & { readonly kind: 'subject' | 'resource' }
type ActionQuestion = SearchQuestion & { readonly kind: 'action' }

/** What a search looks at, in an order that stays the same, after a place. */
export function candidatesFor(
  question: SearchQuestion,
  after: string | undefined,
  judge: Judge,
  actions: ActionNames,
  maxExamined: number,
): AsyncIterable<Candidate<Found>> {
  return question.kind === 'action'
    ? actionCandidates(question, after, judge, actions)
    : entityCandidates(question, after, judge, maxExamined)
}

/**
 * Each entity of the type in turn, as the store knows it; the other side and the action stay. What the question says of
 * the one that is looked for is said of nobody, so it is left out.
 */
async function* entityCandidates(
  question: EntityQuestion,
  after: string | undefined,
  judge: Judge,
  maxExamined: number,
): AsyncGenerator<Candidate<Found>> {
  const isSubject = question.kind === 'subject'
  const { type } = isSubject ? question.subject : question.resource
  const given = isSubject ? question.resource : question.subject
  const { vocabulary, entities } = judge
  const rule = vocabulary.ruleOf(type)
  const fixedUid = vocabulary.entity(given)?.uid
  if (rule === undefined || fixedUid === undefined) return
  const facts = judge.factsOver(await entities.open([fixedUid, vocabulary.action(question.action.name)]))
  const fixed = judge.introduce(given, facts)
  if (fixed === undefined) return
  const action = judge.introduceAction(question.action, facts)
  const context = judge.contextOf(question.context, action, question.action.properties)
  const requestFor = (uid: EntityUid): Request =>
    isSubject
      ? { principal: uid, action, resource: fixed.uid, context }
      : { principal: fixed.uid, action, resource: uid, context }
  const wanted = { type: rule.entity, afterId: after, limit: maxExamined, question }
  for await (const entity of entities.candidates(wanted)) {
    facts.show(entity)
    const { uid } = entity
    yield {
      place: uid.id,
      result: { type, id: uid.id },
      isAllowed: () => judge.isAllowed(requestFor(uid), facts),
    }
  }
}

/** Each action in turn, without properties: which ones a caller will give is not known. */
async function* actionCandidates(
  question: ActionQuestion,
  after: string | undefined,
  judge: Judge,
  actions: ActionNames,
): AsyncGenerator<Candidate<Found>> {
  const { vocabulary, entities } = judge
  const uids = [question.subject, question.resource].map((named) => vocabulary.entity(named)?.uid)
  const [subjectUid, resourceUid] = uids
  if (subjectUid === undefined || resourceUid === undefined) return
  const names = actions(subjectUid.type, resourceUid.type)
  const stored = await entities.open([
    subjectUid,
    resourceUid,
    ...names.map((name) => vocabulary.action(name)),
  ])
  const facts = judge.factsOver(stored)
  const subject = judge.introduce(question.subject, facts)
  const resource = judge.introduce(question.resource, facts)
  if (subject === undefined || resource === undefined) return
  const start = after === undefined ? 0 : Number(after) + 1
  for (const [at, name] of names.entries()) {
    if (at < start) continue
    yield {
      place: String(at),
      result: { name },
      isAllowed: () => {
        const action = judge.introduceAction({ name, properties: {} }, facts)
        const context = judge.contextOf(question.context, action, {})
        return judge.isAllowed({ principal: subject.uid, action, resource: resource.uid, context }, facts)
      },
    }
  }
}
