-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Who has sent measurements by which way: an API token, or a user who signed in. For people to look at; nothing rests on it.
CREATE TABLE gateway.senders (
    organization_id uuid NOT NULL REFERENCES gateway.organizations ON DELETE CASCADE,
    sender_id uuid NOT NULL,
    way text NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    accepted bigint NOT NULL,
    refused bigint NOT NULL,
    last_refusal text,
    PRIMARY KEY (organization_id, sender_id, way)
);

-- migrate:down
DROP TABLE gateway.senders;
