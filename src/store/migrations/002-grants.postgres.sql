CREATE TABLE role_assignments (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  role TEXT NOT NULL,
  resource_type TEXT,
  resource_id TEXT,
  elevation INTEGER NOT NULL CHECK (elevation IN (0, 1)),
  reason TEXT NOT NULL,
  granted_by TEXT NOT NULL,
  approved_by TEXT,
  granted_at BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  revoked_by TEXT,
  last_used_at BIGINT,
  CHECK (resource_id IS NULL OR resource_type IS NOT NULL),
  CHECK (elevation = 0 OR expires_at IS NOT NULL),
  CHECK (expires_at IS NULL OR expires_at > not_before)
);
CREATE INDEX role_assignments_subject ON role_assignments (subject) WHERE revoked_at IS NULL;

CREATE TABLE permission_grants (
  id TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  permission TEXT NOT NULL,
  resource_type TEXT,
  resource_id TEXT,
  elevation INTEGER NOT NULL CHECK (elevation IN (0, 1)),
  reason TEXT NOT NULL,
  granted_by TEXT NOT NULL,
  approved_by TEXT,
  granted_at BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  revoked_by TEXT,
  last_used_at BIGINT,
  CHECK (resource_id IS NULL OR resource_type IS NOT NULL),
  CHECK (elevation = 0 OR expires_at IS NOT NULL),
  CHECK (expires_at IS NULL OR expires_at > not_before)
);
CREATE INDEX permission_grants_subject ON permission_grants (subject) WHERE revoked_at IS NULL;
