-- Replaces a value by another if it is still the one that the caller has seen. Done again after a lost answer it comes to the same.
--
-- KEYS[1] the value
-- ARGV[1] what the caller has seen, ARGV[2] the new value, ARGV[3] its life in milliseconds
-- returns 1 if the new value is there now, else 0

local there = redis.call('GET', KEYS[1])
if there ~= ARGV[1] and there ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
