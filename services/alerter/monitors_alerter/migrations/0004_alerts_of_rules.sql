-- migrate:up

SET LOCAL lock_timeout = '5s';

-- What a rule led to, newest first. A version that does not ask for it keeps the index all the same.
CREATE INDEX alerts_of_rule ON alerter.alerts (organization_id, (document->>'ruleId'), id DESC)
WHERE document->>'ruleId' IS NOT NULL;

-- migrate:down
SET LOCAL lock_timeout = '5s';
DROP INDEX alerter.alerts_of_rule;
