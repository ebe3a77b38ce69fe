// A process of its own, since the watch on the wire sees every connection of a process: `sample.ts EVERY` prints JSON.
import { experiment } from './experiment.ts'

const behaviours = await experiment({
  every: Number(process.argv[2] ?? 60),
  only: ({ isOurs, name }) => isOurs || name === 'no guard',
})
console.log(JSON.stringify(behaviours))
