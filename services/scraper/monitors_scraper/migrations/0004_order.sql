-- migrate:up
SET LOCAL lock_timeout = '5s';

-- Which snapshot of a monitor came before another.
CREATE INDEX snapshots_in_order ON scraper.snapshots (organization_id, monitor_id, id);
DROP INDEX scraper.snapshots_of_monitor;

-- migrate:down
CREATE INDEX snapshots_of_monitor ON scraper.snapshots (organization_id, monitor_id);
DROP INDEX scraper.snapshots_in_order;
