-- Puts a value at the front of a list, keeps the newest and sets the list's life anew. A value that is there already only moves:
-- a push whose answer was lost can be repeated.
--
-- KEYS[1] the list
-- ARGV[1] the value, ARGV[2] how many are kept, ARGV[3] the life in milliseconds
-- returns 1

-- LPUSH writes first: a full server refuses the first write of a script only, and of LREM not even that.
local before = redis.call('LPOS', KEYS[1], ARGV[1])
redis.call('LPUSH', KEYS[1], ARGV[1])
if before then redis.call('LREM', KEYS[1], -1, ARGV[1]) end
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
