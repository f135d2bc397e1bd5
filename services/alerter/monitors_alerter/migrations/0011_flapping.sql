-- migrate:up
SET LOCAL lock_timeout = '5s';

-- When a condition was over, the last times: one that comes and goes is told of as such. A version that does not know it
-- leaves it as it is.
ALTER TABLE alerter.clearings ADD COLUMN ends timestamptz[] NOT NULL DEFAULT '{}';

-- What comes and goes now; seldom any.
CREATE INDEX alerts_flapping ON alerter.alerts (id)
WHERE state <> 'resolved' AND document->>'flappingSince' IS NOT NULL;

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP INDEX alerter.alerts_flapping;
ALTER TABLE alerter.clearings DROP COLUMN ends;
