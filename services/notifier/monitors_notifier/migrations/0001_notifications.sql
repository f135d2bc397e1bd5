-- migrate:up

CREATE SCHEMA notifier;

-- Whom a mail of the organization's default channel goes to.
CREATE TABLE notifier.recipients (
    organization_id uuid PRIMARY KEY,
    email           text NOT NULL,
    name            text NOT NULL
);

CREATE TABLE notifier.channels (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    kind            text        NOT NULL CHECK (kind IN ('local', 'email', 'webhook', 'apprise')),
    name            text        NOT NULL,
    url             text,
    address         text,
    secret          text,
    is_active       boolean     NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL,
    unsubscribed_at timestamptz
);
CREATE INDEX channels_of_organization ON notifier.channels (organization_id, id);

-- The delivery ledger: one row a message and channel. Made of notification events; a higher version wins.
CREATE TABLE notifier.notifications (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    alert_id        uuid,
    monitor_id      uuid,
    channel_id      uuid        NOT NULL,
    state           text        NOT NULL,
    version         integer     NOT NULL,
    next_attempt_at timestamptz,
    document        jsonb       NOT NULL,
    alert           jsonb,
    reason          text
);
CREATE INDEX notifications_of_organization ON notifier.notifications (organization_id, id DESC);
CREATE INDEX notifications_of_monitor ON notifier.notifications (organization_id, monitor_id, id DESC);
CREATE INDEX notifications_of_alert ON notifier.notifications (organization_id, alert_id, id DESC);
CREATE INDEX notifications_due ON notifier.notifications (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- Which change of which alert was told where: the key that makes a message be sent once, whatever is delivered again.
CREATE TABLE notifier.deliveries (
    alert_id        uuid    NOT NULL,
    alert_version   integer NOT NULL,
    channel_id      uuid    NOT NULL,
    notification_id uuid    NOT NULL,
    PRIMARY KEY (alert_id, alert_version, channel_id)
);

-- Messages of the local channel, to be read through the API.
CREATE TABLE notifier.outbox_messages (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    recipient       text        NOT NULL,
    subject         text        NOT NULL,
    body_text       text        NOT NULL,
    body_html       text        NOT NULL,
    file            text        NOT NULL,
    alert_id        uuid,
    monitor_id      uuid,
    created_at      timestamptz NOT NULL
);
CREATE INDEX outbox_messages_of_organization ON notifier.outbox_messages (organization_id, id DESC);

-- migrate:down
DROP SCHEMA notifier CASCADE;
