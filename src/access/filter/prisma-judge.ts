import type { Expr } from '../cedar/ast.ts'
import { partsOf } from '../cedar/expression.ts'
import type { EntityMapping } from './mapping.ts'
import type { DialectName } from './mapping-reader.ts'
import type { PrismaModel } from './prisma.ts'
import { reaches } from './hierarchy.ts'
import { reject, type Scene } from './staged.ts'

/** Whether an expression reads nothing of the row. */
function isKnown(expr: Expr): boolean {
  if (expr.kind === 'variable') return expr.name !== 'resource'
  return partsOf(expr).every(isKnown)
}

/**
 * Refuses what Prisma's `where` cannot say, for a row whose principal is known. It can compare a column of the row with a
 * value, and ask whether a list relation has a row; it cannot compare columns with each other, count or calculate.
 */
export function judgeForPrisma(expr: Expr, scene: Scene, model: PrismaModel, dialect: DialectName): void {
  const entity = scene.mapping.entities.get(scene.resource.type)
  if (entity !== undefined) new Judge(scene, entity, model, dialect).condition(expr)
}

class Judge {
  readonly #scene: Scene
  readonly #entity: EntityMapping
  readonly #model: PrismaModel
  readonly #dialect: DialectName

  constructor(scene: Scene, entity: EntityMapping, model: PrismaModel, dialect: DialectName) {
    this.#dialect = dialect
    this.#scene = scene
    this.#entity = entity
    this.#model = model
  }

  condition(expr: Expr): void {
    if (isKnown(expr)) return
    const { at } = expr
    switch (expr.kind) {
      case 'not':
        this.condition(expr.of)
        return
      case 'and':
      case 'or':
        for (const term of expr.terms) this.condition(term)
        return
      case 'if':
        for (const part of [expr.test, expr.yes, expr.no]) this.condition(part)
        return
      case 'has':
        if (expr.path.length > 1) reject('Prisma: ask `has` of one attribute after the other', at)
        this.#path(expr.of)
        return
      case 'attribute':
        this.#column(expr)
        return
      case 'is':
        if (expr.within !== undefined) this.#in(expr.of, expr.within, at)
        return
      case 'like':
        this.#column(expr.of)
        this.#pattern(expr.pattern, at)
        return
      case 'binary':
        this.#binary(expr)
        return
      case 'isEmpty':
        reject('Prisma: whether a set is empty cannot be asked', at)
        return
      case 'call':
        this.#call(expr)
        return
      case 'literal':
      case 'variable':
      case 'slot':
      case 'negate':
      case 'set':
      case 'record':
        reject('Prisma has no condition for this', at)
        return
      default:
        expr satisfies never
    }
  }

  #call(expr: Expr & { kind: 'call' }): void {
    const [left, right] = expr.arguments
    const isOrder = /^(?:less|greater)Than(?:OrEqual)?$/.test(expr.function)
    if (!isOrder || left === undefined || right === undefined)
      return reject(`Prisma has no condition for \`${expr.function}\``, expr.at)
    this.#comparison(left, right, expr.at)
  }

  #binary(expr: Expr & { kind: 'binary' }): void {
    const { operator, left, right, at } = expr
    switch (operator) {
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        this.#comparison(left, right, at)
        return
      case 'in':
        this.#in(left, right, at)
        return
      case 'contains':
        if (isKnown(left)) this.#column(right)
        else this.#relation(left, isKnown(right), at)
        return
      case 'containsAny':
        this.#relation(isKnown(left) ? right : left, isKnown(left) || isKnown(right), at)
        return
      case 'containsAll':
        this.#relation(left, isKnown(right), at)
        return
      case '+':
      case '-':
      case '*':
      case 'hasTag':
      case 'getTag':
        reject(`Prisma has no condition for \`${operator}\``, at)
        return
      default:
        operator satisfies never
    }
  }

  #comparison(left: Expr, right: Expr, at: number): void {
    if (!isKnown(left) && !isKnown(right)) reject('Prisma cannot compare two attributes of a row', at)
    const unknown = isKnown(left) ? right : left
    if (unknown.kind !== 'variable') this.#column(unknown)
  }

  /** What a policy's `in` may ask: of the row by one step, or of a column whether it is one of what is known. */
  #in(left: Expr, right: Expr, at: number): void {
    if (isKnown(left)) {
      this.#column(right)
      return
    }
    if (left.kind !== 'variable' || !isKnown(right))
      reject('Prisma: only the row itself can be `in` something known', at)
    const { mapping } = this.#scene
    for (const way of this.#entity.parents) {
      if (
        mapping.entities.has(way.type) &&
        [...mapping.entities.keys()].some((type) => reaches(mapping, way.type, type))
      )
        reject(`Prisma cannot follow what is above ${way.type}`, at)
      if (way.kind !== 'column') this.#table(way.table.name, at)
    }
  }

  #relation(set: Expr, isOtherKnown: boolean, at: number): void {
    if (!isOtherKnown || set.kind !== 'attribute' || set.of.kind !== 'variable')
      return reject('Prisma can only ask for known elements in a set of the row', at)
    const mapping = this.#entity.attributes.get(set.name)
    if (mapping?.kind !== 'child') return reject(`Prisma: \`${set.name}\` is not in a table of its own`, at)
    if (this.#dialect === 'mysql' && mapping.value.format === 'text')
      reject(
        'Prisma leaves comparisons of text to the collation of MySQL; a set of texts cannot be asked',
        at,
      )
    this.#table(mapping.table.name, at)
  }

  #table(name: string, at: number): void {
    if (this.#model.relations?.[name] === undefined)
      reject(`Prisma: say which relation leads to \`${name}\` (\`relations.${name}\`)`, at)
  }

  /** A column of the row, of a record in it too. */
  #column(expr: Expr): void {
    if (expr.kind !== 'attribute')
      return reject('Prisma: only attributes of the row can be compared', expr.at)
    const mapping = this.#path(expr)
    if (mapping.kind !== 'column') reject(`Prisma: \`${expr.name}\` is no column of the row`, expr.at)
    const isFolded = this.#dialect === 'mysql' && mapping.kind === 'column' && mapping.format === 'text'
    if (isFolded && !mapping.isExact)
      reject(
        `Prisma leaves comparisons to the collation of MySQL; say \`exact: true\` of \`${expr.name}\` if it is binary`,
        expr.at,
      )
    if (mapping.kind === 'column' && mapping.scale !== 1)
      reject(`Prisma: \`${expr.name}\` would have to be calculated`, expr.at)
  }

  #path(
    expr: Expr,
  ): EntityMapping['attributes'] extends ReadonlyMap<string, infer Attribute> ? Attribute : never {
    if (expr.kind === 'variable')
      return { kind: 'record', fields: this.#entity.attributes, presence: undefined }
    if (expr.kind !== 'attribute')
      return reject('Prisma: only attributes of the row can be asked for', expr.at)
    const above = this.#path(expr.of)
    const found = above.kind === 'record' ? above.fields.get(expr.name) : undefined
    return found ?? reject(`Prisma: \`${expr.name}\` is no attribute of the row itself`, expr.at)
  }

  /** Prisma leaves `%` and `_` to the database, and what is like what to its collation. */
  #pattern(pattern: readonly string[], at: number): void {
    if (this.#dialect !== 'postgres')
      reject(`Prisma leaves patterns to ${this.#dialect}, which folds case`, at)
    const [first, second, third] = pattern
    const isSimple =
      pattern.length === 1 ||
      (pattern.length === 2 && (first === '' || second === '')) ||
      (pattern.length === 3 && first === '' && third === '')
    if (!isSimple) reject('Prisma: a pattern may have wildcards at its ends only', at)
    if (pattern.length > 1 && pattern.some((piece) => /[%_\\]/.test(piece)))
      reject('Prisma does not escape `%`, `_` and `\\` in patterns', at)
  }
}
