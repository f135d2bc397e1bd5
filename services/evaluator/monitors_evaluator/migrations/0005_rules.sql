-- migrate:up
SET LOCAL lock_timeout = '5s';

-- A rule as it is now, made of rule events; a higher version wins. `document` is the whole rule (null once deleted).
-- `revision` grows with every change, in the order of commits, so that whoever judges finds what changed since.
CREATE TABLE evaluator.rules (
    id              uuid    PRIMARY KEY,
    organization_id uuid    NOT NULL,
    version         integer NOT NULL,
    revision        bigint  NOT NULL,
    document        jsonb
);
CREATE SEQUENCE evaluator.rule_revisions OWNED BY evaluator.rules.revision;
CREATE INDEX rules_of_organization ON evaluator.rules (organization_id, id DESC) WHERE document IS NOT NULL;
CREATE INDEX rules_changed ON evaluator.rules (revision);

-- Organizations are judged in shards. A shard has one owner at a time, by a lease that ends by itself; `epoch` grows with each
-- owner, and nobody but the owner of the epoch moves `position`: the last message of the stream that was judged.
CREATE TABLE evaluator.rule_shards (
    shard      integer     PRIMARY KEY,
    owner      uuid,
    epoch      bigint      NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL DEFAULT '-infinity',
    position   bigint      NOT NULL DEFAULT 0
);
INSERT INTO evaluator.rule_shards (shard) SELECT generate_series(0, 15);

-- Who could judge, and is there.
CREATE TABLE evaluator.rule_judges (
    id      uuid        PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

-- How the rules of an organization stand, as of the shard's position: columns packed as the judge keeps them. `names` says
-- which series, `numbers` how they stand.
CREATE TABLE evaluator.rule_states (
    organization_id uuid        PRIMARY KEY,
    shard           integer     NOT NULL,
    names           bytea       NOT NULL,
    numbers         bytea       NOT NULL,
    written_at      timestamptz NOT NULL
);
CREATE INDEX rule_states_of_shard ON evaluator.rule_states (shard);

-- migrate:down
DROP TABLE evaluator.rule_states;
DROP TABLE evaluator.rule_judges;
DROP TABLE evaluator.rule_shards;
DROP TABLE evaluator.rules;
