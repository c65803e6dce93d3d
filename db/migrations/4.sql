-- 4 to 5: an incident is forgotten by when it was last seen; nothing closes one
CREATE TABLE incident_5 (
  key      TEXT PRIMARY KEY,
  t_first  INTEGER NOT NULL,
  t_last   INTEGER NOT NULL,
  t_told   INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  text     TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO incident_5 SELECT key,t_first,t_last,t_told,count,text FROM incident;
DROP TABLE incident;
ALTER TABLE incident_5 RENAME TO incident;
