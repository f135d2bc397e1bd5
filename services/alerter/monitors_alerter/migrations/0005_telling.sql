-- migrate:up
SET LOCAL lock_timeout = '5s';

-- A number that grows with every change of what decides who is told: routes, channels, silences, policies. What is read
-- under it is kept in memory until it is another one.
CREATE TABLE alerter.settings (
    organization_id uuid   PRIMARY KEY,
    version         bigint NOT NULL
);

-- These organizations' versions. Whoever asks has them unchanged until its transaction ends: who changes them waits. The
-- second statement sees what was committed while the first one waited.
CREATE FUNCTION alerter.settings_of(organizations uuid[]) RETURNS SETOF alerter.settings LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('settings of alerts'), hashtext(given.id::text))
    FROM (SELECT DISTINCT unnest(organizations) AS id ORDER BY 1) AS given;
    RETURN QUERY SELECT * FROM alerter.settings WHERE organization_id = ANY (organizations);
END $$;

-- The settings are other ones from now on. Waits for those who are just telling by the old ones.
CREATE FUNCTION alerter.change_settings(organization uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('settings of alerts'), hashtext(organization::text));
    INSERT INTO alerter.settings VALUES (organization, 1)
    ON CONFLICT (organization_id) DO UPDATE SET version = settings.version + 1;
END $$;

-- Made of the notifier's events. A channel that is gone leaves its row, so that a late event does not bring it back.
CREATE TABLE alerter.channels (
    organization_id uuid    NOT NULL,
    id              uuid    NOT NULL,
    kind            text    NOT NULL,
    name            text    NOT NULL,
    is_active       boolean NOT NULL,
    is_gone         boolean NOT NULL DEFAULT false,
    version         integer NOT NULL,
    PRIMARY KEY (organization_id, id)
);

-- Made of RoutingChanged. Without a row, the tree that everybody begins with holds.
CREATE TABLE alerter.routing (
    organization_id uuid    PRIMARY KEY,
    version         integer NOT NULL,
    document        jsonb   NOT NULL
);

-- From here on working state: what waits to be told, and what was.

-- Alerts that are told together: after `wait`, and then each `every`. `due_at` is when to look at it again; `again_at` when
-- to look at all its members for it.
CREATE TABLE alerter.groups (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    key             text        NOT NULL,
    route           text        NOT NULL,
    labels          jsonb       NOT NULL,
    opened_at       timestamptz NOT NULL,
    wait            interval    NOT NULL,
    every           interval    NOT NULL,
    told_at         timestamptz,
    due_at          timestamptz,
    again_at        timestamptz,
    is_stale        boolean     NOT NULL DEFAULT false,
    step            integer     NOT NULL DEFAULT 0,
    next_step       integer,
    next_due        timestamptz,
    called          jsonb       NOT NULL DEFAULT '{}',
    digest_of       uuid,
    UNIQUE (organization_id, key)
);
CREATE INDEX groups_due ON alerter.groups (due_at) WHERE due_at IS NOT NULL;

-- `word` says why an alert was not told when it was last looked at (`DECISIONS`); `held_by` is the alert that inhibits it.
CREATE TABLE alerter.members (
    organization_id uuid    NOT NULL,
    group_id        uuid    NOT NULL,
    alert_id        uuid    NOT NULL,
    is_settled      boolean NOT NULL,
    was_clear       boolean NOT NULL,
    word            text    NOT NULL,
    held_by         uuid,
    reason          text    NOT NULL,
    correlation_id  uuid,
    PRIMARY KEY (group_id, alert_id)
);
CREATE INDEX members_unsettled ON alerter.members (group_id) WHERE NOT is_settled;
CREATE INDEX members_of_alert ON alerter.members (alert_id);
CREATE INDEX members_held ON alerter.members (organization_id) WHERE word IN ('silenced', 'maintenance', 'inhibited');
CREATE INDEX members_held_by ON alerter.members (held_by) WHERE held_by IS NOT NULL;

-- What each channel was last told of each alert, and by which group.
CREATE TABLE alerter.told (
    organization_id uuid        NOT NULL,
    alert_id        uuid        NOT NULL,
    channel_id      uuid        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('owed', 'firing', 'resolved')),
    severity        text        NOT NULL,
    group_id        uuid        NOT NULL,
    at              timestamptz NOT NULL,
    PRIMARY KEY (alert_id, channel_id)
);

-- How much each channel was sent, for its limit.
CREATE TABLE alerter.issued (
    organization_id uuid        NOT NULL,
    channel_id      uuid        NOT NULL,
    at              timestamptz NOT NULL,
    notices         integer     NOT NULL
);
CREATE INDEX issued_to_channel ON alerter.issued (channel_id, at) INCLUDE (notices);
CREATE INDEX issued_at ON alerter.issued USING brin (at);

-- Why an alert was told, or was not.
CREATE TABLE alerter.decisions (
    organization_id uuid        NOT NULL,
    alert_id        uuid        NOT NULL,
    position        bigint      GENERATED ALWAYS AS IDENTITY,
    at              timestamptz NOT NULL,
    channel_id      uuid,
    route           text        NOT NULL,
    word            text        NOT NULL,
    detail          jsonb       NOT NULL
);
CREATE INDEX decisions_of_alert ON alerter.decisions (alert_id, position);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE alerter.decisions;
DROP TABLE alerter.issued;
DROP TABLE alerter.told;
DROP TABLE alerter.members;
DROP TABLE alerter.groups;
DROP TABLE alerter.routing;
DROP TABLE alerter.channels;
DROP FUNCTION alerter.change_settings;
DROP FUNCTION alerter.settings_of;
DROP TABLE alerter.settings;
