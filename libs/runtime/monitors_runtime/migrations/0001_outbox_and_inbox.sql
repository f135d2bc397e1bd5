-- migrate:up

CREATE SCHEMA runtime;

-- Events committed with the state they are about, on their way to the bus. `position` is the order of publishing.
CREATE TABLE runtime.outbox (
    position     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service      text        NOT NULL,
    subject      text        NOT NULL,
    stream       text        NOT NULL,
    headers      jsonb       NOT NULL,
    data         bytea       NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);
-- Page contents arrive compressed; trying again costs time and gains nothing.
ALTER TABLE runtime.outbox ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX outbox_waiting ON runtime.outbox (service, position) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON runtime.outbox (published_at) WHERE published_at IS NOT NULL;

-- Events a consumer has handled, recorded with its change: a redelivery changes nothing.
CREATE TABLE runtime.inbox (
    durable    text        NOT NULL,
    event_id   uuid        NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (durable, event_id)
);
CREATE INDEX inbox_age ON runtime.inbox USING brin (handled_at);

-- migrate:down
DROP SCHEMA runtime CASCADE;
