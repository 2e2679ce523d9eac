-- Search over the whole project: by the words of the question (in small letters), by who and when, by score.
ALTER TABLE query ADD COLUMN text TEXT NOT NULL DEFAULT '';
UPDATE query SET text = lower(coalesce(CAST(body AS TEXT) ->> '$.text', ''));
CREATE INDEX annotation_by_author ON annotation (author);
CREATE INDEX annotation_by_time ON annotation (at);
CREATE INDEX annotation_by_score ON annotation (score) WHERE score IS NOT NULL;
