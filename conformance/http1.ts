// HTTP/1.1 over raw sockets: what is refused, what is accepted and with which one reading; towards clients and towards
// applications. The cases are ours, named after the sections of RFC 9110, 9112 and 3986 that they come from.
import { ANSWERS, judgeAnswers } from './http1/answers.ts'
import { openRig } from './http1/rig.ts'
import { judgeRequest, REQUESTS } from './http1/requests.ts'
import type { Deviation, SuiteResult } from './suite.ts'

/** Where we differ, and what the standard says. */
const KNOWN: readonly Deviation[] = [
  {
    id: '9112 2.3: RTSP/1.0',
    why: "RFC 9112 2.3: the name of the protocol is HTTP. Node's parser reads RTSP/1.0 as HTTP/1.0 and does not tell; the request is answered as one of HTTP/1.0, and goes on as HTTP/1.1",
  },
]

/** Runs both tables. */
export async function run(): Promise<SuiteResult> {
  const failed: string[] = []
  const known = new Set(KNOWN.map(({ id }) => id))
  const rig = await openRig()
  try {
    for (const one of REQUESTS) {
      const wrong = await judgeRequest(rig, one)
      if (wrong === undefined || known.has(one.id)) continue
      failed.push(one.id)
      console.error(`FAILED ${one.id}: ${wrong}`)
    }
  } finally {
    await rig.close()
  }
  for (const [id, wrong] of await judgeAnswers()) {
    failed.push(`answer ${id}`)
    console.error(`FAILED answer ${id}: ${wrong}`)
  }
  const total = REQUESTS.length + ANSWERS.length
  return { total, passed: total - failed.length - KNOWN.length, failed, notRun: [], known: KNOWN }
}
