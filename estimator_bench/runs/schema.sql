-- One results folder. Scores are never changed, and removed only where they failed; everything shown is derived from them.

CREATE TABLE architecture (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
);

-- An ordered list of architectures, named by the hash of its texts.
CREATE TABLE population (
    id TEXT PRIMARY KEY,
    archs BLOB NOT NULL            -- zlib, one text per line
);

-- One estimator on one task under one protocol with one version of code and data.
CREATE TABLE run (
    id TEXT PRIMARY KEY,           -- digest of the identity
    spec TEXT NOT NULL,
    task TEXT NOT NULL,
    identity TEXT NOT NULL,        -- JSON
    created TEXT NOT NULL,
    replicates TEXT,               -- JSON list of names, known with the first score
    components TEXT,               -- JSON list of names
    prepare_wall REAL,
    prepare_cpu REAL,
    labels TEXT NOT NULL DEFAULT '[]',  -- JSON list of architectures whose truth was seen
    peak_memory INTEGER NOT NULL DEFAULT 0,  -- bytes, of the largest process
    failure TEXT,                  -- why it could not be prepared, so that no score could be made
    diagnostics TEXT NOT NULL DEFAULT '{}'  -- JSON: by repeat, quantity and place the numbers measured while preparing
);

-- The raw components of one class representative.
CREATE TABLE score (
    run TEXT NOT NULL REFERENCES run,
    architecture INTEGER NOT NULL REFERENCES architecture,
    status TEXT NOT NULL CHECK (status IN ('ok', 'nan', 'inf', 'error')),
    message TEXT,
    components BLOB,               -- float64, replicates x components; NULL for an error
    wall REAL NOT NULL,
    cpu REAL NOT NULL,
    marginal REAL NOT NULL,
    PRIMARY KEY (run, architecture)
) WITHOUT ROWID;

-- What was asked for, when and where. A table of a report is made of the requests for one task, protocol and population.
CREATE TABLE invocation (
    id INTEGER PRIMARY KEY,
    started TEXT NOT NULL,
    finished TEXT,                 -- NULL while running, or for good if it was interrupted or killed
    command TEXT NOT NULL,
    host TEXT NOT NULL,            -- JSON
    task TEXT NOT NULL,
    protocol TEXT NOT NULL,        -- JSON
    population TEXT NOT NULL REFERENCES population,
    runs TEXT NOT NULL,            -- JSON list of run ids, members left out
    pid INTEGER NOT NULL,          -- of the process that writes
    work TEXT NOT NULL,            -- JSON: how far each run was at the start, see records.Due
    complete INTEGER NOT NULL DEFAULT 0
);
