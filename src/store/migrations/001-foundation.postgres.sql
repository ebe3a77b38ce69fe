CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  realm TEXT NOT NULL CHECK (realm IN ('site', 'operator')),
  email TEXT NOT NULL,
  email_key TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  password_hash TEXT,
  password_set_at BIGINT NOT NULL,
  password_must_change INTEGER NOT NULL,
  password_expires_at BIGINT,
  session_version INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  last_sign_in_at BIGINT,
  UNIQUE (realm, email_key)
);

CREATE TABLE password_history (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  password_hash TEXT NOT NULL,
  set_at BIGINT NOT NULL
);
CREATE INDEX password_history_account ON password_history (account_id, set_at);

CREATE TABLE sessions (
  id_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  realm TEXT NOT NULL,
  session_version INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  idle_expires_at BIGINT NOT NULL,
  absolute_expires_at BIGINT NOT NULL,
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_absolute_expiry ON sessions (absolute_expires_at);

CREATE TABLE audit_events (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
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
  duration_us BIGINT,
  bytes_in BIGINT,
  bytes_out BIGINT,
  trace TEXT,
  data TEXT
);
CREATE INDEX audit_events_id ON audit_events (id);
CREATE INDEX audit_events_at ON audit_events (at);
CREATE INDEX audit_events_code ON audit_events (code, seq) WHERE code IS NOT NULL;
CREATE INDEX audit_events_subject ON audit_events (subject, seq) WHERE subject IS NOT NULL;

CREATE FUNCTION audit_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION audit_events_append_only();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION audit_events_append_only();
