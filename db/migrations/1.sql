-- 1 to 2: decisions are pruned and looked up by time
CREATE INDEX decision_t ON decision(t);
