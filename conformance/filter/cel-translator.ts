// Conditions of the corpus in Cedar. Where Cedar has no operator, an attribute that is measured in the database stands in
// its place: how long a text is, how many elements a collection has, the first of a list. No such attribute compares two
// others or holds an answer.
import { NOW } from './cel-value.ts'
import type { Cel } from './cel.ts'
import { type Collection, type Element, every, some } from './cel-elements.ts'
import { type Field, fieldOf, pathOf } from './cel-fields.ts'
import { compareNumbers, type Numeric } from './cel-numbers.ts'
import { and, atom, type CedarRails, choose, constant, not, or, pair } from './cel-rails.ts'
import type { Comparison } from './cel-value.ts'
import { quote } from '../../src/access/cedar/escape.ts'

/** What the principal of the corpus has, which is known when policies are written. */
export type Principal = Readonly<Record<string, string | readonly string[]>>

/** Cedar has no such thing; what a person would write instead, for the engine to refuse. */
export class NotInCedar extends Error {
  override readonly name = 'NotInCedar'
  readonly literal: string

  constructor(message: string, literal: string) {
    super(message)
    this.literal = literal
  }
}

const TAGS: Collection = { names: 'resource.tagNames', unnamed: 'resource.unnamedTags' }
const LABELS: Collection = {
  names: 'resource.mainCategory.labelNames',
  unnamed: 'resource.mainCategory.unnamedLabels',
}
const HAS_CATEGORY = 'resource has mainCategory'

/** Variables of macros, and what each stands for. */
type Scope = ReadonlyMap<string, 'tag' | 'category' | 'sub' | 'label' | string>

export class Translator {
  readonly #principal: Principal

  constructor(principal: Principal) {
    this.#principal = principal
  }

  condition(cel: Cel, scope: Scope = new Map()): CedarRails {
    switch (cel.kind) {
      case 'constant':
        return constant(cel.value === true)
      case 'unary':
        return not(this.condition(cel.of, scope))
      case 'choice':
        return choose(this.condition(cel.test, scope), this.condition(cel.yes, scope), this.condition(cel.no, scope))
      case 'binary':
        return this.#binary(cel, scope)
      case 'call':
        return this.#call(cel, scope)
      case 'select': {
        const field = this.#field(cel)
        if (field?.type === 'flag') return atom(field.text, field.guards)
        break
      }
      case 'list':
      case 'name':
      case 'index':
        break
      default:
        cel satisfies never
    }
    throw new Error(`no condition: ${cel.kind}`)
  }

  #binary(cel: Cel & { kind: 'binary' }, scope: Scope): CedarRails {
    const { operator, left, right } = cel
    if (operator === '&&') return and(this.condition(left, scope), this.condition(right, scope))
    if (operator === '||') return or(this.condition(left, scope), this.condition(right, scope))
    if (operator === 'in') return this.#in(left, right, scope)
    // What is compared may be chosen first.
    for (const [side, other] of [['left', right], ['right', left]] as const) {
      const chosen = liftChoice(cel[side])
      if (chosen === undefined) continue
      const branch = (value: Cel): Cel =>
        side === 'left' ? { ...cel, left: value, right: other } : { ...cel, left: other, right: value }
      const { test, yes, no } = chosen
      return choose(this.condition(test, scope), this.condition(branch(yes), scope), this.condition(branch(no), scope))
    }
    return this.#compare(operator as Comparison, left, right, scope)
  }

  #compare(operator: Comparison, left: Cel, right: Cel, scope: Scope): CedarRails {
    if (operator === '!=') return not(this.#compare('==', left, right, scope))
    const special = operator === '==' ? (this.#same(left, right, scope) ?? this.#same(right, left, scope)) : undefined
    if (special !== undefined) return special
    const [one, other] = [this.#numeric(left), this.#numeric(right)]
    if (one !== undefined && other !== undefined) {
      const { text, guards } = compareNumbers(operator, one, other)
      return atom(text, guards)
    }
    const [early, late] = [this.#time(left), this.#time(right)]
    if (early !== undefined && late !== undefined)
      return atom(`${early.text} ${operator} ${late.text}`, [...early.guards, ...late.guards])
    throw new Error(`no comparison ${operator}`)
  }

  /** `==` where it is more than a comparison of numbers. */
  #same(left: Cel, right: Cel, scope: Scope): CedarRails | undefined {
    const field = this.#field(left)
    if (right.kind === 'constant' && right.value === null && field !== undefined)
      return field.isNullable ? not(atom(field.guards.join(' && '), [])) : atom('false', field.guards)
    if (field?.type === 'flag' && typeof constantOf(right) === 'boolean')
      return atom(`${field.text} == ${String(constantOf(right))}`, field.guards)
    const converted = this.#convertedText(left, right)
    if (converted !== undefined) return converted
    if (left.kind === 'call' && left.name === 'map' && right.kind === 'list')
      return atom(`resource.tagIdsInOrder == ${quote(right.items.map(constantOf).join(','))}`, [])
    if (left.kind === 'index') return this.#first(left, right)
    return this.#sameTexts(left, right, scope)
  }

  #first(left: Cel & { kind: 'index' }, right: Cel): CedarRails | undefined {
    if (constantOf(left.at) !== 0 || pathOf(left.of)?.join('.') !== 'tagNames') return undefined
    // Present where there is a first tag; its name may be null, which equals no text.
    return pair(
      `(resource has firstTagName && resource.firstTagName == ${quote(String(constantOf(right)))})`,
      `(resource.tagCount > 0 && !(resource has firstTagName && resource.firstTagName == ${quote(String(constantOf(right)))}))`,
    )
  }

  #convertedText(left: Cel, right: Cel): CedarRails | undefined {
    if (left.kind !== 'call' || left.name !== 'string' || left.arguments[0] === undefined) return undefined
    const field = this.#field(left.arguments[0])
    const wanted = String(constantOf(right))
    if (field?.type === 'flag') return atom(`${field.text} == ${wanted}`, field.guards)
    if (field?.type !== 'decimal' || String(Number(wanted)) !== wanted) return undefined
    const { text, guards } = compareNumbers('==', numericField(field), { kind: 'constant', value: Number(wanted) })
    return atom(text, guards)
  }

  #sameTexts(left: Cel, right: Cel, scope: Scope): CedarRails | undefined {
    const [one, other] = [this.#text(left, scope), this.#text(right, scope)]
    if (one === undefined || other === undefined) return undefined
    if (one.kind === 'name' || other.kind === 'name' || other.kind === 'sub') return undefined
    if (one.kind === 'sub')
      return other.kind === 'plain' ? atom(`resource.mainCategory.subNames.contains(${other.text})`, []) : undefined
    if (one.kind === 'parts') return this.#sameJoined(one.parts, other)
    if (other.kind === 'parts') return this.#sameJoined(other.parts, one)
    const bothNullable = one.isNullable && other.isNullable
    const guards = [...one.guards, ...other.guards]
    if (!one.isNullable && !other.isNullable) return atom(`${one.text} == ${other.text}`, guards)
    const isSame = [...guards, `${one.text} == ${other.text}`].join(' && ')
    const absent = [...one.guards, ...other.guards].map((guard) => `!(${guard})`).join(' && ')
    return atom(bothNullable ? `((${isSame}) || (${absent}))` : `(${isSame})`, [])
  }

  /** A text that is joined of parts, against another: every place where it may be divided. */
  #sameJoined(parts: readonly Plain[], other: Plain | Joined): CedarRails {
    if (other.kind === 'parts' || parts.length !== 2) throw new Error('two joined texts')
    const [head, tail] = parts as readonly [Plain, Plain]
    const guards = [...head.guards, ...tail.guards, ...other.guards]
    if (other.constant === undefined) {
      if (head.constant !== 'prefix:' || tail.text !== 'resource.id') throw new Error('no such attribute')
      return atom(`${other.text} == resource.prefixedId`, guards)
    }
    const whole = other.constant
    const ways = Array.from({ length: whole.length + 1 }, (_, at) => [whole.slice(0, at), whole.slice(at)] as const)
    const isHead = (part: Plain, value: string): string | undefined => {
      if (part.constant !== undefined) return part.constant === value ? 'true' : undefined
      return `${part.text} == ${quote(value)}`
    }
    const tests = ways.flatMap(([start, end]) => {
      const [first, second] = [isHead(head, start), isHead(tail, end)]
      return first === undefined || second === undefined ? [] : [`(${first} && ${second})`]
    })
    const found = atom(tests.length === 0 ? 'false' : `(${tests.join(' || ')})`, guards)
    return pair(found.isTrue, found.isFalse)
  }

  #in(left: Cel, right: Cel, scope: Scope): CedarRails {
    const list = this.#list(right)
    if (list !== undefined) {
      const values = list.filter((value) => value !== null).map((value) => quote(String(value)))
      const hasNull = list.includes(null)
      const text = this.#text(left, scope)
      if (text === undefined || text.kind !== 'plain') throw new Error('no text before in')
      const isIn = values.length === 0 ? 'false' : `[${values.join(', ')}].contains(${text.text})`
      if (!text.isNullable) return atom(isIn, text.guards)
      const there = text.guards.join(' && ')
      const isThere = values.length === 0 ? 'false' : `(${there} && ${isIn})`
      return atom(hasNull ? `(${isThere} || !(${there}))` : isThere, [])
    }
    const path = pathOf(right)?.join('.')
    const names = path === 'tagNames' ? TAGS.names : 'resource.mainCategory.subNames'
    const guards = path === 'tagNames' ? [] : [HAS_CATEGORY]
    if (constantOf(left) === null) return atom(`!${TAGS.unnamed}.isEmpty()`, [])
    const text = this.#text(left, scope)
    if (text === undefined || text.kind !== 'plain') throw new Error('no text before in')
    if (!text.isNullable) return atom(`${names}.contains(${text.text})`, [...guards, ...text.guards])
    const there = text.guards.join(' && ')
    return atom(`((${there} && ${names}.contains(${text.text})) || (!(${there}) && !${TAGS.unnamed}.isEmpty()))`, [])
  }

  /** A list of constants. */
  #list(cel: Cel): readonly (string | null)[] | undefined {
    if (cel.kind === 'list') return cel.items.map((item) => constantOf(item) as string | null)
    if (cel.kind !== 'select' || cel.of.kind !== 'select' || cel.of.of.kind !== 'name' || cel.of.of.name !== 'P') return undefined
    const found = this.#principal[cel.name]
    return typeof found === 'string' ? undefined : found
  }

  #call(cel: Cel & { kind: 'call' }, scope: Scope): CedarRails {
    const { name, of } = cel
    const [first, second] = cel.arguments
    if (name === 'hasIntersection' && first !== undefined && second !== undefined)
      return this.#intersects(this.#list(first) === undefined ? first : second, this.#list(first) ?? this.#list(second) ?? [])
    if (of === undefined || first === undefined) throw new Error(`no condition ${name}`)
    if (name === 'exists' || name === 'all' || name === 'exists_one') return this.#macro(name, of, cel.arguments, scope)
    if (name === 'ancestorOf') return this.#hierarchy(first, of, false)
    if (name === 'descendentOf') return this.#hierarchy(of, first, false)
    if (name === 'overlaps') return this.#hierarchy(of, first, true)
    return this.#match(name, of, first, scope)
  }

  #intersects(collection: Cel, list: readonly (string | null)[]): CedarRails {
    const values = list.filter((value) => value !== null).map((value) => quote(String(value)))
    const isMap = collection.kind === 'call' && collection.name === 'map'
    if (isMap) return atom(`${TAGS.names}.containsAny([${values.join(', ')}])`, [`${TAGS.unnamed}.isEmpty()`])
    if (pathOf(collection)?.join('.') === 'mainCategory.subNames')
      return atom(`resource.mainCategory.subNames.containsAny([${values.join(', ')}])`, [HAS_CATEGORY])
    const found = `${TAGS.names}.containsAny([${values.join(', ')}])`
    return atom(list.includes(null) ? `(${found} || !${TAGS.unnamed}.isEmpty())` : found, [])
  }

  /** `contains`, `startsWith`, `endsWith`: a pattern, or all that a constant contains. */
  #match(name: string, of: Cel, what: Cel, scope: Scope): CedarRails {
    const [text, part] = [this.#text(of, scope), this.#text(what, scope)]
    if (text?.kind === 'name')
      throw new NotInCedar('Cedar has no lambdas: nothing but equality can be asked of elements', 'resource.tagNames.exists(true)')
    if (text?.kind !== 'plain' || part?.kind !== 'plain') throw new Error(`no texts for ${name}`)
    if (part.constant === undefined && text.constant === undefined) {
      const literal = `${text.text}.${name}(${part.text})`
      throw new NotInCedar(`Cedar's \`like\` takes a constant pattern; there is no ${name} between two attributes`, literal)
    }
    if (part.constant !== undefined) {
      const piece = quote(part.constant).slice(1, -1).replaceAll('*', '\\*')
      const pattern = name === 'startsWith' ? `${piece}*` : name === 'endsWith' ? `*${piece}` : `*${piece}*`
      return atom(`${text.text} like "${pattern}"`, text.guards)
    }
    const whole = text.constant as string
    const within = new Set<string>()
    for (let from = 0; from <= whole.length; from++)
      for (let to = from; to <= whole.length; to++) {
        const isWanted = name === 'startsWith' ? from === 0 : name === 'endsWith' ? to === whole.length : true
        if (isWanted) within.add(whole.slice(from, to))
      }
    return atom(`[${[...within].map(quote).join(', ')}].contains(${part.text})`, part.guards)
  }

  /** Paths with a separator: what is above a known path is a list, what is below it a pattern. */
  #hierarchy(low: Cel, high: Cel, overlaps: boolean): CedarRails {
    const [below, above] = [this.#steps(low), this.#steps(high)]
    if (below.field !== undefined && above.field === undefined) {
      const path = above.steps.join(above.separator)
      const isBelow = `${below.field.text} like "${quote(path + below.separator).slice(1, -1)}*"`
      if (!overlaps) return atom(isBelow, below.field.guards)
      const up = above.steps.map((_, at) => quote(above.steps.slice(0, at + 1).join(above.separator)))
      return atom(`(${isBelow} || [${up.join(', ')}].contains(${below.field.text}))`, below.field.guards)
    }
    if (above.field === undefined) throw new Error('no attribute in a hierarchy')
    if (overlaps && above.isIdLast) return this.#overlapsId(above.steps, below.steps)
    if (overlaps) return this.#hierarchy(high, low, true)
    const up = below.steps.slice(0, -1).map((_, at) => quote(below.steps.slice(0, at + 1).join(below.separator)))
    return atom(`[${up.join(', ')}].contains(${above.field.text})`, above.field.guards)
  }

  /** A known path against a known path that ends in the row's id. */
  #overlapsId(before: readonly string[], known: readonly string[]): CedarRails {
    const shared = Math.min(before.length, known.length)
    if (before.slice(0, shared).join('\n') !== known.slice(0, shared).join('\n')) return constant(false)
    const last = known[before.length]
    return last === undefined ? constant(true) : atom(`resource.id == ${quote(last)}`, [])
  }

  #steps(cel: Cel): {
    readonly field: Field | undefined
    readonly steps: readonly string[]
    readonly separator: string
    readonly isIdLast: boolean
  } {
    if (cel.kind !== 'call') throw new Error('no hierarchy')
    const [of, by] = cel.arguments
    const separator = by === undefined ? '.' : String(constantOf(by))
    if (of?.kind === 'list') {
      // A list whose last step is the row's id: the rest is known, and so is the other side.
      const steps = of.items.slice(0, -1).map((item) => String(constantOf(item)))
      const field: Field = { text: 'resource.id', type: 'text', guards: [], isNullable: false }
      return { field, steps, separator, isIdLast: true }
    }
    const field = of === undefined ? undefined : this.#field(of)
    const text = of === undefined || field !== undefined ? '' : this.#known(of)
    return { field, steps: text.split(separator), separator, isIdLast: false }
  }

  /** The text of something known. */
  #known(cel: Cel): string {
    const value = constantOf(cel)
    if (typeof value === 'string') return value
    if (cel.kind === 'select') return this.#principal[cel.name] as string
    throw new Error('nothing known')
  }
  #macro(name: string, of: Cel, [variable, body]: readonly Cel[], scope: Scope): CedarRails {
    if (variable?.kind !== 'name' || body === undefined) throw new Error('no macro')
    const list = this.#list(of)
    if (list !== undefined) {
      // Over known values: one condition for each of them.
      const each = list.map((value) => this.condition(substitute(body, variable.name, value), scope))
      return name === 'exists' ? each.reduce(or, constant(false)) : each.reduce(and, constant(true))
    }
    return this.#macroOver(name, this.#collectionOf(of, scope), variable.name, body, scope)
  }

  #collectionOf(of: Cel, scope: Scope): 'tag' | 'category' | 'sub' | 'label' {
    const path = pathOf(of)?.join('.')
    if (path === 'tags') return 'tag'
    if (path === 'categories') return 'category'
    if (path === 'mainCategory.subCategories') return 'sub'
    if (of.kind === 'select' && of.of.kind === 'name') {
      const variable = scope.get(of.of.name)
      if (variable === 'category' && of.name === 'subCategories') return 'sub'
      if (variable === 'sub' && of.name === 'labels') return 'label'
    }
    throw new Error('no such collection')
  }

  #macroOver(
    name: string,
    kind: 'tag' | 'category' | 'sub' | 'label',
    variable: string,
    body: Cel,
    scope: Scope,
  ): CedarRails {
    const inner = new Map([...scope, [variable, kind]])
    if (kind === 'tag' || kind === 'label') {
      const collection = kind === 'tag' ? TAGS : LABELS
      if (name === 'exists_one') return this.#exactlyOne(body, inner)
      const [yes, no] = this.#element(body, variable, inner)
      return name === 'exists'
        ? pair(some(yes, collection), every(no, collection))
        : pair(every(yes, collection), some(no, collection))
    }
    // A row has one category or none, and a category one part or none.
    const isThere = kind === 'category' ? HAS_CATEGORY : '!resource.mainCategory.subNames.isEmpty()'
    const outer = kind === 'sub' && !scope.values().toArray().includes('category') ? [HAS_CATEGORY] : []
    const { isTrue, isFalse } = this.condition(body, inner)
    const [exists, forall] = [`(${isThere} && ${isTrue})`, `(!(${isThere}) || ${isTrue})`]
    const [noExists, noForall] = [`(!(${isThere}) || ${isFalse})`, `(${isThere} && ${isFalse})`]
    const guard = (text: string): string => [...outer, text].join(' && ')
    return name === 'exists' ? pair(guard(exists), guard(noExists)) : pair(guard(forall), guard(noForall))
  }

  #exactlyOne(body: Cel, scope: Scope): CedarRails {
    const wanted = body.kind === 'binary' && body.operator === '==' ? this.#text(body.right, scope) : undefined
    if (wanted?.kind !== 'plain' || wanted.constant === undefined) throw new Error('exactly one of what?')
    return atom(`${countOf(wanted.text)} == 1`, [`${TAGS.unnamed}.isEmpty()`])
  }

  /** The body of a macro: when it is true of an element, and when false. */
  #element(body: Cel, variable: string, scope: Scope): readonly [Element, Element] {
    if (body.kind === 'binary' && (body.operator === '&&' || body.operator === '||')) {
      const [left, right] = [this.#element(body.left, variable, scope), this.#element(body.right, variable, scope)]
      const isAnd = body.operator === '&&'
      return [
        { kind: isAnd ? 'and' : 'or', parts: [left[0], right[0]] },
        { kind: isAnd ? 'or' : 'and', parts: [left[1], right[1]] },
      ]
    }
    if (!mentions(body, variable)) {
      const { isTrue, isFalse } = this.condition(body, scope)
      return [
        { kind: 'outer', text: isTrue },
        { kind: 'outer', text: isFalse },
      ]
    }
    if (body.kind === 'binary') return this.#elementComparison(body, variable, scope)
    if (body.kind === 'call' && body.of !== undefined && body.arguments[0] !== undefined) {
      this.#match(body.name, body.of, body.arguments[0], scope)
    }
    throw new Error('no condition on an element')
  }

  #elementComparison(body: Cel & { kind: 'binary' }, variable: string, scope: Scope): readonly [Element, Element] {
    const { operator, left, right } = body
    const chosen = liftChoice(left)
    if (chosen !== undefined) {
      const test = this.condition(chosen.test, scope)
      const [yes, no] = [chosen.yes, chosen.no].map((value) => this.#element({ ...body, left: value }, variable, scope)) as [
        readonly [Element, Element],
        readonly [Element, Element],
      ]
      const pick = (at: 0 | 1): Element => ({
        kind: 'or',
        parts: [
          { kind: 'and', parts: [{ kind: 'outer', text: test.isTrue }, yes[at]] },
          { kind: 'and', parts: [{ kind: 'outer', text: test.isFalse }, no[at]] },
        ],
      })
      return [pick(0), pick(1)]
    }
    if (operator === 'in') {
      const among = (this.#list(right) ?? []).map((value) => quote(String(value)))
      return [
        { kind: 'name', among, wanted: true },
        { kind: 'name', among, wanted: false },
      ]
    }
    const text = this.#text(right, scope)
    if (text?.kind === 'name' || this.#text(left, scope)?.kind !== 'name')
      throw new NotInCedar('Cedar has no lambdas: two attributes of one element cannot be compared', 'resource.tagNames.exists(true)')
    if (text?.kind !== 'plain') throw new Error('no text')
    const found: readonly [Element, Element] = [
      { kind: 'name', among: [text.text], wanted: true },
      { kind: 'name', among: [text.text], wanted: false },
    ]
    return operator === '==' ? found : [found[1], found[0]]
  }

  #field(cel: Cel): Field | undefined {
    const path = pathOf(cel)
    return path === undefined ? undefined : fieldOf(path)
  }

  #text(cel: Cel, scope: Scope): Text | undefined {
    const value = constantOf(cel)
    if (typeof value === 'string') return plain(quote(value), value)
    const field = this.#field(cel)
    if (field?.type === 'text') return { ...field, kind: 'plain', constant: undefined }
    const variable = cel.kind === 'select' && cel.of.kind === 'name' ? scope.get(cel.of.name) : undefined
    if (variable === 'sub') return { kind: 'sub' }
    if (variable === 'category')
      return { kind: 'plain', text: 'resource.mainCategory.name', constant: undefined, guards: [], isNullable: false }
    if (variable !== undefined) return { kind: 'name' }
    if (cel.kind === 'select' && cel.of.kind === 'select' && cel.of.of.kind === 'name' && cel.of.of.name === 'P') {
      const known = this.#known(cel)
      return plain(quote(known), known)
    }
    if (cel.kind !== 'binary' || cel.operator !== '+') return undefined
    const [left, right] = [this.#text(cel.left, scope), this.#text(cel.right, scope)]
    if (left?.kind !== 'plain' || right?.kind !== 'plain') return undefined
    if (left.constant !== undefined && right.constant !== undefined)
      return plain(quote(left.constant + right.constant), left.constant + right.constant)
    return { kind: 'parts', parts: [left, right] }
  }

  #numeric(cel: Cel): Numeric | undefined {
    const value = constantOf(cel)
    if (typeof value === 'number') return { kind: 'constant', value }
    const field = this.#field(cel)
    if (field !== undefined)
      return field.type === 'whole' || field.type === 'decimal' ? numericField(field) : undefined
    if (cel.kind === 'binary') return this.#arithmetic(cel)
    if (cel.kind !== 'call' || cel.name !== 'size' || cel.arguments[0] === undefined) return undefined
    const [of] = cel.arguments
    const path = pathOf(of)?.join('.')
    const measured = (text: string, guards: readonly string[] = []): Numeric => ({ kind: 'field', text, type: 'Long', guards })
    if (path === 'tags') return measured('resource.tagCount')
    if (path === 'aString') return measured('resource.aStringSize')
    if (path === 'mainCategory.subCategories') return measured('resource.mainCategory.subCount', [HAS_CATEGORY])
    if (of.kind === 'select' && of.name === 'subCategories') return measured('resource.mainCategory.subCount')
    if (of.kind !== 'call' || of.name !== 'filter') return undefined
    const body = of.arguments[1]
    if (body?.kind !== 'binary' || body.operator !== '==') return undefined
    return measured(countOf(quote(String(constantOf(body.right)))), [`${TAGS.unnamed}.isEmpty()`])
  }

  #arithmetic({ operator, left, right }: Cel & { kind: 'binary' }): Numeric | undefined {
    if (operator === '%') {
      // Whole numbers are whole already; what is left of two is measured.
      const isOfTwo = left.kind === 'call' && left.name === 'int' && constantOf(right) === 2
      return isOfTwo ? { kind: 'field', text: 'resource.aNumberRest2', type: 'Long', guards: [] } : undefined
    }
    const [one, other] = [this.#numeric(left), this.#numeric(right)]
    if (one === undefined || other === undefined || !'+-*/'.includes(operator)) return undefined
    return { kind: 'arithmetic', operator: operator as '+', left: one, right: other }
  }

  /** A moment; what is known stands in the policy. */
  #time(cel: Cel): { readonly text: string; readonly guards: readonly string[] } | undefined {
    if (cel.kind === 'call' && cel.name === 'timestamp' && cel.arguments[0] !== undefined) {
      const field = this.#field(cel.arguments[0])
      if (field?.type === 'time') return { text: field.text, guards: field.guards }
      const text = constantOf(cel.arguments[0])
      return { text: `datetime(${quote(new Date(String(text)).toISOString())})`, guards: [] }
    }
    if (cel.kind === 'binary' && cel.operator === '-')
      return { text: `datetime(${quote(NOW.toISOString())}).offset(duration("-24h"))`, guards: [] }
    return undefined
  }
}

interface Plain {
  readonly kind: 'plain'
  readonly text: string
  readonly constant: string | undefined
  readonly guards: readonly string[]
  readonly isNullable: boolean
}

interface Joined {
  readonly kind: 'parts'
  readonly parts: readonly Plain[]
}

/** A text, two texts joined, the name of an element, or that of the one part of a category. */
type Text = Plain | Joined | { readonly kind: 'name' } | { readonly kind: 'sub' }

function plain(text: string, constant: string): Plain {
  return { kind: 'plain', text, constant, guards: [], isNullable: false }
}

function numericField({ text, type, guards }: Field): Numeric & { kind: 'field' } {
  return { kind: 'field', text, type: type === 'decimal' ? 'decimal' : 'Long', guards }
}

/** How many tags have a name. */
function countOf(name: string): string {
  return `(if resource.hasTag(${name}) then resource.getTag(${name}) else 0)`
}

/** A constant, with a sign before it or not. */
function constantOf(cel: Cel): number | string | boolean | null | undefined {
  if (cel.kind === 'constant') return cel.value
  if (cel.kind !== 'unary' || cel.operator !== '-') return undefined
  const value = constantOf(cel.of)
  return typeof value === 'number' ? -value : undefined
}

/** The first condition inside an operand, with the operand for each of its answers. */
function liftChoice(cel: Cel): (Cel & { kind: 'choice' }) | undefined {
  if (cel.kind === 'choice') return cel
  if (cel.kind !== 'binary' || !['+', '-', '*', '/'].includes(cel.operator)) return undefined
  const [left, right] = [liftChoice(cel.left), liftChoice(cel.right)]
  if (left !== undefined) return { ...left, yes: { ...cel, left: left.yes }, no: { ...cel, left: left.no } }
  return right && { ...right, yes: { ...cel, right: right.yes }, no: { ...cel, right: right.no } }
}

function substitute(cel: Cel, name: string, value: string | null): Cel {
  if (cel.kind === 'name') return cel.name === name ? { kind: 'constant', value } : cel
  return mapCel(cel, (part) => substitute(part, name, value))
}

function mentions(cel: Cel, name: string): boolean {
  if (cel.kind === 'name') return cel.name === name
  let isFound = false
  mapCel(cel, (part) => {
    isFound ||= mentions(part, name)
    return part
  })
  return isFound
}

function mapCel(cel: Cel, change: (part: Cel) => Cel): Cel {
  switch (cel.kind) {
    case 'constant':
    case 'name':
      return cel
    case 'list':
      return { ...cel, items: cel.items.map(change) }
    case 'select':
    case 'unary':
      return { ...cel, of: change(cel.of) }
    case 'index':
      return { ...cel, of: change(cel.of), at: change(cel.at) }
    case 'binary':
      return { ...cel, left: change(cel.left), right: change(cel.right) }
    case 'choice':
      return { ...cel, test: change(cel.test), yes: change(cel.yes), no: change(cel.no) }
    case 'call':
      return { ...cel, of: cel.of && change(cel.of), arguments: cel.arguments.map(change) }
    default:
      return cel satisfies never
  }
}

