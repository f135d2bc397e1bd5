-- migrate:up
SET LOCAL lock_timeout = '5s';

ALTER TABLE gateway.sessions ADD COLUMN last_used_at timestamptz;

-- What programs sign in with. The token itself is shown once and kept nowhere; `ending` is for its owner to tell it by.
CREATE TABLE gateway.api_tokens (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES gateway.users ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    ending text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_tokens_user ON gateway.api_tokens (user_id, id DESC);

-- What one user did, newest first.
CREATE INDEX audit_log_user ON gateway.audit_log (organization_id, user_id, id DESC);

-- migrate:down
DROP INDEX gateway.audit_log_user;
DROP TABLE gateway.api_tokens;
ALTER TABLE gateway.sessions DROP COLUMN last_used_at;
