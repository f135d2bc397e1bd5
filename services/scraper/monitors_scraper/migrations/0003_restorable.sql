-- migrate:up
SET LOCAL lock_timeout = '5s';

-- When the pages of a deleted monitor are erased: null once they are, infinity after the monitor was brought back. The higher
-- version counts, so that deletion and restoration may come in any order.
ALTER TABLE scraper.forgotten ADD COLUMN version integer NOT NULL DEFAULT 2147483647;
ALTER TABLE scraper.forgotten ADD COLUMN erase_at timestamptz;
CREATE INDEX forgotten_due ON scraper.forgotten (erase_at) WHERE erase_at IS NOT NULL;

-- migrate:down
SET LOCAL lock_timeout = '5s';
DELETE FROM scraper.forgotten WHERE erase_at = 'infinity';
DROP INDEX scraper.forgotten_due;
ALTER TABLE scraper.forgotten DROP COLUMN erase_at;
ALTER TABLE scraper.forgotten DROP COLUMN version;
