-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Who asked for a status page's updates, and confirmed it. Who leaves is forgotten.
CREATE TABLE notifier.subscribers (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    page_id         uuid        NOT NULL,
    kind            text        NOT NULL,
    address         text,
    url             text,
    secret          text,
    page_name       text        NOT NULL,
    page_path       text        NOT NULL,
    is_confirmed    boolean     NOT NULL DEFAULT false,
    created_at      timestamptz NOT NULL,
    confirmed_at    timestamptz,
    last_failure    text
);
CREATE UNIQUE INDEX subscribers_by_address ON notifier.subscribers (page_id, address) WHERE kind = 'email';
CREATE INDEX subscribers_of_page ON notifier.subscribers (organization_id, page_id, id DESC);
CREATE INDEX subscribers_pending ON notifier.subscribers (created_at) WHERE NOT is_confirmed;

-- What subscribers are told: an event each.
CREATE TABLE notifier.status_news (
    id              uuid  PRIMARY KEY,
    organization_id uuid  NOT NULL,
    page_id         uuid  NOT NULL,
    document        jsonb NOT NULL
);
CREATE INDEX status_news_of_organization ON notifier.status_news (organization_id, page_id);

-- A message a subscriber and news; without news it asks to confirm.
CREATE TABLE notifier.status_messages (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    subscriber_id   uuid        NOT NULL,
    news_id         uuid,
    state           text        NOT NULL DEFAULT 'waiting',
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX status_messages_once ON notifier.status_messages (subscriber_id, news_id);
CREATE INDEX status_messages_due ON notifier.status_messages (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX status_messages_of_organization ON notifier.status_messages (organization_id);

-- When an address (hashed) was asked to confirm, whoever asked for it: so that nobody's mailbox is filled from here.
CREATE TABLE notifier.confirmations (
    target  bytea       NOT NULL,
    sent_at timestamptz NOT NULL
);
CREATE INDEX confirmations_of_target ON notifier.confirmations (target, sent_at);
CREATE INDEX confirmations_by_age ON notifier.confirmations (sent_at);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE notifier.confirmations, notifier.status_messages, notifier.status_news, notifier.subscribers;
