-- 3 to 4: directories whose files all have a verdict that holds
CREATE TABLE found (
  dev      INTEGER NOT NULL,
  ino      INTEGER NOT NULL,
  part     INTEGER NOT NULL,
  digest   BLOB NOT NULL,
  PRIMARY KEY (dev, ino, part)
) WITHOUT ROWID;
