-- migrate:up
SET lock_timeout = '5s';

CREATE TABLE gateway.idempotency_keys (
    user_id uuid NOT NULL REFERENCES gateway.users ON DELETE CASCADE,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    entity_id uuid NOT NULL,  -- what the request creates has this id, however often it is tried
    started_at timestamptz NOT NULL,
    status integer,           -- null while the first request is still being worked on
    headers jsonb,
    body bytea,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_age ON gateway.idempotency_keys (started_at);

CREATE TABLE gateway.audit_log (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid,
    what text NOT NULL,
    target text,
    ip text,
    occurred_at timestamptz NOT NULL,
    data jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_organization ON gateway.audit_log (organization_id, occurred_at DESC);
CREATE INDEX audit_log_age ON gateway.audit_log (occurred_at);

-- migrate:down
DROP TABLE gateway.idempotency_keys, gateway.audit_log;
