import type { Datetime, Duration } from './cedar/extensions/datetime.ts'
import type { Decimal } from './cedar/extensions/decimal.ts'
import type { IpAddress } from './cedar/extensions/ipaddr.ts'
import type { AccessModel, ActionName, EntityRef } from './check-model.ts'

declare const KIND: unique symbol

/** Stands for an expression of one kind. */
export interface Term<Kind> {
  readonly [KIND]: Kind
}

interface EntityKind<T extends string> {
  readonly entity: T
}

interface Equality<Other> {
  eq(other: Other): BoolTerm
  ne(other: Other): BoolTerm
}

interface Order<Other> {
  lt(other: Other): BoolTerm
  le(other: Other): BoolTerm
  gt(other: Other): BoolTerm
  ge(other: Other): BoolTerm
}

type BoolLike = boolean | BoolTerm
type LongLike = number | bigint | LongTerm
type StringLike = string | StringTerm
type DecimalLike = string | DecimalTerm
type DatetimeLike = string | Date | DatetimeTerm
type DurationLike = string | DurationTerm
type IpLike = string | IpTerm
type EntityLike<T extends string> = EntityRef<T> | Term<EntityKind<T>>

/** A Bool; `and` and `or` take any number. */
export interface BoolTerm extends Term<'Bool'>, Equality<BoolLike> {
  and(...others: BoolLike[]): BoolTerm
  or(...others: BoolLike[]): BoolTerm
  not(): BoolTerm
  ifElse<T extends Term<unknown>>(yes: T, no: T): T
}

/** A Long; arithmetic that does not fit into 64 bits makes the policy fail. */
export interface LongTerm extends Term<'Long'>, Equality<LongLike>, Order<LongLike> {
  plus(other: LongLike): LongTerm
  minus(other: LongLike): LongTerm
  times(other: LongLike): LongTerm
  negate(): LongTerm
}

/** A String. */
export interface StringTerm extends Term<'String'>, Equality<StringLike> {
  /** `*` stands for anything; `\*` is a star. */
  like(pattern: string): BoolTerm
}

/** A Set. */
export interface SetTerm<Element, Item>
  extends Term<'Set'>, Equality<readonly Item[] | SetTerm<Element, Item>> {
  contains(item: Item | Element): BoolTerm
  containsAll(items: readonly Item[] | SetTerm<Element, Item>): BoolTerm
  containsAny(items: readonly Item[] | SetTerm<Element, Item>): BoolTerm
  isEmpty(): BoolTerm
}

/** A decimal. */
export interface DecimalTerm extends Term<'decimal'>, Equality<DecimalLike>, Order<DecimalLike> {}

/** An address or a network. */
export interface IpTerm extends Term<'ipaddr'>, Equality<IpLike> {
  isIpv4(): BoolTerm
  isIpv6(): BoolTerm
  isLoopback(): BoolTerm
  isMulticast(): BoolTerm
  isInRange(network: IpLike): BoolTerm
}

/** A datetime. */
export interface DatetimeTerm extends Term<'datetime'>, Equality<DatetimeLike>, Order<DatetimeLike> {
  offset(by: DurationLike): DatetimeTerm
  durationSince(start: DatetimeLike): DurationTerm
  toDate(): DatetimeTerm
  toTime(): DurationTerm
}

/** A duration. */
export interface DurationTerm extends Term<'duration'>, Equality<DurationLike>, Order<DurationLike> {
  toMilliseconds(): LongTerm
  toSeconds(): LongTerm
  toMinutes(): LongTerm
  toHours(): LongTerm
  toDays(): LongTerm
}

interface EntityMethods<M extends AccessModel, T extends string, Attributes> extends Term<EntityKind<T>> {
  eq<Other extends string>(other: EntityLike<Other & T>): BoolTerm
  ne<Other extends string>(other: EntityLike<Other & T>): BoolTerm
  in(target: EntityLike<string> | readonly EntityLike<string>[] | Term<'Set'>): BoolTerm
  is(type: keyof M['entities'] & string): BoolTerm
  has(name: keyof Attributes & string, ...more: string[]): BoolTerm
  /** For an attribute that has the name of a method. */
  attribute<A extends keyof Attributes & string>(name: A): TermFor<M, Attributes[A]>
  hasTag(name: StringLike): BoolTerm
  tag(name: StringLike): TermFor<M, M['entities'][T]['tags']>
}

interface RecordMethods<M extends AccessModel, Attributes> extends Term<'record'> {
  has(name: keyof Attributes & string, ...more: string[]): BoolTerm
  /** For an attribute that has the name of a method. */
  attribute<A extends keyof Attributes & string>(name: A): TermFor<M, Attributes[A]>
}

/** An entity of one of these types, with the attributes that they all have. */
export type EntityTerm<M extends AccessModel, T extends string> = EntityMethods<
  M,
  T,
  M['entities'][T]['attributes']
> & {
  readonly [A in Exclude<keyof M['entities'][T]['attributes'], keyof EntityMethods<M, T, unknown>>]: TermFor<
    M,
    M['entities'][T]['attributes'][A]
  >
}

/** A record. */
export type RecordTerm<M extends AccessModel, Attributes> = RecordMethods<M, Attributes> & {
  readonly [A in Exclude<keyof Attributes, keyof RecordMethods<M, unknown>>]: TermFor<M, Attributes[A]>
}

/** The term for what the generated model says of an attribute. */
export type TermFor<M extends AccessModel, V> = TermOf<M, NonNullable<V>>

type TermOf<M extends AccessModel, V> = [V] extends [boolean]
  ? BoolTerm
  : [V] extends [number | bigint]
    ? LongTerm
    : [V] extends [string]
      ? StringTerm
      : [Extract<V, string>] extends [never]
        ? ObjectTerm<M, V>
        : TextTerm<M, Exclude<V, string>>

/** What a text may also stand for. */
type TextTerm<M extends AccessModel, V> = [V] extends [EntityRef]
  ? EntityTerm<M, V['type']>
  : [Extract<V, Datetime>] extends [never]
    ? [V] extends [Decimal]
      ? DecimalTerm
      : [V] extends [Duration]
        ? DurationTerm
        : [V] extends [IpAddress]
          ? IpTerm
          : never
    : DatetimeTerm

type ObjectTerm<M extends AccessModel, V> =
  Extract<V, readonly unknown[]> extends readonly (infer Item)[]
    ? [Extract<V, readonly unknown[]>] extends [never]
      ? RecordTerm<M, V>
      : SetTerm<TermFor<M, Item>, Item>
    : RecordTerm<M, V>

/** The action of a request. */
export interface ActionTerm<M extends AccessModel> {
  eq(action: ActionName<M>): BoolTerm
  /** An action or a group of actions. */
  in(group: string): BoolTerm
}

/** What a policy's head says of the principal or the resource: a type, or entities. */
export type ScopeInput<T extends string> =
  | T
  | { readonly is: T; readonly in?: EntityRef }
  | { readonly in: EntityRef }
  | { readonly equals: EntityRef<T> }

/** A policy's head; what is not said is not asked. */
export interface PolicyHead<A extends string, P extends string, R extends string> {
  readonly id?: string
  readonly principal?: ScopeInput<P>
  readonly action?: A | readonly A[] | { readonly in: string }
  readonly resource?: ScopeInput<R>
}

/** What a condition is made of, from what a request brings. */
export type ConditionInput<
  M extends AccessModel,
  A extends ActionName<M>,
  P extends string,
  R extends string,
> = (
  principal: EntityTerm<M, P>,
  action: ActionTerm<M>,
  resource: EntityTerm<M, R>,
  context: RecordTerm<M, M['actions'][A]['context']>,
) => BoolLike
