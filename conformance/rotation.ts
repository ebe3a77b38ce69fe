// Passwords of databases are rotated while 500 requests a second use them: none may fail. A pool that does not follow the secret has to.
import { SCENES } from './rotation/scenes.ts'
import type { SuiteResult } from './suite.ts'

const MEASURE = { perSecond: 500, rotations: 3, pauseMs: 2000 } as const

export async function run(): Promise<SuiteResult> {
  const failed: string[] = []
  const notRun: { id: string; why: string }[] = []
  for (const { name, needs, isControl, play } of SCENES) {
    const figures = await play(MEASURE)
    if (!figures) {
      notRun.push({ id: name, why: `its server is not here; \`apt-get install ${needs}\` installs it` })
      continue
    }
    const { sent, failed: count, errors, p50Ms, p99Ms, perSecond } = figures
    console.error(
      `${name}: ${sent} requests at ${perSecond}/s, ${count} failed, median ${p50Ms} ms, p99 ${p99Ms} ms${errors.length > 0 ? `; ${errors.join('; ')}` : ''}`,
    )
    const isRight = isControl === true ? count > 0 : count === 0
    if (!isRight) failed.push(`${name}: ${count} failed`)
    else if (isControl !== true && perSecond < MEASURE.perSecond * 0.9)
      notRun.push({
        id: name,
        why: `none failed, but this machine came to ${perSecond} requests a second only`,
      })
  }
  const total = SCENES.length
  return { total, passed: total - failed.length - notRun.length, failed, notRun, known: [] }
}
