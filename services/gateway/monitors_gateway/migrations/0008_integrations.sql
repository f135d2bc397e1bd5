-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Where other systems send their alerts: each has an address of its own, found by the hash of the key in it. `secret` is what the
-- sender signs with, which has to be known whole. What it sent last is for people to look at; nothing rests on it.
CREATE TABLE gateway.integrations (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    kind            text        NOT NULL,
    name            text        NOT NULL,
    key_hash        bytea       NOT NULL UNIQUE,
    key_ending      text        NOT NULL,
    secret          text,
    labels          jsonb       NOT NULL,
    mapping         jsonb,
    resolve_after   integer,
    is_active       boolean     NOT NULL,
    created_at      timestamptz NOT NULL,
    last_at         timestamptz,
    alerts          bigint      NOT NULL DEFAULT 0,
    refused         bigint      NOT NULL DEFAULT 0,
    last_refusal    text,
    last_refused_at timestamptz
);
CREATE INDEX integrations_of_organization ON gateway.integrations (organization_id, id DESC);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE gateway.integrations;
