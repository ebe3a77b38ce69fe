// Conditions of the corpus in Cedar. Where Cedar has no operator, an attribute that is measured in the database stands in
// its place: how long a text is, how many elements a collection has, the first of a list. No such attribute compares two
// others or holds an answer.
import { quote } from '../../src/access/cedar/escape.ts'
import type { Cel } from './cel.ts'
import { type Collection, type Element, every, some } from './cel-elements.ts'
import { fieldAt, pathOf } from './cel-fields.ts'
import { hierarchy } from './cel-hierarchy.ts'
import { compareNumbers } from './cel-numbers.ts'
import { countOf, HAS_CATEGORY, numericField, numericOf, TAGS, timeOf } from './cel-operands.ts'
import { and, atom, type CedarRails, choose, constant, not, or, pair } from './cel-rails.ts'
import { listOf, match, NotInCedar, type Principal, sameJoined, type Scope, textOf } from './cel-text.ts'
import type { Comparison } from './cel-value.ts'
import { constantOf, liftChoice, mentions, substitute } from './cel-walk.ts'

const LABELS: Collection = {
  names: 'resource.mainCategory.labelNames',
  unnamed: 'resource.mainCategory.unnamedLabels',
}

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
        return choose(
          this.condition(cel.test, scope),
          this.condition(cel.yes, scope),
          this.condition(cel.no, scope),
        )
      case 'binary':
        return this.#binary(cel, scope)
      case 'call':
        return this.#call(cel, scope)
      case 'select': {
        const field = fieldAt(cel)
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
    for (const [side, other] of [
      ['left', right],
      ['right', left],
    ] as const) {
      const chosen = liftChoice(cel[side])
      if (chosen === undefined) continue
      const branch = (value: Cel): Cel =>
        side === 'left' ? { ...cel, left: value, right: other } : { ...cel, left: other, right: value }
      const { test, yes, no } = chosen
      return choose(
        this.condition(test, scope),
        this.condition(branch(yes), scope),
        this.condition(branch(no), scope),
      )
    }
    return this.#compare(operator as Comparison, left, right, scope)
  }

  #compare(operator: Comparison, left: Cel, right: Cel, scope: Scope): CedarRails {
    if (operator === '!=') return not(this.#compare('==', left, right, scope))
    const special =
      operator === '==' ? (this.#same(left, right, scope) ?? this.#same(right, left, scope)) : undefined
    if (special !== undefined) return special
    const [one, other] = [numericOf(left), numericOf(right)]
    if (one !== undefined && other !== undefined) {
      const { text, guards } = compareNumbers(operator, one, other)
      return atom(text, guards)
    }
    const [early, late] = [timeOf(left), timeOf(right)]
    if (early !== undefined && late !== undefined)
      return atom(`${early.text} ${operator} ${late.text}`, [...early.guards, ...late.guards])
    throw new Error(`no comparison ${operator}`)
  }

  /** `==` where it is more than a comparison of numbers. */
  #same(left: Cel, right: Cel, scope: Scope): CedarRails | undefined {
    const field = fieldAt(left)
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
    const field = fieldAt(left.arguments[0])
    const wanted = String(constantOf(right))
    if (field?.type === 'flag') return atom(`${field.text} == ${wanted}`, field.guards)
    if (field?.type !== 'decimal' || String(Number(wanted)) !== wanted) return undefined
    const { text, guards } = compareNumbers('==', numericField(field), {
      kind: 'constant',
      value: Number(wanted),
    })
    return atom(text, guards)
  }

  #sameTexts(left: Cel, right: Cel, scope: Scope): CedarRails | undefined {
    const [one, other] = [textOf(left, scope, this.#principal), textOf(right, scope, this.#principal)]
    if (one === undefined || other === undefined) return undefined
    if (one.kind === 'name' || other.kind === 'name' || other.kind === 'sub') return undefined
    if (one.kind === 'sub')
      return other.kind === 'plain'
        ? atom(`resource.mainCategory.subNames.contains(${other.text})`, [])
        : undefined
    if (one.kind === 'parts') return sameJoined(one.parts, other)
    if (other.kind === 'parts') return sameJoined(other.parts, one)
    const bothNullable = one.isNullable && other.isNullable
    const guards = [...one.guards, ...other.guards]
    if (!one.isNullable && !other.isNullable) return atom(`${one.text} == ${other.text}`, guards)
    const isSame = [...guards, `${one.text} == ${other.text}`].join(' && ')
    const absent = [...one.guards, ...other.guards].map((guard) => `!(${guard})`).join(' && ')
    return atom(bothNullable ? `((${isSame}) || (${absent}))` : `(${isSame})`, [])
  }

  #in(left: Cel, right: Cel, scope: Scope): CedarRails {
    const list = listOf(right, this.#principal)
    if (list !== undefined) {
      const values = list.filter((value) => value !== null).map(quote)
      const hasNull = list.includes(null)
      const text = textOf(left, scope, this.#principal)
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
    const text = textOf(left, scope, this.#principal)
    if (text === undefined || text.kind !== 'plain') throw new Error('no text before in')
    if (!text.isNullable) return atom(`${names}.contains(${text.text})`, [...guards, ...text.guards])
    const there = text.guards.join(' && ')
    return atom(
      `((${there} && ${names}.contains(${text.text})) || (!(${there}) && !${TAGS.unnamed}.isEmpty()))`,
      [],
    )
  }

  #call(cel: Cel & { kind: 'call' }, scope: Scope): CedarRails {
    const { name, of } = cel
    const [first, second] = cel.arguments
    if (name === 'hasIntersection' && first !== undefined && second !== undefined)
      return this.#intersects(
        listOf(first, this.#principal) === undefined ? first : second,
        listOf(first, this.#principal) ?? listOf(second, this.#principal) ?? [],
      )
    if (of === undefined || first === undefined) throw new Error(`no condition ${name}`)
    if (name === 'exists' || name === 'all' || name === 'exists_one')
      return this.#macro(name, of, cel.arguments, scope)
    if (name === 'ancestorOf') return hierarchy(first, of, false, this.#principal)
    if (name === 'descendentOf') return hierarchy(of, first, false, this.#principal)
    if (name === 'overlaps') return hierarchy(of, first, true, this.#principal)
    return match(name, textOf(of, scope, this.#principal), textOf(first, scope, this.#principal))
  }

  #intersects(collection: Cel, list: readonly (string | null)[]): CedarRails {
    const values = list.filter((value) => value !== null).map(quote)
    const isMap = collection.kind === 'call' && collection.name === 'map'
    if (isMap) return atom(`${TAGS.names}.containsAny([${values.join(', ')}])`, [`${TAGS.unnamed}.isEmpty()`])
    if (pathOf(collection)?.join('.') === 'mainCategory.subNames')
      return atom(`resource.mainCategory.subNames.containsAny([${values.join(', ')}])`, [HAS_CATEGORY])
    const found = `${TAGS.names}.containsAny([${values.join(', ')}])`
    return atom(list.includes(null) ? `(${found} || !${TAGS.unnamed}.isEmpty())` : found, [])
  }

  #macro(name: string, of: Cel, [variable, body]: readonly Cel[], scope: Scope): CedarRails {
    if (variable?.kind !== 'name' || body === undefined) throw new Error('no macro')
    const list = listOf(of, this.#principal)
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
    const wanted =
      body.kind === 'binary' && body.operator === '=='
        ? textOf(body.right, scope, this.#principal)
        : undefined
    if (wanted?.kind !== 'plain' || wanted.constant === undefined) throw new Error('exactly one of what?')
    return atom(`${countOf(wanted.text)} == 1`, [`${TAGS.unnamed}.isEmpty()`])
  }

  /** The body of a macro: when it is true of an element, and when false. */
  #element(body: Cel, variable: string, scope: Scope): readonly [Element, Element] {
    if (body.kind === 'binary' && (body.operator === '&&' || body.operator === '||')) {
      const [left, right] = [
        this.#element(body.left, variable, scope),
        this.#element(body.right, variable, scope),
      ]
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
      match(
        body.name,
        textOf(body.of, scope, this.#principal),
        textOf(body.arguments[0], scope, this.#principal),
      )
    }
    throw new Error('no condition on an element')
  }

  #elementComparison(
    body: Cel & { kind: 'binary' },
    variable: string,
    scope: Scope,
  ): readonly [Element, Element] {
    const { operator, left, right } = body
    const chosen = liftChoice(left)
    if (chosen !== undefined) {
      const test = this.condition(chosen.test, scope)
      const [yes, no] = [chosen.yes, chosen.no].map((value) =>
        this.#element({ ...body, left: value }, variable, scope),
      ) as [readonly [Element, Element], readonly [Element, Element]]
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
      const among = (listOf(right, this.#principal) ?? []).map((value) => quote(String(value)))
      return [
        { kind: 'name', among, wanted: true },
        { kind: 'name', among, wanted: false },
      ]
    }
    const text = textOf(right, scope, this.#principal)
    if (text?.kind === 'name' || textOf(left, scope, this.#principal)?.kind !== 'name')
      throw new NotInCedar(
        'Cedar has no lambdas: two attributes of one element cannot be compared',
        'resource.tagNames.exists(true)',
      )
    if (text?.kind !== 'plain') throw new Error('no text')
    const found: readonly [Element, Element] = [
      { kind: 'name', among: [text.text], wanted: true },
      { kind: 'name', among: [text.text], wanted: false },
    ]
    return operator === '==' ? found : [found[1], found[0]]
  }
}
