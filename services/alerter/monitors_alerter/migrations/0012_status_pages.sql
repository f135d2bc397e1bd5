-- migrate:up
SET LOCAL lock_timeout = '5s';

-- The page as it is now, made of its events; a higher version wins. `document` is all of it; null when it is gone, so that an
-- event that is late does not bring it back.
CREATE TABLE alerter.status_pages (
    id              uuid    PRIMARY KEY,
    organization_id uuid    NOT NULL,
    slug            text    NOT NULL,
    is_public       boolean NOT NULL,
    has_windows     boolean NOT NULL,
    version         integer NOT NULL,
    document        jsonb
);
CREATE INDEX status_pages_of_organization ON alerter.status_pages (organization_id);
-- Private pages are found by their links alone: nobody learns from a name that is taken that there is one.
CREATE UNIQUE INDEX status_pages_by_slug ON alerter.status_pages (slug) WHERE is_public AND document IS NOT NULL;
CREATE INDEX status_pages_with_windows ON alerter.status_pages (id) WHERE has_windows AND document IS NOT NULL;

-- How components did. `version` is the page's after the change.
CREATE TABLE alerter.component_changes (
    organization_id uuid        NOT NULL,
    page_id         uuid        NOT NULL,
    version         integer     NOT NULL,
    at              timestamptz NOT NULL,
    document        jsonb       NOT NULL,
    PRIMARY KEY (page_id, version)
);
CREATE INDEX component_changes_of_page ON alerter.component_changes (organization_id, page_id, at);
CREATE INDEX component_changes_by_age ON alerter.component_changes (at);

-- What was said on pages; null when it was taken away.
CREATE TABLE alerter.status_updates (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    page_id         uuid        NOT NULL,
    thread_id       uuid,
    posted_at       timestamptz,
    document        jsonb
);
CREATE INDEX status_updates_of_page ON alerter.status_updates (organization_id, page_id, id DESC);
CREATE INDEX status_updates_of_thread ON alerter.status_updates (organization_id, thread_id);

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP TABLE alerter.status_updates, alerter.component_changes, alerter.status_pages;
