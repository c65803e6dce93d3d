-- 2 to 3: an admin's word on a file says why
ALTER TABLE trust ADD COLUMN reason TEXT NOT NULL DEFAULT '';
