import { isStrongOperator, type SqliReading } from './sqli-folding.ts'
import { type Condition, fits, patternsOf } from './sqli-patterns.ts'
import { isWordByte, type SqliToken } from './sqli-tokens.ts'
import { PROBES, SQL_WORDS } from './sqli-words.ts'

/** Functions that have no business in a value, whatever stands before them: they wait, read files, call out or tell by an error. */
const WEAPONS = new Set(
  (
    'benchmark dbms_lock.sleep dbms_pipe.receive_message dbms_session.sleep dbms_xmlgen.getxml extractvalue load_extension load_file ' +
    'lo_export lo_import pg_ls_dir pg_read_binary_file pg_read_file pg_sleep pg_sleep_for pg_sleep_until query_to_xml randomblob ' +
    'sleep sys_eval sys_exec updatexml utl_http.request utl_inaddr.get_host_address utl_inaddr.get_host_name xp_cmdshell xp_dirtree ' +
    'xp_fileexist xp_regread xp_subdirs dblink_connect dblink_exec name_const st_latfromgeohash st_pointfromgeohash zeroblob'
  ).split(' '),
)
const TABLES = [
  'information_schema',
  'sqlite_',
  'sysobjects',
  'syscolumns',
  'pg_',
  'mysql.',
  'master.',
  'sys.',
  'dual',
  'users',
]
const MERGED_STATEMENTS = new Set('declare shutdown revoke truncate dbcc'.split(' '))

const at =
  (place: number, test: (token: SqliToken) => boolean): Condition =>
  ({ tokens }) => {
    const token = tokens[place]
    return token !== undefined && test(token)
  }
const compared = (place: number): Condition => at(place, (token) => token.isCompared)
/** The operand, or one of those before it that folding has taken into the logic word. */
const comparedAfter =
  (logic: number): Condition =>
  ({ tokens }) =>
    (tokens[logic]?.isCompared ?? false) || (tokens[logic + 1]?.isCompared ?? false)
const commented: Condition = ({ hasInnerComment }) => hasInnerComment
const strong = (place: number): Condition => at(place, isStrongOperator)
/** An operator of signs: `like` and `in` are words of prose. */
const strongSign = (place: number): Condition =>
  at(place, (token) => isStrongOperator(token) && !SQL_WORDS.has(token.text))
const word = (place: number, ...words: readonly string[]): Condition =>
  at(place, (token) => words.includes(token.text))
const probe = (place: number): Condition =>
  at(place, (token) => PROBES.has(token.text) || WEAPONS.has(token.text))
const weapon = (place: number): Condition => at(place, (token) => WEAPONS.has(token.text))
const listed = (place: number): Condition => at(place, (token) => token.isListed)
const both =
  (...conditions: readonly Condition[]): Condition =>
  (reading) =>
    conditions.every((holds) => holds(reading))
const either =
  (...conditions: readonly Condition[]): Condition =>
  (reading) =>
    conditions.some((holds) => holds(reading))

/** A name with an open bracket right after it: prose leaves a blank. */
const called =
  (place: number): Condition =>
  ({ tokens }) =>
    tokens[place]?.end === tokens[place + 1]?.at
const bracketed: Condition = ({ isBracketed }) => isBracketed
const catalogue = (place: number): Condition =>
  at(place, ({ text }) => TABLES.some((name) => text.startsWith(name)))
const procedure = (place: number): Condition =>
  at(place, ({ text }) => text.includes('xp_') || text.startsWith('sp_'))
/** `@@version` and `null`, not `@somebody`. */
const constant = (place: number): Condition => at(place, ({ text }) => text[0] !== '@' || text[1] === '@')
const hardStatement = (place: number): Condition =>
  at(place, ({ text }) => text.includes(' ') || MERGED_STATEMENTS.has(text))

/**
 * The application's string ends right behind a word or where the value begins. In a text that quotes, a blank, a bracket or a comma
 * stands before its first quote.
 */
const breaksOut: Condition = ({ tokens, value }) => {
  const before = (tokens[0]?.end ?? 0) - 2
  return before < 0 || isWordByte(value.charCodeAt(before)) || '.%)*!?@-]'.includes(value[before] as string)
}

/** A string that the value leaves open for the application's own quote to close. */
const reopened =
  (place: number): Condition =>
  (reading) => {
    const token = reading.tokens[place]
    if (!token || token.close !== '' || token.open !== reading.quote || !breaksOut(reading)) return false
    const after = token.at + 1
    return (
      after >= reading.value.length ||
      isWordByte(reading.value.charCodeAt(after)) ||
      reading.value[after] === '%'
    )
  }

/** The comment follows the first token at once. */
const follows: Condition = ({ tokens, value }) => {
  const [first, comment] = tokens
  return first !== undefined && comment !== undefined && value.slice(first.end, comment.at).trim() === ''
}

/**
 * A comment that is there to cut off the rest of the statement and not to be read: nothing to speak of comes after its beginning.
 * People write `--` and `#` in plain text too, but rarely as the last thing.
 */
const cutsOff =
  (place: number): Condition =>
  ({ tokens, value, quote }) => {
    const token = tokens[place]
    if (!token) return false
    const from = token.at + (value[token.at] === '#' ? 1 : 2)
    if (value[token.at] === '#' && quote === '') return false
    let letters = 0
    for (let i = from; i < value.length && letters < 2; i++) if (value.charCodeAt(i) > 47) letters++
    return letters < 2
  }

/** After the quote that closes the application's string (`s`), with or without a closing bracket. */
const AFTER_QUOTE = patternsOf([
  // another query or statement
  ['sUE sU(E s;E[1ofs(vk] snUE s1UE s;knk('],
  ['s;T[ksv(]'],
  ['s;Tn', hardStatement(2)],
  ['s;T$ s;Tc', word(2, 'shutdown', 'commit', 'rollback')],
  ['s;En', either(procedure(3), word(4, 'from', 'set'))],
  ['sTs', word(1, 'waitfor delay', 'waitfor time')],
  ['sTv', word(1, 'declare')],
  // logic
  ['s&1$ s&1[oc;UB),k]'],
  ['s&1', comparedAfter(1)],
  ['s&n', comparedAfter(1)],
  ['s&o('],
  ['s&s$', either(reopened(2), both(compared(1), breaksOut))],
  ['s&s[cUB;)]', breaksOut],
  ['s&so', strong(3)],
  ['s&no[s(fEv]', strongSign(3)],
  ['s&no[s(]', strong(3)],
  ['s&nc', both(cutsOff(3), breaksOut)],
  ['s&nUE s&nB1 s&n;[ET]'],
  ['s&v', either(constant(2), compared(2))],
  ['s&vo', strong(3)],
  ['s&f( s&([1sfEvok] s&(no s&(n. s&(nk'],
  ['s&(n', compared(3)],
  ['s&E[kf(1osv] s&k([1sE] s&kf('],
  // the rest of the statement is cut off
  ['sc', both(cutsOff(1), breaksOut)],
  ['s;c', both(cutsOff(2), breaksOut)],
  // arithmetic, concatenation, comparison
  ['so(E sof( so(f soEk sok(E'],
  ['so(s', breaksOut],
  ['so(1', both(strong(1), breaksOut)],
  ['sos$', reopened(2)],
  ['sosc', both(either(strong(1), cutsOff(3)), breaksOut)],
  ['sos[&UB;)]', both(strong(1), breaksOut)],
  ['so1c sonc', both(cutsOff(3), breaksOut)],
  ['so1[;B] so[1n]UE', breaksOut],
  ['so[1n]&', comparedAfter(3)],
  ['so[1nv]os', reopened(4)],
  ['so[1nv]of(', breaksOut],
  ['sov', both(constant(2), breaksOut)],
  // a function with nothing between
  ['sf([1sfE]', weapon(1)],
  // tails of a query
  ['sBnB sB1 sBf( sB(E sB(1 sBsos sBEk sBv'],
  ['sBnc', cutsOff(3)],
  ['sB[n1]', both(either(listed(2), compared(2)), breaksOut)],
  ['sks', word(1, 'into outfile', 'into dumpfile')],
  ['skf(', probe(2)],
  ['skk(', word(1, 'procedure')],
  ['sk[1n]', both(word(1, 'where'), compared(2))],
  ['skso', word(1, 'where')],
  ['sknc', both(word(1, 'from', 'where'), cutsOff(3))],
  // another column of a SELECT, another row of an INSERT
  ['s,f( s,(E s,E'],
  ['s,([1sfE]', bracketed],
])

/** Where the value stands alone, or in a place for a number. Prose and program texts stand here too: more must speak for it. */
const BARE = patternsOf([
  // another query
  ['[1vs]UE [1vs]U(E nU(E nUE[ofsv(] nUE1$ nUE1[kco;U)] UE[ofsv(] UE1$ UE1[kco;U)] U(E'],
  ['nUEn', either(listed(3), both(bracketed, called(0)))],
  ['nUEnk', word(4, 'from')],
  ['UEn', listed(2)],
  ['UEnk', word(3, 'from')],
  // another statement
  ['[1v];E[1o(fsvkn] [1v];T[ksv] [1v];knk('],
  ['[1v];Tn', hardStatement(2)],
  ['[1v];T([1fEn]'],
  ['[1v];T$ [1v];Tc', word(2, 'shutdown', 'commit', 'rollback')],
  ['[ns];E[of(] [ns];E1$ [ns];E1[kco;] [ns];Tv [ns];T(E'],
  ['[ns];T[ns]', hardStatement(2)],
  ['[ns];Enk', word(4, 'from')],
  ['[ns];En', procedure(3)],
  ['[ns];Tk', hardStatement(2)],
  ['[ns];T$ [ns];Tc', word(2, 'shutdown')],
  [';E[of(] ;E1$ ;E1[kco;] ;Tv ;Tk ;T(E'],
  [';T[ns]', hardStatement(1)],
  [';Enk', word(3, 'from')],
  [';En', procedure(2)],
  // logic
  ['[1nvs]&1', comparedAfter(1)],
  ['1&1', commented],
  ['1&n', comparedAfter(1)],
  ['[1vs]&1c', cutsOff(3)],
  ['[1nvs]&[1n]UE [1v]&1B1 [1v]&1;[ET]'],
  ['[1nvs]&1o[s(f]', strong(3)],
  ['[1nvs]&so', strong(3)],
  ['[1v]&sc', cutsOff(3)],
  ['[1v]&no[sf(]', strong(3)],
  [
    '[1vs]&v',
    either(
      compared(2),
      both(
        constant(2),
        at(3, ({ type }) => type === 'c'),
      ),
    ),
  ],
  ['[1nvs]&vo', strong(3)],
  ['[1vs]&f([1)sEfv(]', called(2)],
  [
    '[1nvs]&f(',
    both(
      probe(2),
      called(2),
      at(4, ({ type }) => type !== 'n'),
    ),
  ],
  ['[1vs]&f(n', both(probe(2), called(2))],
  ['[1nvs]&f(E [1nvs]&(E [1nvs]&(f( [1vs]&E[kf(1osv] [1nvs]&k(E'],
  ['1&([1n] [ns]&(1', compared(3)],
  ['[1nvs]&([1n]o[s(fE]', strong(4)],
  ['[1nvs]&(so', strong(4)],
  ['&1$ &1[c;UB&]', comparedAfter(0)],
  ['&f([1)sEfv(]', both(probe(1), called(1))],
  [';f([1sfE(]', weapon(1)],
  ['&(E'],
  ['&so[s1]', strong(2)],
  ['&1c', cutsOff(2)],
  // the rest of the statement is cut off
  ['1c', both(cutsOff(1), follows)],
  [
    '1;c',
    both(
      cutsOff(2),
      at(2, ({ text }) => text[0] === '-'),
    ),
  ],
  // arithmetic and comparison
  ['[1vns]o(E [1v]oEk [1vns]ok(E'],
  ['[1vns]of([1sfE(v]', both(weapon(2), called(2))],
  ['[1v]of([fE(]', both(probe(2), called(2))],
  ['[1v]o(f(', probe(3)],
  ['[1v]os&[s1]', strong(1)],
  ['[1vns],(E'],
  ['[1vns],f([1sfE(v]', both(weapon(2), called(2))],
  // tails of a query
  ['1BnB 1B1 1Bf( 1B(E 1BEk 1B(1'],
  ['1Bn', either(listed(2), cutsOff(3))],
  ['nB1', cutsOff(3)],
  ['nBf(', both(probe(2), called(2))],
  ['[1n]ks', word(1, 'into outfile', 'into dumpfile')],
  ['[1n]kf(', probe(2)],
  ['[1n]kk(', word(1, 'procedure')],
  ['[1n]k1', both(word(1, 'where'), compared(2))],
  ['1kn', both(word(1, 'where'), compared(2))],
  ['1knc', both(word(1, 'from', 'where'), cutsOff(3))],
  // a query or statement from its beginning
  ['Eok', word(2, 'from')],
  ['Ef(', both(word(0, 'select', 'select distinct', 'select all'), either(called(1), weapon(1)))],
  ['Ev', at(1, ({ text }) => text.startsWith('@@'))],
  ['E[1s]k', both(word(2, 'from'), either(listed(1), catalogue(3)))],
  ['E[vs]kn', word(2, 'from')],
  ['E1c Esc', cutsOff(2)],
  ['E([1nvs])k( E(E[fo(1vs] E(Enk E(f('],
  ['Enk', both(word(2, 'from'), either(listed(1), catalogue(3), commented))],
  [
    'Enknk',
    both(
      word(2, 'from'),
      word(4, 'where'),
      either(
        compared(5),
        at(6, ({ type }) => type === 'o'),
      ),
    ),
  ],
  ['Enknk1'],
  ['Ek1', both(word(0, 'case'), either(compared(2), word(3, 'then')))],
  ['Ekf(', both(word(0, 'case'), probe(2))],
  ['EnEn', both(word(0, 'update'), word(2, 'set'), compared(3))],
  ['EnEno', both(word(0, 'update'), word(2, 'set'), strong(4))],
  ['En', both(word(0, 'exec', 'execute'), procedure(1))],
  ['E(s Es', word(0, 'exec', 'execute', 'execute immediate')],
  ['Tnk(', word(2, 'values')],
  ['Tn(nk', word(0, 'insert into')],
  ['Tn(n)k', word(5, 'values')],
  ['TnE', word(2, 'select')],
  ['Tnk[n1]', both(word(0, 'delete from'), word(2, 'where'), compared(3))],
  ['Tnkno', both(word(0, 'delete from'), word(2, 'where'), strong(4))],
  ['Tn; Tnc', hardStatement(0)],
  ['Tk', both(word(1, 'if exists', 'if not exists'), hardStatement(0))],
  ['Tn', both(hardStatement(0), either(catalogue(1), listed(1)))],
  ['Tv', word(0, 'declare')],
  ['Ts', word(0, 'waitfor delay', 'waitfor time', 'load data infile', 'backup database')],
  ['[1ns)]Ts', word(1, 'waitfor delay', 'waitfor time')],
  ['Tks', word(1, 'infile', 'local infile')],
  ['Tnks', word(0, 'copy')],
  ['Tsk', word(0, 'attach database')],
  // a function by itself
  ['f([1s)fE(v]', both(weapon(0), called(0))],
  ['f([fE]', probe(0)],
  ['f(1,', both(called(0), compared(2))],
  ['f([1n],f(', weapon(4)],
  ['f(E', called(0)],
  ['f()o[1s]', both(probe(0), strong(3))],
  ['f([1nsv])UE f()UE'],
])

/** Whether a folded reading is one of an injection. */
export function isInjection(reading: SqliReading): boolean {
  const { types, quote } = reading
  if (types.includes('X')) return true
  if (reading.hasNestedComment && (types.includes('U') || types.includes('E') || types.includes('&')))
    return true
  if (quote !== '' && reading.tokens[0]?.close === '') return false
  return fits(quote === '' ? BARE : AFTER_QUOTE, withoutBracket(reading))
}

/** A bracket that closes one of the application's own, before anything else or after the first operand, changes no rule. */
function withoutBracket(reading: SqliReading): SqliReading {
  const place = reading.types.startsWith(')') ? 0 : reading.types[1] === ')' ? 1 : -1
  if (place < 0) return reading
  return {
    ...reading,
    tokens: reading.tokens.toSpliced(place, 1),
    types: reading.types.slice(0, place) + reading.types.slice(place + 1),
    isBracketed: true,
  }
}
