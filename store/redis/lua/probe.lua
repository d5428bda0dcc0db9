-- Writes the edge's beat and tells the head of a shard, in one step. A master that lost its replicas, a replica and a
-- full server refuse the beat, and with it the probe: nobody calls a copy fresh on their word.
--
-- KEYS[1] stream, KEYS[2] current, KEYS[3] held, KEYS[4] beat, KEYS[5] life
-- ARGV[1] a name for the shard's life, used if it has none
-- returns {current or '', held, last id, greatest deleted id, entries ever added, length, first id or '', life}

local now = redis.call('TIME')
redis.call('SET', KEYS[4], now[1] .. '.' .. now[2], 'PX', 10000)

-- What was acknowledged may be lost when the shard is emptied (its life's name is gone with the rest), and when another
-- process answers for it: a replica that lagged behind, or a server that restarted from its disk.
redis.call('SETNX', KEYS[5], ARGV[1])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
local life = redis.call('GET', KEYS[5]) .. ' ' .. run

local current = redis.call('GET', KEYS[2]) or ''
local held = redis.call('SMEMBERS', KEYS[3])
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {current, held, '0-0', '0-0', 0, 0, '', life}
end

local info = {}
local flat = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
if not info['max-deleted-entry-id'] then
  return redis.error_reply('ERR this Redis is older than 7.0')
end
local first = info['first-entry']
return {
  current, held, info['last-generated-id'], info['max-deleted-entry-id'],
  info['entries-added'], info['length'], first and first[1] or '', life,
}
