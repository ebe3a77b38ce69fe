ALTER TABLE accounts ADD COLUMN email_verified_at BIGINT;
ALTER TABLE accounts ADD COLUMN delete_after BIGINT;
ALTER TABLE accounts ADD COLUMN language TEXT;

ALTER TABLE sessions ADD COLUMN device_hash TEXT;
ALTER TABLE sessions ADD COLUMN impersonator TEXT;
ALTER TABLE sessions ADD COLUMN impersonation_reason TEXT;

CREATE TABLE account_links (
  token_hash TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  realm TEXT NOT NULL CHECK (realm IN ('site', 'operator')),
  account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
  email TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT
);
CREATE INDEX account_links_account ON account_links (account_id, purpose);
CREATE INDEX account_links_expiry ON account_links (expires_at);

CREATE TABLE known_devices (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  device_hash TEXT NOT NULL,
  first_seen_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  PRIMARY KEY (account_id, device_hash)
);
CREATE INDEX known_devices_last_seen ON known_devices (last_seen_at);

CREATE TABLE sign_in_failures (
  whose TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_failed_at BIGINT NOT NULL
);
CREATE INDEX sign_in_failures_age ON sign_in_failures (last_failed_at);

CREATE TABLE mail_queue (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  realm TEXT NOT NULL CHECK (realm IN ('site', 'operator')),
  email TEXT NOT NULL,
  language TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  tries INTEGER NOT NULL
);
CREATE INDEX mail_queue_next ON mail_queue (next_at);
