CREATE TABLE totp_factors (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,
  last_step INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  confirmed_at INTEGER,
  last_used_at INTEGER
) STRICT;

CREATE TABLE backup_codes (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  code_hash TEXT NOT NULL,
  salt TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (account_id, code_hash)
) STRICT;

CREATE TABLE factor_failures (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  failures INTEGER NOT NULL
) STRICT;

CREATE TABLE passkeys (
  credential_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  rp_id TEXT NOT NULL,
  public_key TEXT NOT NULL,
  counter INTEGER NOT NULL,
  transports TEXT NOT NULL,
  name TEXT NOT NULL,
  aaguid TEXT NOT NULL,
  backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
  backed_up INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_account ON passkeys (account_id);

CREATE TABLE spent_tokens (
  id TEXT PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_tokens_expiry ON spent_tokens (expires_at);

CREATE TABLE remembered_devices (
  token_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  session_version INTEGER NOT NULL,
  user_agent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX remembered_devices_account ON remembered_devices (account_id);

ALTER TABLE sessions ADD COLUMN assurance INTEGER NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT 'pwd';
ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER NOT NULL DEFAULT 0;

ALTER TABLE accounts ADD COLUMN break_glass_sealed_at INTEGER;
ALTER TABLE accounts ADD COLUMN tenant TEXT;

CREATE TABLE suspended_tenants (
  tenant TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  suspended_by TEXT NOT NULL,
  suspended_at INTEGER NOT NULL
) STRICT;

ALTER TABLE role_assignments ADD COLUMN session_ref TEXT;
ALTER TABLE role_assignments ADD COLUMN session_version INTEGER;
ALTER TABLE permission_grants ADD COLUMN session_ref TEXT;
ALTER TABLE permission_grants ADD COLUMN session_version INTEGER;

CREATE TABLE elevation_requests (
  id TEXT PRIMARY KEY,
  realm TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  session_ref TEXT NOT NULL,
  session_version INTEGER NOT NULL,
  names TEXT NOT NULL,
  reason TEXT NOT NULL,
  ttl_ms INTEGER NOT NULL,
  requested_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decision TEXT CHECK (decision IN ('approved', 'refused', 'withdrawn')),
  decided_by TEXT,
  decided_at INTEGER
) STRICT;
CREATE INDEX elevation_requests_open ON elevation_requests (realm, requested_at) WHERE decision IS NULL;
