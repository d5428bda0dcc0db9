-- Ends a re-seeding: counts the incarnation among those held, and makes it current where there is none. If the server
-- lost data in between (emptied, or failed over to a replica that lagged), a chunk is missing from the mark and nothing
-- is counted. The mark stays until it expires, so that this step can be repeated.
--
-- KEYS[1] current, KEYS[2] held, KEYS[3] seeding mark
-- ARGV[1] the incarnation, ARGV[2] number of chunks sent
-- returns 1, or 0 if chunks are missing

if redis.call('SCARD', KEYS[3]) ~= tonumber(ARGV[2]) then return 0 end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SETNX', KEYS[1], ARGV[1])
return 1
