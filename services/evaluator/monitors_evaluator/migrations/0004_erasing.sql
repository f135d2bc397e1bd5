-- migrate:up
SET LOCAL lock_timeout = '5s';

-- All monitors of an organization, deleted ones included, which have no user any more.
CREATE INDEX monitors_of_organization ON evaluator.monitors (organization_id, user_id, id DESC);
DROP INDEX evaluator.monitors_of_user;

-- migrate:down
CREATE INDEX monitors_of_user ON evaluator.monitors (organization_id, user_id, id DESC) WHERE document IS NOT NULL;
DROP INDEX evaluator.monitors_of_organization;
