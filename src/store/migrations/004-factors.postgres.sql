CREATE TABLE totp_factors (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  secret TEXT NOT NULL,
  last_step BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  confirmed_at BIGINT,
  last_used_at BIGINT
);

CREATE TABLE backup_codes (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  code_hash TEXT NOT NULL,
  salt TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  used_at BIGINT,
  PRIMARY KEY (account_id, code_hash)
);

CREATE TABLE factor_failures (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  failures BIGINT NOT NULL
);

CREATE TABLE passkeys (
  credential_id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  rp_id TEXT NOT NULL,
  public_key TEXT NOT NULL,
  counter BIGINT NOT NULL,
  transports TEXT NOT NULL,
  name TEXT NOT NULL,
  aaguid TEXT NOT NULL,
  backup_eligible INTEGER NOT NULL CHECK (backup_eligible IN (0, 1)),
  backed_up INTEGER NOT NULL CHECK (backed_up IN (0, 1)),
  created_at BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE INDEX passkeys_account ON passkeys (account_id);

CREATE TABLE spent_tokens (
  id TEXT PRIMARY KEY,
  expires_at BIGINT NOT NULL
);
CREATE INDEX spent_tokens_expiry ON spent_tokens (expires_at);

CREATE TABLE remembered_devices (
  token_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  session_version INTEGER NOT NULL,
  user_agent TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX remembered_devices_account ON remembered_devices (account_id);

ALTER TABLE sessions ADD COLUMN assurance INTEGER NOT NULL DEFAULT 1;
ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT 'pwd';
ALTER TABLE sessions ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE accounts ADD COLUMN break_glass_sealed_at BIGINT;
ALTER TABLE accounts ADD COLUMN tenant TEXT;

CREATE TABLE suspended_tenants (
  tenant TEXT PRIMARY KEY,
  reason TEXT NOT NULL,
  suspended_by TEXT NOT NULL,
  suspended_at BIGINT NOT NULL
);

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
  ttl_ms BIGINT NOT NULL,
  requested_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  decision TEXT CHECK (decision IN ('approved', 'refused', 'withdrawn')),
  decided_by TEXT,
  decided_at BIGINT
);
CREATE INDEX elevation_requests_open ON elevation_requests (realm, requested_at) WHERE decision IS NULL;
