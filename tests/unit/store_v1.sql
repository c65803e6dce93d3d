-- A database as version 1 made it, with a row in each table: what the first release could leave behind.
CREATE TABLE account (
  uid      INTEGER PRIMARY KEY,
  login    TEXT NOT NULL,
  state    TEXT NOT NULL,
  word     TEXT NOT NULL,
  until    INTEGER NOT NULL,
  since    INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  changed  INTEGER NOT NULL,
  record   BLOB
);
CREATE TABLE decision (
  id       INTEGER PRIMARY KEY,
  t        INTEGER NOT NULL,
  uid      INTEGER NOT NULL,
  subject  TEXT NOT NULL,
  "from"   TEXT NOT NULL,
  "to"     TEXT NOT NULL,
  reason   TEXT NOT NULL,
  who      TEXT NOT NULL,
  facts    TEXT NOT NULL
);
CREATE INDEX decision_uid ON decision(uid, id);
CREATE TABLE held (
  id       TEXT PRIMARY KEY,
  uid      INTEGER NOT NULL,
  login    TEXT NOT NULL,
  t        INTEGER NOT NULL,
  rcpts    INTEGER NOT NULL,
  size     INTEGER NOT NULL,
  "from"   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  script   BLOB NOT NULL,
  reason   TEXT NOT NULL,
  state    TEXT NOT NULL,
  state_t  INTEGER NOT NULL,
  attempt  INTEGER NOT NULL,
  result   TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX held_uid ON held(uid, state);
CREATE INDEX held_state ON held(state, t);
CREATE TABLE file (
  dev      INTEGER NOT NULL,
  ino      INTEGER NOT NULL,
  size     INTEGER NOT NULL,
  ctime    INTEGER NOT NULL,
  rules    INTEGER NOT NULL,
  verdict  INTEGER NOT NULL,
  score    INTEGER NOT NULL,
  uid      INTEGER NOT NULL,
  path     BLOB,
  reason   TEXT,
  PRIMARY KEY (dev, ino)
) WITHOUT ROWID;
CREATE INDEX file_found ON file(verdict, uid) WHERE verdict<>0;
CREATE TABLE finding (
  dev      INTEGER NOT NULL,
  ino      INTEGER NOT NULL,
  rule     TEXT NOT NULL,
  "group"  TEXT NOT NULL,
  points   INTEGER NOT NULL,
  uid      INTEGER NOT NULL,
  path     BLOB NOT NULL,
  sha256   TEXT NOT NULL,
  t        INTEGER NOT NULL,
  gone     INTEGER NOT NULL,
  PRIMARY KEY (dev, ino, rule)
) WITHOUT ROWID;
CREATE INDEX finding_uid ON finding(uid, gone);
CREATE TABLE set_aside (
  id       TEXT PRIMARY KEY,
  uid      INTEGER NOT NULL,
  dev      INTEGER NOT NULL,
  ino      INTEGER NOT NULL,
  path     BLOB NOT NULL,
  t        INTEGER NOT NULL,
  state    TEXT NOT NULL,
  result   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE incident (
  key      TEXT PRIMARY KEY,
  t_first  INTEGER NOT NULL,
  t_last   INTEGER NOT NULL,
  t_told   INTEGER NOT NULL,
  t_closed INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  text     TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE counter (
  hour     INTEGER NOT NULL,
  provider TEXT NOT NULL,
  uid      INTEGER NOT NULL,
  scope    TEXT NOT NULL,
  outcome  TEXT NOT NULL,
  count    INTEGER NOT NULL,
  PRIMARY KEY (hour, provider, uid, scope, outcome)
) WITHOUT ROWID;
CREATE TABLE trust (
  uid      INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  key      BLOB NOT NULL,
  who      TEXT NOT NULL,
  t        INTEGER NOT NULL,
  until    INTEGER NOT NULL,
  PRIMARY KEY (uid, kind, key)
) WITHOUT ROWID;
CREATE TABLE kv (
  name     TEXT PRIMARY KEY,
  value    BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO account VALUES(1001,'web1','held','hold',0,1700000000000000,'word-held',1700000000000000,x'0102');
INSERT INTO decision VALUES(1,1700000000000000,1001,'account','clear','held','word-held','root','{}');
INSERT INTO decision VALUES(2,1700000001000000,1001,'account','held','clear','word-released','root','{}');
INSERT INTO held VALUES('0123456789abcdef',1001,'web1',1700000000000000,2,1234,'a@b.test','s',x'2f78','word-held','held',1700000000000000,0,'');
INSERT INTO file VALUES(1,2,3,4,5,2,100,1001,x'2f78',NULL);
INSERT INTO finding VALUES(1,2,'r','g',100,1001,x'2f78','ab',1700000000000000,0);
INSERT INTO set_aside VALUES('1-2',1001,1,2,x'2f78',1700000000000000,'away','');
INSERT INTO incident VALUES('account:1001',1,2,3,0,1,'x');
INSERT INTO counter VALUES(472222,'microsoft',1001,'ip','bounced',3);
INSERT INTO trust VALUES(1001,'script',x'2f78','root',1700000000000000,0);
INSERT INTO kv VALUES('log',x'01');
PRAGMA application_id=1296191051;
PRAGMA user_version=1;
