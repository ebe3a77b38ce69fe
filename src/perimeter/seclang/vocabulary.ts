/** A word of SecLang: supported, or why not. The table in the room's README is made from these. */
export interface Word {
  /** Why it is not supported; undefined for words that are. */
  readonly why?: string
  /** For words that are taken but change nothing here: what takes their place. */
  readonly note?: string
}

/** A variable: a collection of named values, or one value. */
export interface VariableWord extends Word {
  readonly isCollection: boolean
}

const NO_LUA = 'rules run no scripts'
const NO_PROCESS = 'it is of the web server that ModSecurity runs in'

const collections =
  'ARGS ARGS_GET ARGS_POST ARGS_NAMES ARGS_GET_NAMES ARGS_POST_NAMES REQUEST_COOKIES REQUEST_COOKIES_NAMES ' +
  'REQUEST_HEADERS REQUEST_HEADERS_NAMES RESPONSE_HEADERS RESPONSE_HEADERS_NAMES FILES FILES_NAMES FILES_SIZES ' +
  'FILES_TMP_CONTENT MULTIPART_FILENAME MULTIPART_NAME MULTIPART_PART_HEADERS TX ENV XML GLOBAL IP SESSION USER RESOURCE RULE ' +
  'MATCHED_VARS MATCHED_VARS_NAMES GEO'
const scalars =
  'ARGS_COMBINED_SIZE AUTH_TYPE DURATION FILES_COMBINED_SIZE FULL_REQUEST FULL_REQUEST_LENGTH HIGHEST_SEVERITY INBOUND_DATA_ERROR ' +
  'MATCHED_VAR MATCHED_VAR_NAME MULTIPART_BOUNDARY_QUOTED MULTIPART_BOUNDARY_WHITESPACE MULTIPART_CRLF_LF_LINES ' +
  'MULTIPART_DATA_AFTER MULTIPART_DATA_BEFORE MULTIPART_FILE_LIMIT_EXCEEDED MULTIPART_HEADER_FOLDING ' +
  'MULTIPART_INVALID_HEADER_FOLDING MULTIPART_INVALID_PART MULTIPART_INVALID_QUOTING MULTIPART_LF_LINE ' +
  'MULTIPART_MISSING_SEMICOLON MULTIPART_STRICT_ERROR MULTIPART_UNMATCHED_BOUNDARY OUTBOUND_DATA_ERROR PATH_INFO QUERY_STRING ' +
  'REMOTE_ADDR REMOTE_HOST REMOTE_PORT REMOTE_USER REQBODY_ERROR REQBODY_ERROR_MSG REQBODY_PROCESSOR REQBODY_PROCESSOR_ERROR ' +
  'REQBODY_PROCESSOR_ERROR_MSG REQUEST_BASENAME REQUEST_BODY REQUEST_BODY_LENGTH REQUEST_FILENAME REQUEST_LINE REQUEST_METHOD ' +
  'REQUEST_PROTOCOL REQUEST_URI REQUEST_URI_RAW RESPONSE_BODY RESPONSE_CONTENT_LENGTH RESPONSE_CONTENT_TYPE RESPONSE_PROTOCOL ' +
  'RESPONSE_STATUS SERVER_ADDR SERVER_NAME SERVER_PORT SESSIONID STATUS_LINE TIME TIME_DAY TIME_EPOCH TIME_HOUR TIME_MIN TIME_MON ' +
  'TIME_SEC TIME_WDAY TIME_YEAR UNIQUE_ID URLENCODED_ERROR USERID WEBAPPID'

/** Every variable of the reference manual. */
export const VARIABLES: ReadonlyMap<string, VariableWord> = new Map<string, VariableWord>([
  ...collections.split(' ').map((name) => [name, { isCollection: true }] as const),
  ...scalars.split(' ').map((name) => [name, { isCollection: false }] as const),
  ...'FILES_TMPNAMES PERF_ALL PERF_COMBINED PERF_GC PERF_LOGGING PERF_PHASE1 PERF_PHASE2 PERF_PHASE3 PERF_PHASE4 PERF_PHASE5 PERF_RULES PERF_SREAD PERF_SWRITE'
    .split(' ')
    .map(
      (name) =>
        [
          name,
          {
            isCollection: true,
            why: name.startsWith('PERF')
              ? 'times are in the trace of each exchange'
              : 'uploads are not written to files',
          },
        ] as const,
    ),
  ...'MODSEC_BUILD SCRIPT_BASENAME SCRIPT_FILENAME SCRIPT_GID SCRIPT_GROUPNAME SCRIPT_MODE SCRIPT_UID SCRIPT_USERNAME STREAM_INPUT_BODY STREAM_OUTPUT_BODY USERAGENT_IP SDBM_DELETE_ERROR'
    .split(' ')
    .map((name) => [name, { isCollection: false, why: NO_PROCESS }] as const),
])

/** Every action of the reference manual. */
export const ACTIONS: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...(
    'id phase msg logdata severity tag rev ver maturity accuracy t multimatch capture chain skip skipafter ctl setvar expirevar ' +
    'initcol setsid setuid setrsc setenv allow block deny drop pass redirect status log nolog auditlog noauditlog'
  )
    .split(' ')
    .map((name) => [name, {}] as const),
  ['sanitisearg', { note: 'values are masked in every record' }],
  ['sanitisematched', { note: 'values are masked in every record' }],
  ['sanitisematchedbytes', { note: 'values are masked in every record' }],
  ['sanitiserequestheader', { note: 'values are masked in every record' }],
  ['sanitiseresponseheader', { note: 'values are masked in every record' }],
  ['xmlns', { note: 'XML is matched without namespaces' }],
  ['deprecatevar', { note: 'counters with a period are the flood limits of the gateway' }],
  ['exec', { why: NO_LUA }],
  ['append', { why: 'response bodies are inspected, not changed' }],
  ['prepend', { why: 'response bodies are inspected, not changed' }],
  ['pause', { why: 'a held connection is a cost of ours, not of the attacker' }],
  ['proxy', { why: 'where requests go is decided by `routes`' }],
])

/** Every directive of the reference manual. */
export const DIRECTIVES: ReadonlyMap<string, Word> = new Map<string, Word>([
  ...(
    'SecRule SecAction SecMarker SecDefaultAction SecRuleRemoveById SecRuleRemoveByTag SecRuleRemoveByMsg ' +
    'SecRuleUpdateTargetById SecRuleUpdateTargetByTag SecRuleUpdateTargetByMsg SecRuleUpdateActionById SecRuleEngine ' +
    'SecRequestBodyAccess SecResponseBodyAccess SecRequestBodyLimit SecRequestBodyNoFilesLimit SecRequestBodyLimitAction ' +
    'SecRequestBodyJsonDepthLimit SecResponseBodyLimit SecResponseBodyLimitAction SecResponseBodyMimeType ' +
    'SecResponseBodyMimeTypesClear SecArgumentsLimit SecComponentSignature SecCollectionTimeout SecWebAppId Include ' +
    'SecUploadFileLimit'
  )
    .split(' ')
    .map((name) => [name, {}] as const),
  ...(
    'SecAuditEngine SecAuditLog SecAuditLog2 SecAuditLogDirMode SecAuditLogFileMode SecAuditLogFormat SecAuditLogParts ' +
    'SecAuditLogRelevantStatus SecAuditLogStorageDir SecAuditLogType SecAuditLogPrefix SecDebugLog SecDebugLogLevel SecGuardianLog'
  )
    .split(' ')
    .map((name) => [name, { note: 'the audit log is configured in `security.audit`' }] as const),
  ...'SecPcreMatchLimit SecPcreMatchLimitRecursion'
    .split(' ')
    .map((name) => [name, { note: 'matching is linear, so it needs no limit' }] as const),
  ...'SecTmpDir SecDataDir SecUploadDir SecUploadFileMode SecUploadKeepFiles SecRequestBodyInMemoryLimit SecTmpSaveUploadedFiles'
    .split(' ')
    .map((name) => [name, { note: 'nothing of a request is written to files' }] as const),
  ...'SecUnicodeMapFile SecUnicodeCodePage'
    .split(' ')
    .map((name) => [name, { note: 'full-width forms are folded to ASCII' }] as const),
  ['SecArgumentSeparator', { note: '`&` separates arguments' }],
  ['SecCookieFormat', { note: 'cookies are version 0' }],
  ['SecCookieV0Separator', { note: '`;` separates cookies' }],
  ['SecRulePerfTime', { note: 'times are in the trace of each exchange' }],
  ['SecRuleInheritance', { note: 'routes have their own levels' }],
  ['SecServerSignature', { note: 'the edge removes Server' }],
  ['SecStatusEngine', { note: 'nothing calls home' }],
  ['SecXmlExternalEntity', { note: 'external entities are never loaded' }],
  ['SecGeoLookupDb', { note: 'the database of `security.perimeter.geography` is used' }],
  ['SecSensorId', { note: 'records name their gateway' }],
  ['SecInterceptOnError', { note: 'a rule that fails refuses' }],
  ['SecHashEngine', { why: 'links in pages are not rewritten' }],
  ['SecHashKey', { why: 'links in pages are not rewritten' }],
  ['SecHashParam', { why: 'links in pages are not rewritten' }],
  ['SecHashMethodRx', { why: 'links in pages are not rewritten' }],
  ['SecHashMethodPm', { why: 'links in pages are not rewritten' }],
  ['SecContentInjection', { why: 'response bodies are inspected, not changed' }],
  ['SecStreamOutBodyInspection', { why: 'response bodies are inspected, not changed' }],
  ['SecStreamInBodyInspection', { why: 'bodies are inspected as a whole' }],
  ['SecRuleScript', { why: NO_LUA }],
  ['SecRemoteRules', { why: 'rules are fetched by `ringwall rules`, checked, and then put in force' }],
  ['SecRemoteRulesFailAction', { why: 'rules are fetched by `ringwall rules`' }],
  ['SecChrootDir', { why: NO_PROCESS }],
  ['SecConnEngine', { why: 'connections are limited in `security.perimeter`' }],
  ['SecConnReadStateLimit', { why: 'connections are limited in `security.perimeter`' }],
  ['SecConnWriteStateLimit', { why: 'connections are limited in `security.perimeter`' }],
  ['SecReadStateLimit', { why: 'connections are limited in `security.perimeter`' }],
  ['SecWriteStateLimit', { why: 'connections are limited in `security.perimeter`' }],
  ['SecGsbLookupDb', { why: 'the service has ended' }],
  ['SecHttpBlKey', { why: 'no request waits for a name server' }],
  ['SecDisableBackendCompression', { why: 'the gateway asks the application for what it can read' }],
])

/** `ctl` options that are supported. */
export const CONTROLS: ReadonlySet<string> = new Set([
  'auditengine',
  'auditlogparts',
  'debugloglevel',
  'forcerequestbodyvariable',
  'requestbodyaccess',
  'requestbodylimit',
  'requestbodyprocessor',
  'responsebodyaccess',
  'responsebodylimit',
  'ruleengine',
  'ruleremovebyid',
  'ruleremovebymsg',
  'ruleremovebytag',
  'ruleremovetargetbyid',
  'ruleremovetargetbymsg',
  'ruleremovetargetbytag',
])
