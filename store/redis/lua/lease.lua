-- Gives a lease to a holder, if it is free or theirs, or renews the one that they have, for a while from now. Done again after a
-- lost answer it comes to the same.
--
-- KEYS[1] the lease
-- ARGV[1] the holder, ARGV[2] the life in milliseconds, ARGV[3] 1 to take a free one, 0 only to renew
-- returns 1 if the holder has it now, else 0

local holder = redis.call('GET', KEYS[1])
if holder ~= ARGV[1] and (holder or ARGV[3] == '0') then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
