/**
 * What a token is to the detector of SQL injection. The letters are those of libinjection's published fingerprints, so
 * that a fingerprint in a log reads the same: `k` keyword, `U` set operation, `B` tail of a query (group, order, limit),
 * `E` query or expression that begins (`select`, `case`), `T` other statement, `t` type, `f` function, `n` name, `1` number,
 * `v` variable, `s` string, `o` operator, `&` logic, `c` comment, `A` collation, `X` code hidden in a comment, `?` anything else.
 */
export type SqliType =
  | 'k'
  | 'U'
  | 'B'
  | 'E'
  | 'T'
  | 't'
  | 'f'
  | 'n'
  | '1'
  | 'v'
  | 's'
  | 'o'
  | '&'
  | 'c'
  | 'A'
  | 'X'
  | '('
  | ')'
  | '{'
  | '}'
  | '.'
  | ','
  | ':'
  | ';'
  | '\\'
  | '?'

const WORDS_BY_TYPE: readonly (readonly [SqliType, string])[] = [
  ['&', 'and or xor'],
  ['U', 'union intersect except minus'],
  ['B', 'having limit offset'],
  ['E', 'select case insert update set exec execute '],
  [
    'T',
    'alter analyze attach backup begin call commit copy create dbcc deallocate declare delete deny detach disable do drop dump ' +
      'enable explain flush goto grant import install kill listen load lock merge notify optimize pragma prepare print purge ' +
      'raiserror readtext reconfigure reindex rename repair reset restore revoke rollback savepoint shutdown signal truncate ' +
      'uninstall unlock use vacuum while writetext',
  ],
  [
    'o',
    'not like ilike rlike regexp glob between is isnull notnull div mod similar overlaps escape member contains ' +
      'starting sounds',
  ],
  ['1', 'true false'],
  [
    'v',
    'null current_user session_user system_user current_role current_date current_time current_timestamp current_catalog ' +
      'current_schema current_database current_path localtime localtimestamp sysdate systimestamp utc_date utc_time utc_timestamp ' +
      'rownum rowid uid',
  ],
  ['A', 'collate'],
  [
    't',
    'bigint bigserial binary bit blob bool boolean bytea cidr clob datetime datetime2 datetimeoffset decimal double float hierarchyid ' +
      'inet int int2 int4 int8 integer jsonb longblob longtext macaddr mediumblob mediumint mediumtext money nchar nclob ntext ' +
      'number numeric nvarchar nvarchar2 real rowversion serial smalldatetime smallint smallmoney smallserial sql_variant ' +
      'text timestamptz timetz tinyblob tinyint tinytext tsquery tsvector uniqueidentifier unsigned varbinary varchar varchar2 ' +
      'varying xmltype zerofill',
  ],
  [
    'k',
    'add after all analyse any as asc authid autoincrement before both browse bulk by cascade check checkpoint close clustered ' +
      'column columns compute constraint containstable continue cross cube cursor database_default databases default delay ' +
      'delayed desc describe descriptor distinct distinctrow domain dumpfile dual each else elsif enclosed end escaped ' +
      'exclude exit external fetch fields file first foreign freetext freetexttable from full fulltext function generated global ' +
      'group high_priority holdlock identified identity identity_insert ignore immediate in index indexed infile inner inout ' +
      'instead interval into invoker join key keys last lateral leading leave lines linestring local ' +
      'loop low_priority master match materialized minvalue modifies natural next no nocheck nocycle nolock nonclustered ' +
      'nowait nulls of off on only open opendatasource openquery openrowset openxml option optionally order out outer ' +
      'outfile over partition percent pivot plan precision preserve primary prior privileges proc procedure public qualify raise range ' +
      'recursive references regclass release replication require restrict return returning returns rollup row rows ' +
      'sample schemas scroll separator sequence setof show siblings some spatial sql sql_big_result ' +
      'sql_buffer_result sql_cache sql_calc_found_rows sql_no_cache sql_small_result sqlexception start statistics straight_join ' +
      'table tables tablesample temporary terminated textsize then ties to top trailing tran transaction trigger undo unique ' +
      'unpivot updatetext using values variable view waitfor when where window with within without work write zone',
  ],
  [
    'f',
    'abs acos addr adddate addtime aes_decrypt aes_encrypt age any_value app_name applock_mode applock_test area array_agg ' +
      'array_length array_to_json array_to_string ascii asciistr asin aswkb astext atan atan2 avg benchmark bin bin_to_num ' +
      'bin_to_uuid binary_checksum bit_and bit_count bit_length bit_or bit_xor bitand boundary btrim cast ceil ceiling ' +
      'centroid changes char char_length character_length charindex charset checksum checksum_agg chr cluster_set coalesce ' +
      'coercibility col_length col_name collation columnproperty columns_updated compose compress concat concat_ws ' +
      'connection_id conv convert convert_from convert_to convert_tz corr cos cot count count_big covar_pop covar_samp crc32 ' +
      'cume_dist cur_user curdate currval cursor_status curtime database database_principal_id database_to_xml databasepropertyex ' +
      'datalength date date_add date_format date_part date_sub date_trunc dateadd datediff datename datepart datepart_iso day ' +
      'dayname dayofmonth dayofweek dayofyear db_id db_name dblink dblink_connect dblink_exec dblink_send_query decode decrypt ' +
      'degrees dense_rank des_decrypt des_encrypt difference digest dump_csv elt empty_blob empty_clob encode ' +
      'encrypt encryptbykey enum_first enum_last enum_range error_line error_message error_number exists exp ' +
      'export_set extract extractvalue field file_id file_idex file_name filegroup_id find_in_set first_value floor fn_virtualfilestats ' +
      'format format_bytes formatmessage found_rows from_base64 from_days from_unixtime fulltextcatalogproperty gen_random_uuid ' +
      'generate_series generate_subscripts geomcollection geometrycollection geomfromtext get_byte get_format get_lock getdate ' +
      'getutcdate greatest group_concat grouping gtid_subset has_dbaccess has_table_privilege hashbytes hex hextoraw host_id ' +
      'host_name hour ident_current ident_incr ident_seed if ifnull iif inet6_aton inet_aton inet_ntoa inet_server_addr initcap ' +
      'instr is_free_lock is_member is_srvrolemember is_used_lock isdate isnumeric json_agg json_array json_arrayagg ' +
      'json_build_object json_contains json_depth json_each json_extract json_extract_path json_keys json_length json_object ' +
      'json_objectagg json_quote json_search json_table json_tree json_type json_unquote json_valid json_value julianday lag ' +
      'last_day last_insert_id last_insert_rowid last_value lastval lcase lead least left len length likelihood likely ln lo_create ' +
      'lo_export lo_get lo_import load_extension load_file locate log log10 log2 lower lpad ltrim make_set makedate maketime ' +
      'master_pos_wait max mbrcontains md5 median microsecond mid min minute month monthname multilinestring multipoint multipolygon ' +
      'name_const newid nextval now nth_value ntile nullif nvl nvl2 object_definition object_id object_name object_schema_name ' +
      'oct octet_length old_password openbyname ord original_db_name overlay parsename password patindex percent_rank ' +
      'percentile_cont period_add period_diff permissions pg_advisory_lock pg_backend_pid pg_cancel_backend pg_client_encoding ' +
      'pg_conf_load_time pg_current_logfile pg_database_size pg_file_read pg_get_userbyid pg_ls_dir pg_ls_logdir pg_read_binary_file ' +
      'pg_read_file pg_reload_conf pg_rotate_logfile pg_size_pretty pg_sleep pg_sleep_for pg_sleep_until pg_stat_file ' +
      'pg_terminate_backend pg_typeof pi point pointfromtext polygonfromtext position pow power printf ps_current_thread_id ' +
      'ps_thread_id publishingservername quarter query_to_xml quote quote_ident quote_literal quotename radians rand random ' +
      'random_bytes randomblob rank raw_to_hex rawtohex regexp_count regexp_instr regexp_like regexp_match regexp_matches ' +
      'regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr release_all_locks release_lock repeat replace ' +
      'replicate reverse right round row_count row_number row_to_json rpad rtrim schema schema_id schema_name ' +
      'schema_to_xml scope_identity sec_to_time second serverproperty session_context set_bit set_config ' +
      'setseed setval sha sha1 sha2 sha224 sha256 sha384 sha512 sign sin sleep soundex space split_part sqlite_compileoption_get ' +
      'sqlite_source_id sqlite_version sqrt square st_aswkt st_distance st_geomfromtext st_latfromgeohash st_pointfromgeohash ' +
      'standard_hash stats_date std stddev stddev_pop stddev_samp str str_to_date strcmp strftime string_agg string_split ' +
      'string_to_array strpos stuff subdate substr substrb substring substring_index subtime suser_id suser_name suser_sid ' +
      'suser_sname switchoffset sys_context sys_eval sys_exec sys_guid table_to_xml tan textptr textvalid time time_format ' +
      'time_to_sec timediff timestamp timestampadd timestampdiff to_ascii to_base64 to_char to_clob to_date to_days to_hex ' +
      'to_json to_nchar to_number to_seconds to_timestamp total changes translate trigger_nestlevel trim trunc try_cast ' +
      'try_convert txid_current type_id type_name typeof typeproperty ucase uncompress uncompressed_length unhex unicode ' +
      'unistr unix_timestamp unlikely unnest updatexml upper user user_id user_name userenv ' +
      'uuid uuid_generate_v4 uuid_short uuid_to_bin validate_password_strength var_pop var_samp variance version ' +
      'wait_for_executed_gtid_set wait_until_sql_thread_after_gtids week weekday weekofyear weight_string xml_is_well_formed ' +
      'xmlagg xmlconcat xmlelement xmlexists xmlforest xmlparse xmlroot xmlserialize xmlquery xmltable xpath xpath_exists ' +
      'xp_cmdshell xp_dirtree xp_fileexist xp_regread xp_subdirs year yearweek zeroblob ' +
      'ctxsys.drithsx.sn dbms_lock.sleep dbms_pipe.receive_message dbms_session.sleep dbms_xmlgen.getxml dbms_xmlquery.getxml ' +
      'httpuritype utl_http.request utl_inaddr.get_host_address utl_inaddr.get_host_name utl_smtp.open_connection ' +
      'sys.dbms_ldap.init dbms_ldap.init sys.utl_http.request master.dbo.fn_varbintohexstr sys.fn_sqlvarbasetostr dbms_random.value',
  ],
]

const PHRASES_BY_TYPE: readonly (readonly [SqliType, string])[] = [
  [
    'U',
    'union all|union distinct|union distinctrow|intersect all|intersect distinct|except all|except distinct|minus all',
  ],
  ['B', 'group by|order by|order siblings|order siblings by|limit all|cluster by|distribute by'],
  [
    'E',
    'select all|select distinct|select distinctrow|select top|select sql_no_cache|select sql_calc_found_rows',
  ],
  ['E', 'select straight_join|select high_priority|execute immediate'],
  [
    'T',
    'waitfor delay|waitfor time|bulk insert|create or|create or replace|load data|load data infile|load data local|' +
      'alter database|alter login|alter role|alter system|alter table|alter user|attach database|backup database|backup log|' +
      'create database|create function|create index|create login|create procedure|create role|create table|create temporary|' +
      'create temporary table|create trigger|create user|create view|delete from|drop column|drop database|drop function|' +
      'drop index|drop procedure|drop role|drop schema|drop table|drop tables|drop trigger|drop user|drop view|insert into|' +
      'replace into|insert ignore|insert ignore into|truncate table|merge into|revoke all|grant all',
  ],
  [
    'o',
    'is not|is distinct|is not distinct|is not distinct from|is distinct from|not like|not ilike|not rlike|not regexp|not glob|' +
      'not between|not similar|not similar to|similar to|sounds like|between symmetric|member of|is of',
  ],
  [
    'k',
    'into outfile|into dumpfile|not in|inner join|left join|left outer|left outer join|right join|right outer|right outer join|' +
      'full join|full outer|full outer join|cross join|cross apply|outer apply|natural join|natural left|natural inner|' +
      'if exists|if not|if not exists|on duplicate|on duplicate key|on conflict|for update|' +
      'lock in|lock in share|lock in share mode|in boolean|in boolean mode|at time|at time zone|with rollup|partition by|' +
      'primary key|foreign key|having count',
  ],
  [
    't',
    'double precision|character varying|bit varying|char varying|long raw|national character|signed integer|unsigned integer',
  ],
]

/** The words of SQL by what they are, in MySQL, PostgreSQL, SQL Server, Oracle and SQLite; lower-cased. */
export const SQL_WORDS: ReadonlyMap<string, SqliType> = tableOf(WORDS_BY_TYPE, ' ')

/** Words that mean one thing together; a phrase of three begins with a phrase of two. */
export const SQL_PHRASES: ReadonlyMap<string, SqliType> = tableOf(PHRASES_BY_TYPE, '|')

/** The words (and phrases) that a phrase can begin with: a quick answer to most pairs of words. */
export const PHRASE_STARTS: ReadonlySet<string> = new Set(
  [...SQL_PHRASES.keys()].map((phrase) => phrase.slice(0, phrase.lastIndexOf(' '))),
)

/**
 * Functions that an injection calls to wait, to read, to call out or to ask who and where it is, and a formula or a program text
 * does not call at once: the plain ones (`max`, `round`, `left`) say nothing by themselves.
 */
export const PROBES: ReadonlySet<string> = new Set(
  (
    'ascii asciistr benchmark bin_to_num char chr concat concat_ws connection_id conv cur_user database db_id db_name dblink ' +
    'dblink_connect dblink_exec dblink_send_query elt exists exp export_set extractvalue find_in_set from_base64 generate_series ' +
    'get_lock group_concat has_dbaccess hashbytes hex hextoraw host_name inet_aton inet6_aton is_srvrolemember json_extract_path ' +
    'json_keys lo_export lo_import load_extension load_file make_set md5 mid name_const object_id ord patindex pg_ls_dir ' +
    'pg_read_binary_file pg_read_file pg_sleep pg_sleep_for pg_sleep_until query_to_xml randomblob rawtohex ' +
    'row_count schema schema_name serverproperty sha1 sleep sqlite_version st_latfromgeohash st_pointfromgeohash string_agg ' +
    'strcmp substr substrb substring suser_name suser_sname sys_context sys_eval sys_exec unhex updatexml user user_name version ' +
    'xmltype xp_cmdshell xp_dirtree xp_fileexist xp_regread xp_subdirs zeroblob ctxsys.drithsx.sn dbms_lock.sleep ' +
    'dbms_pipe.receive_message dbms_session.sleep dbms_xmlgen.getxml dbms_xmlquery.getxml httpuritype utl_http.request ' +
    'utl_inaddr.get_host_address utl_inaddr.get_host_name sys.utl_http.request dbms_ldap.init sys.dbms_ldap.init ' +
    'utl_smtp.open_connection sys.fn_sqlvarbasetostr master.dbo.fn_varbintohexstr'
  ).split(' '),
)

function tableOf(
  rows: readonly (readonly [SqliType, string])[],
  separator: string,
): ReadonlyMap<string, SqliType> {
  return new Map(rows.flatMap(([type, words]) => words.split(separator).map((word) => [word, type] as const)))
}
