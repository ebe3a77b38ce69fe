CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  realm TEXT NOT NULL CHECK (realm IN ('site', 'operator')),
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  password_hash TEXT,
  password_set_at INTEGER NOT NULL,
  password_must_change INTEGER NOT NULL,
  password_expires_at INTEGER,
  session_version INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_sign_in_at INTEGER,
  UNIQUE (realm, email_key)
) STRICT;

CREATE TABLE password_history (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  password_hash TEXT NOT NULL,
  set_at INTEGER NOT NULL
) STRICT;
CREATE INDEX password_history_account ON password_history (account_id, set_at);

CREATE TABLE sessions (
  id_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  realm TEXT NOT NULL,
  session_version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  idle_expires_at INTEGER NOT NULL,
  absolute_expires_at INTEGER NOT NULL,
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_absolute_expiry ON sessions (absolute_expires_at);

CREATE TABLE audit_events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT,
  ip TEXT,
  method TEXT,
  host TEXT,
  path TEXT,
  status INTEGER,
  verdict TEXT NOT NULL,
  wall TEXT,
  code TEXT,
  detail TEXT,
  duration_us INTEGER,
  bytes_in INTEGER,
  bytes_out INTEGER,
  trace TEXT,
  data TEXT
) STRICT;
CREATE INDEX audit_events_id ON audit_events (id);
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_code ON audit_events (code, seq) WHERE code IS NOT NULL;
CREATE INDEX audit_events_subject ON audit_events (subject, seq) WHERE subject IS NOT NULL;

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
