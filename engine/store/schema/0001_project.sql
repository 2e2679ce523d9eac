-- `position` orders rows as they came; an undone removal puts a row back into its place.
CREATE TABLE project (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, path TEXT NOT NULL, kind TEXT NOT NULL, done INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX item_by_path ON item (path);

CREATE TABLE label (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;

CREATE TABLE annotation (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, item TEXT NOT NULL, review TEXT NOT NULL, label TEXT, query TEXT,
    score REAL, author TEXT NOT NULL, at TEXT NOT NULL, phrase TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX annotation_by_item ON annotation (item);
CREATE INDEX annotation_by_label ON annotation (label, item) WHERE label IS NOT NULL;
CREATE INDEX annotation_by_query ON annotation (query) WHERE query IS NOT NULL;
CREATE INDEX annotation_pending ON annotation (item) WHERE review = 'predicted';

CREATE TABLE query (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, item TEXT NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX query_by_item ON query (item);

CREATE TABLE prediction (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, item TEXT NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX prediction_by_item ON prediction (item);

CREATE TABLE template (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;

-- The audit trail, only ever appended to, is the undo history too. Each row holds the tops of both stacks after it;
-- `below` links a row to the one under it on its stack, `target` names the edit that was done, undone or redone.
CREATE TABLE edit (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('do', 'undo', 'redo')), label TEXT NOT NULL,
    author TEXT NOT NULL, at TEXT NOT NULL, target INTEGER NOT NULL, below INTEGER, undo_top INTEGER, redo_top INTEGER
) STRICT;
CREATE INDEX edit_by_target ON edit (target);

CREATE TABLE change (
    edit INTEGER NOT NULL, n INTEGER NOT NULL, position INTEGER NOT NULL, before BLOB, after BLOB, PRIMARY KEY (edit, n)
) STRICT, WITHOUT ROWID;
