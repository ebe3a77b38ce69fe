CREATE TABLE api_keys (
  id TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  realm TEXT NOT NULL CHECK (realm IN ('site', 'operator')),
  name TEXT NOT NULL,
  owner TEXT NOT NULL,
  hint TEXT NOT NULL,
  key_hash TEXT NOT NULL UNIQUE,
  roles TEXT NOT NULL,
  scopes TEXT NOT NULL,
  routes TEXT NOT NULL,
  networks TEXT NOT NULL,
  rate_requests INTEGER,
  rate_period_ms INTEGER,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER,
  replaced_by TEXT,
  revoked_at INTEGER,
  revoked_by TEXT,
  last_used_at INTEGER,
  last_used_ip TEXT,
  uses INTEGER NOT NULL,
  CHECK ((rate_requests IS NULL) = (rate_period_ms IS NULL)),
  CHECK (expires_at IS NULL OR expires_at >= created_at)
) STRICT;
CREATE INDEX api_keys_name ON api_keys (realm, name);

CREATE TABLE limit_resets (
  key TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX limit_resets_at ON limit_resets (at);
