-- The database of Mailbrake, newest version. Written by judge alone; judge answers from memory and
-- reads these tables when it starts and for an admin. Times are microseconds since 1970-01-01 UTC
-- (wall clock) unless the column says otherwise. Lines of db/migrations bring an older file here.
-- Foreign text is kept as it came: it is made safe where it is shown.

CREATE TABLE account (          -- one row per uid that files or mail were seen of
  uid      INTEGER PRIMARY KEY, -- kernel uid; source: SO_PEERCRED, fstat
  login    TEXT NOT NULL,       -- login name; source: passwd when last looked up
  state    TEXT NOT NULL,       -- clear, watched, held; source: account_review
  word     TEXT NOT NULL,       -- the admin's word: none, trust, hold, ...; source: mailbrake(1)
  until    INTEGER NOT NULL,    -- us: when the word ends, 0 never; source: mailbrake(1)
  since    INTEGER NOT NULL,    -- us: when the state was entered; source: account_review
  reason   TEXT NOT NULL,       -- the row of the manual's table that put it there; source: policy
  changed  INTEGER NOT NULL,    -- us: when this row was written; source: clock
  record   BLOB                 -- counters and history, opaque here; source: the decision engine
);

CREATE TABLE decision (         -- append-only: every change of an account's or provider's state
  id       INTEGER PRIMARY KEY, -- order of writing; source: SQLite
  t        INTEGER NOT NULL,    -- us: when it was decided; source: clock
  uid      INTEGER NOT NULL,    -- account; -1: none (a provider's or the daemon's own decision)
  subject  TEXT NOT NULL,       -- login or provider, as it was then; source: judge
  "from"   TEXT NOT NULL,       -- state before; source: account_review, provider_review
  "to"     TEXT NOT NULL,       -- state after; source: the same
  reason   TEXT NOT NULL,       -- the row that fired; source: policy
  who      TEXT NOT NULL,       -- mailbrake, or the admin's login; source: SO_PEERCRED of the CLI
  facts    TEXT NOT NULL        -- JSON object: the facts it stood on; source: policy
);
CREATE INDEX decision_uid ON decision(uid, id);
CREATE INDEX decision_t ON decision(t);

CREATE TABLE held (             -- one row per message ever held; the message itself is a file
  id       TEXT PRIMARY KEY,    -- name of its file in held/; source: held_write
  uid      INTEGER NOT NULL,    -- owner; source: SO_PEERCRED of the wrapper
  login    TEXT NOT NULL,       -- owner's login then; source: passwd
  t        INTEGER NOT NULL,    -- us: when it was held; source: clock
  rcpts    INTEGER NOT NULL,    -- recipients; source: scan worker, from the sealed message
  size     INTEGER NOT NULL,    -- bytes of the message; source: copied bytes
  "from"   TEXT NOT NULL,       -- claimed From header; source: the message
  subject  TEXT NOT NULL,       -- claimed Subject header; source: the message
  script   BLOB NOT NULL,       -- claimed script, raw bytes; source: the wrapper's environment
  reason   TEXT NOT NULL,       -- why it was held; source: policy
  state    TEXT NOT NULL,       -- held, releasing, released, discarded, refused, unsure, expired; in the MTA's queue: freezing, frozen, thawing, discarding
  state_t  INTEGER NOT NULL,    -- us: when that state was entered; source: clock
  attempt  INTEGER NOT NULL,    -- releases begun; source: judge, written before hands is asked
  result   TEXT NOT NULL        -- what hands said last; source: DONE
) WITHOUT ROWID;
CREATE INDEX held_uid ON held(uid, state);
CREATE INDEX held_state ON held(state, t);

CREATE TABLE file (             -- what is known of a file, so that it is not looked at again
  dev      INTEGER NOT NULL,    -- device; source: fstat of the descriptor
  ino      INTEGER NOT NULL,    -- inode; source: fstat
  size     INTEGER NOT NULL,    -- bytes; source: fstat
  ctime    INTEGER NOT NULL,    -- us: change time; source: fstat
  rules    INTEGER NOT NULL,    -- rules version it was judged by (hash); source: READY
  verdict  INTEGER NOT NULL,    -- 0 clean, 1 suspicious, 2 malicious, 3 unscanned; source: VERDICT
  score    INTEGER NOT NULL,    -- points; source: VERDICT
  uid      INTEGER NOT NULL,    -- owner; source: fstat
  path     BLOB,                -- raw bytes, only when not clean; source: FILE
  reason   TEXT,                -- why unscanned; source: VERDICT
  PRIMARY KEY (dev, ino)
) WITHOUT ROWID;
CREATE INDEX file_found ON file(verdict, uid) WHERE verdict<>0;

CREATE TABLE found (            -- a directory whose files were all known when a walk came by: the next asks once
  dev      INTEGER NOT NULL,    -- device; source: fstat of the directory
  ino      INTEGER NOT NULL,    -- inode of the directory; source: fstat
  part     INTEGER NOT NULL,    -- stretch of a large directory, from 0; source: FOUND
  digest   BLOB NOT NULL,       -- 16 bytes: of its files, the rules version and a key; source: found_known
  PRIMARY KEY (dev, ino, part)
) WITHOUT ROWID;

CREATE TABLE finding (          -- one rule hit one file
  dev      INTEGER NOT NULL,    -- device of the file; source: fstat
  ino      INTEGER NOT NULL,    -- inode of the file; source: fstat
  rule     TEXT NOT NULL,       -- rule that hit; source: VERDICT
  "group"  TEXT NOT NULL,       -- the rule's group, whose points are capped; source: VERDICT
  points   INTEGER NOT NULL,    -- points; source: VERDICT
  uid      INTEGER NOT NULL,    -- owner of the file; source: fstat
  path     BLOB NOT NULL,       -- raw bytes; source: FILE
  sha256   TEXT NOT NULL,       -- of the contents then, hex; source: VERDICT
  t        INTEGER NOT NULL,    -- us: first hit on these contents; source: clock
  gone     INTEGER NOT NULL,    -- us: when the file went or was found clean, 0 it is live; source: GONE
  PRIMARY KEY (dev, ino, rule)
) WITHOUT ROWID;
CREATE INDEX finding_uid ON finding(uid, gone);

CREATE TABLE set_aside (        -- files an admin had set aside
  id       TEXT PRIMARY KEY,    -- what set-aside and put-back take; source: judge
  uid      INTEGER NOT NULL,    -- owner; source: fstat
  dev      INTEGER NOT NULL,    -- device it had; source: fstat
  ino      INTEGER NOT NULL,    -- inode it had; source: fstat
  path     BLOB NOT NULL,       -- where it was, raw bytes; source: FILE
  t        INTEGER NOT NULL,    -- us: when the state was entered; source: clock
  state    TEXT NOT NULL,       -- asked, away, back, failed; source: DONE
  result   TEXT NOT NULL        -- what hands said; source: DONE
) WITHOUT ROWID;

CREATE TABLE incident (         -- what an admin was told, so that he is told once
  key      TEXT PRIMARY KEY,    -- "hold:1001", "file:1001", "degraded:hands"; source: judge
  t_first  INTEGER NOT NULL,    -- us: it began; source: clock
  t_last   INTEGER NOT NULL,    -- us: last time it was seen; source: clock
  t_told   INTEGER NOT NULL,    -- us: last alert sent, 0 none; source: DONE
  count    INTEGER NOT NULL,    -- times seen; source: judge
  text     TEXT NOT NULL        -- one line for people; source: judge
) WITHOUT ROWID;

CREATE TABLE counter (          -- outcomes an hour, for providers, report and dossier
  hour     INTEGER NOT NULL,    -- hours since 1970-01-01 UTC; source: time of the log line
  provider TEXT NOT NULL,       -- name in the provider table, "" none; source: rules/providers
  uid      INTEGER NOT NULL,    -- sender, -1 unknown; source: MTA log
  scope    TEXT NOT NULL,       -- ip, domain, content, auth, recipient, ..., "" not refused
  outcome  TEXT NOT NULL,       -- sent, deferred, bounced, held, ...; source: OUTCOME
  count    INTEGER NOT NULL,    -- events
  PRIMARY KEY (hour, provider, uid, scope, outcome)
) WITHOUT ROWID;

CREATE TABLE trust (            -- what an admin vouched for beside whole accounts
  uid      INTEGER NOT NULL,    -- account it holds for, -1 all; source: mailbrake(1)
  kind     TEXT NOT NULL,       -- script, sha256, path, rule; source: mailbrake(1)
  key      BLOB NOT NULL,       -- the path, pattern, hash or name; source: mailbrake(1)
  who      TEXT NOT NULL,       -- the admin's login; source: SO_PEERCRED of the CLI
  t        INTEGER NOT NULL,    -- us: when he said so; source: clock
  until    INTEGER NOT NULL,    -- us: when it ends, 0 never; source: mailbrake(1)
  reason   TEXT NOT NULL DEFAULT '', -- why, in his words; source: mailbrake(1)
  PRIMARY KEY (uid, kind, key)
) WITHOUT ROWID;

CREATE TABLE kv (               -- single values: positions in logs, last sights
  name     TEXT PRIMARY KEY,    -- what it is; source: its writer
  value    BLOB NOT NULL        -- opaque here; source: its writer
) WITHOUT ROWID;
