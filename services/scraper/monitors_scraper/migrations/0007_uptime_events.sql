-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Uptime checks are made of their events from now on; those made before have version 1. Who made them is not asked again.
ALTER TABLE scraper.uptime_checks ADD COLUMN version integer NOT NULL DEFAULT 1;

-- Checks that were deleted: an event about one that comes late, or again, brings nothing back.
CREATE TABLE scraper.uptime_deleted (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL
);
CREATE INDEX uptime_deleted_of_organization ON scraper.uptime_deleted (organization_id);

-- migrate:down
DROP TABLE scraper.uptime_deleted;
ALTER TABLE scraper.uptime_checks DROP COLUMN version;
