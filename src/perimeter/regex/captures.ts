import { holds, OP, type Program } from './program.ts'

/** Steps of one thread that one extraction may take; about a second's tenth. */
const MAX_STEPS = 4_000_000

/**
 * The groups of the leftmost match, preferring as Perl does (Pike's virtual machine): 0 is the whole match. Begins at `from`,
 * which is known to be at or before that match. Undefined where nothing matches or the bound on steps is reached.
 */
export function captureGroups(
  program: Program,
  value: string,
  from: number,
): (string | undefined)[] | undefined {
  const { op, x, y, classOf, classes, has, start, anchored } = program
  const slots = program.captures * 2 + 2
  const marks = new Int32Array(op.length).fill(-1)
  let current: number[] = []
  let currentSlots: Int32Array[] = []
  let next: number[] = []
  let nextSlots: Int32Array[] = []
  let best: Int32Array | undefined
  let steps = 0

  const follow = (
    first: number,
    firstSaved: Int32Array,
    at: number,
    before: number,
    after: number,
    list: number[],
    listSlots: Int32Array[],
  ): void => {
    const stack: number[] = [first]
    const saves: Int32Array[] = [firstSaved]
    while (stack.length > 0) {
      const pc = stack.pop() as number
      const saved = saves.pop() as Int32Array
      if (marks[pc] === at) continue
      marks[pc] = at
      steps++
      switch (op[pc] as number) {
        case OP.split:
          stack.push(y[pc] as number, x[pc] as number)
          saves.push(saved, saved)
          break
        case OP.save: {
          const changed = saved.slice()
          changed[x[pc] as number] = at
          stack.push(y[pc] as number)
          saves.push(changed)
          break
        }
        case OP.assert:
          if (holds(program, x[pc] as number, before, after)) {
            stack.push(y[pc] as number)
            saves.push(saved)
          }
          break
        default:
          list.push(pc)
          listSlots.push(saved)
      }
    }
  }

  for (let i = from; i <= value.length; i++) {
    const before = i === 0 ? -1 : (classOf[value.charCodeAt(i - 1) & 255] as number)
    const after = i === value.length ? -1 : (classOf[value.charCodeAt(i) & 255] as number)
    if (!best && (!anchored || i === 0)) {
      const saved = new Int32Array(slots).fill(-1)
      saved[0] = i
      follow(start, saved, i, before, after, current, currentSlots)
    }
    if (current.length === 0) break
    const afterNext = i + 1 >= value.length ? -1 : (classOf[value.charCodeAt(i + 1) & 255] as number)
    for (let thread = 0; thread < current.length; thread++) {
      const pc = current[thread] as number
      const saved = currentSlots[thread] as Int32Array
      if (op[pc] === OP.match) {
        best = saved.slice()
        best[1] = i
        // Threads behind this one are less preferred.
        break
      }
      if (after !== -1 && has[(x[pc] as number) * classes + after] === 1)
        follow(y[pc] as number, saved, i + 1, after, afterNext, next, nextSlots)
    }
    if (steps > MAX_STEPS) return undefined
    ;[current, next] = [next, current]
    ;[currentSlots, nextSlots] = [nextSlots, currentSlots]
    next.length = 0
    nextSlots.length = 0
  }
  if (!best) return undefined
  const groups: (string | undefined)[] = []
  for (let slot = 0; slot < slots; slot += 2) {
    const begin = best[slot] as number
    const end = best[slot + 1] as number
    groups.push(begin < 0 || end < 0 ? undefined : value.slice(begin, end))
  }
  return groups
}
