import { base64Decode, base64DecodeExt, base64Encode } from './base64.ts'
import { cmdLine } from './command-line.ts'
import { removeComments, removeCommentsChar, replaceComments } from './comments.ts'
import { cssDecode } from './css-escapes.ts'
import { md5, sha1 } from './digests.ts'
import { escapeSeqDecode } from './escape-sequences.ts'
import { hexDecode, hexEncode, sqlHexDecode } from './hex.ts'
import { htmlEntityDecode } from './html-entities.ts'
import { jsDecode } from './javascript-escapes.ts'
import { lowercase, uppercase } from './letter-case.ts'
import { removeNulls, replaceNulls } from './nulls.ts'
import { parityEven7bit, parityOdd7bit, parityZero7bit } from './parity.ts'
import { normalizePath, normalizePathWin } from './paths.ts'
import { urlDecode, urlDecodeUni, urlEncode } from './url.ts'
import { utf8toUnicode } from './utf8.ts'
import { compressWhitespace, removeWhitespace, trim, trimLeft, trimRight } from './whitespace.ts'

/**
 * The transformations of SecLang (ModSecurity v3 reference manual, "Transformation functions") by lower-case name, but
 * `none`, which is a word of the chain. Values are byte strings; one that needs no change comes back as it is.
 */
export const TRANSFORMATIONS: ReadonlyMap<string, (value: string) => string> = new Map([
  ['base64decode', base64Decode],
  ['base64decodeext', base64DecodeExt],
  ['base64encode', base64Encode],
  ['cmdline', cmdLine],
  ['compresswhitespace', compressWhitespace],
  ['cssdecode', cssDecode],
  ['escapeseqdecode', escapeSeqDecode],
  ['hexdecode', hexDecode],
  ['hexencode', hexEncode],
  ['htmlentitydecode', htmlEntityDecode],
  ['jsdecode', jsDecode],
  ['length', (value: string): string => String(value.length)],
  ['lowercase', lowercase],
  ['md5', md5],
  ['normalisepath', normalizePath],
  ['normalisepathwin', normalizePathWin],
  ['normalizepath', normalizePath],
  ['normalizepathwin', normalizePathWin],
  ['parityeven7bit', parityEven7bit],
  ['parityodd7bit', parityOdd7bit],
  ['parityzero7bit', parityZero7bit],
  ['removecomments', removeComments],
  ['removecommentschar', removeCommentsChar],
  ['removenulls', removeNulls],
  ['removewhitespace', removeWhitespace],
  ['replacecomments', replaceComments],
  ['replacenulls', replaceNulls],
  ['sha1', sha1],
  ['sqlhexdecode', sqlHexDecode],
  ['trim', trim],
  ['trimleft', trimLeft],
  ['trimright', trimRight],
  ['uppercase', uppercase],
  ['urldecode', urlDecode],
  ['urldecodeuni', urlDecodeUni],
  ['urlencode', urlEncode],
  ['utf8tounicode', utf8toUnicode],
])
