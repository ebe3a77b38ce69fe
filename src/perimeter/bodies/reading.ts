/** What a body reader found. Lists are flat pairs in order of appearance; all text is byte strings. */
export interface BodyReading {
  /** name, value pairs: ARGS_POST. */
  readonly args: readonly (readonly [string, string])[]
  /** form field name, original file name: FILES / FILES_NAMES. */
  readonly files: readonly FilePart[]
  /** part name, header line `Name: value`: MULTIPART_PART_HEADERS. */
  readonly partHeaders: readonly (readonly [string, string])[]
  /** XML: text for `XML:/*` and attribute values for `XML://@*`. */
  readonly xml: { readonly text: readonly string[]; readonly attributes: readonly string[] } | undefined
  /** Names of the MULTIPART_* flags that are raised and their values. */
  readonly flags: ReadonlyMap<string, number>
  /** Set when the body is not what it says: REQBODY_ERROR=1 and REQBODY_ERROR_MSG. */
  readonly error: string | undefined
  /** Set when a bound stopped the reading: nothing is silently half-inspected. */
  readonly truncated: string | undefined
}

/** One uploaded file of a form. */
export interface FilePart {
  readonly field: string
  readonly name: string
  readonly bytes: number
  readonly content: string
}

/** How much of a body is taken in. Every list that a client can lengthen has its bound here. */
export interface BodyBounds {
  /** Arguments of forms, JSON and multipart bodies. */
  readonly maxArguments: number
  /** All JSON argument names together: a long key is repeated in the name of every leaf below it. */
  readonly maxNameBytes: number
  readonly maxJsonDepth: number
  readonly maxXmlDepth: number
  /** Texts and attributes of an XML document. */
  readonly maxXmlValues: number
  readonly maxParts: number
  /** Headers of one part, all lines together. */
  readonly maxPartHeaderBytes: number
  /** Beyond it MULTIPART_FILE_LIMIT_EXCEEDED is raised; the files are still listed. */
  readonly maxFiles: number
}

/** The bounds that hold unless told otherwise. */
export const BODY_BOUNDS: BodyBounds = {
  maxArguments: 1_000,
  maxNameBytes: 256 * 1024,
  maxJsonDepth: 128,
  maxXmlDepth: 64,
  maxXmlValues: 2_000,
  maxParts: 256,
  maxPartHeaderBytes: 8 * 1024,
  maxFiles: 100,
}

/** A reading with nothing in it, to be filled. */
export const NOTHING_READ: BodyReading = {
  args: [],
  files: [],
  partHeaders: [],
  xml: undefined,
  flags: new Map(),
  error: undefined,
  truncated: undefined,
}
