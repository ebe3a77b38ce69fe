export { AddressList, parseAddressList } from './address-list.ts'
export { type ListReport, ListSchedule, type ListSource } from './address-list-schedule.ts'
export { botPolicy, BotWatch, DEFAULT_BOT_ACTIONS } from './bots.ts'
export type { NameResolver } from './bots-names.ts'
export {
  answerChallenge,
  CHALLENGE_PATH,
  type ChallengeAnswer,
  type ChallengedClient,
  type ChallengeParts,
  challengeReply,
  readChallengeAnswer,
  readPasses,
} from './challenge-page.ts'
export {
  type ClientHello,
  HELLO_BOUNDS,
  type HelloReading,
  isGrease,
  readClientHello,
} from './client-hello.ts'
export { ConnectionCaps, type ConnectionLimits, ConnectionRate } from './connection-caps.ts'
export { Geography, geoVerdict } from './geography.ts'
export { ja4, ja4Raw } from './ja4.ts'
export {
  CHALLENGE_RULES,
  type ChallengeDesk,
  type ChallengeRules,
  DelayedGate,
  type DelayedLimits,
  issueChallenge,
  issuePass,
  type PassKind,
  type PassVerdict,
  verifyDelayed,
  verifyPass,
  verifySolution,
} from './proof-of-work.ts'
export { bodyTargets } from './body-targets.ts'
export {
  type PerimeterConfig,
  type PerimeterRouteConfig,
  perimeterRouteKeys,
  perimeterSchema,
} from './config.ts'
export { findScripting } from './cross-site-scripting.ts'
export { Engine, type EngineParts } from './engine/engine.ts'
export type { Interruption, RequestFacts, ResponseFacts, RuleMatch } from './engine/facts.ts'
export { headTargets } from './head-targets.ts'
export { type AttackClass, inspect, inspectValue, type Match, type Target } from './inspect.ts'
export { operatorNames, OPERATORS } from './operators/table.ts'
export { findTraversal } from './path-traversal.ts'
export { type DecodeBody, judgeMalformed } from './rules-wall.ts'
export { FIRST_EXCLUSION_ID, whyNotExcludable, writeExclusion } from './seclang/exclusion.ts'
export { FIRST_PATCH_ID, type VirtualPatch, writePatch } from './seclang/patch.ts'
export { loadRules, type RuleFiles, type RuleSet } from './seclang/rule-set.ts'
export { findSqlInjection } from './sql-injection.ts'
export { openChallenge, serveChallenge, type Visitors } from './visitors-wall.ts'
export { perimeterWall } from './wall.ts'
