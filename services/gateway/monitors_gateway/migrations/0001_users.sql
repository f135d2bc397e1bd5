-- migrate:up
SET lock_timeout = '5s';

CREATE SCHEMA IF NOT EXISTS gateway;

CREATE TABLE gateway.users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    name text NOT NULL,
    password_hash text,  -- null for those who sign in elsewhere
    email_verified boolean NOT NULL DEFAULT false,
    is_beta_user boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_login_at timestamptz
);

CREATE TABLE gateway.organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    personal boolean NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE gateway.memberships (
    organization_id uuid NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES gateway.users ON DELETE CASCADE,
    role text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, organization_id)
);

CREATE TABLE gateway.sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES gateway.users ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    ip text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_because text
);
CREATE INDEX sessions_user ON gateway.sessions (user_id);
CREATE INDEX sessions_expiry ON gateway.sessions (expires_at);

-- Used tokens stay as long as their session: presenting one again shows that it was copied.
CREATE TABLE gateway.refresh_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES gateway.sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_session ON gateway.refresh_tokens (session_id);

CREATE TABLE gateway.login_attempts (
    key text PRIMARY KEY,
    failures integer NOT NULL,
    last_failed_at timestamptz NOT NULL
);

-- migrate:down
DROP SCHEMA gateway CASCADE;
