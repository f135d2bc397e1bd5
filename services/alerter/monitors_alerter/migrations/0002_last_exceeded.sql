-- migrate:up
SET LOCAL lock_timeout = '5s';

-- When a condition was last exceeded: a clearing that arrives after the next crossing must not end the alert of that one.
ALTER TABLE alerter.clearings ADD COLUMN exceeded_at timestamptz;
ALTER TABLE alerter.clearings ALTER COLUMN cleared_at DROP NOT NULL;

-- migrate:down
ALTER TABLE alerter.clearings DROP COLUMN exceeded_at;
DELETE FROM alerter.clearings WHERE cleared_at IS NULL;
ALTER TABLE alerter.clearings ALTER COLUMN cleared_at SET NOT NULL;
