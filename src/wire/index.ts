export { type Call, type Caller, type Wire, WireFault, type WireOptions, type WireRequest } from './call.ts'
export { openWire } from './open.ts'
