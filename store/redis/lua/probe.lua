-- Writes the edge's beat and tells the head of a shard and the beats of all edges, in one step. A master that lost its replicas, a replica and a
-- full server refuse the beat, and with it the probe: nobody calls a copy fresh on their word.
--
-- KEYS[1] stream, KEYS[2] current, KEYS[3] held, KEYS[4] beat, KEYS[5] life,
-- KEYS[6] origins: a hash of edge -> 'AT what it says', AT in milliseconds since 1970
-- ARGV[1] a name for the shard's life, used if it has none
-- ARGV[2] the edge, or '' for none, ARGV[3] what it says, or '' to take its beat away
-- ARGV[4] how long a beat is kept, in milliseconds, ARGV[5] how many are,
-- ARGV[6] 1 to hear the beats of all, 0 not to
-- returns {current or '', held, last id, greatest deleted id, entries ever added, length, first id or '', life,
--          now in milliseconds, {edge, 'AT what it says', ...} or what is wrong with these}

-- A master that misses its replicas refuses writes after min-replicas-max-lag only, and one that was stopped for a while takes some before it
-- counts them anew. By then another may be the master. So where replicas are demanded, one must have been heard just now.
local replication = redis.call('INFO', 'replication')
if string.find(replication, 'min_slaves_good_slaves:', 1, true) then
  local heard = false
  for lag in string.gmatch(replication, 'state=online[^\r\n]-,lag=(%d+)') do
    heard = heard or tonumber(lag) <= 2
  end
  if not heard then return redis.error_reply('NOREPLICAS no replica was heard for more than two seconds') end
end

local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('SET', KEYS[4], now[1] .. '.' .. now[2], 'PX', 10000)

-- What was acknowledged may be lost when the shard is emptied (its life's name is gone with the rest), and when another
-- process answers for it: a replica that lagged behind, or a server that restarted from its disk; or the same process, after it
-- followed another: each promotion has a replication id of its own.
redis.call('SETNX', KEYS[5], ARGV[1])
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or ''
local promoted = string.match(replication, 'master_replid:(%x+)') or ''
local life = redis.call('GET', KEYS[5]) .. ' ' .. run .. ' ' .. promoted

-- What edges say of themselves is advice: whatever is wrong with it (a key of another type, a right that is missing) must not
-- fail the probe. What is too old, too long or has no time goes, and so does the oldest of what is too much.
local function tell()
  if ARGV[2] == '' then return end
  local done
  if ARGV[3] == '' then
    done = redis.pcall('HDEL', KEYS[6], ARGV[2])
  else
    done = redis.pcall('HSET', KEYS[6], ARGV[2], string.format('%.0f ', ms) .. ARGV[3])
    redis.pcall('PEXPIRE', KEYS[6], ARGV[4])
  end
  return type(done) == 'table' and done.err
end

local function hear()
  local all, kept_for = redis.pcall('HGETALL', KEYS[6]), tonumber(ARGV[4])
  if all.err then return all.err end
  local kept = {}
  for i = 1, #all, 2 do
    local name, said = all[i], all[i + 1]
    local at = #name <= 80 and #said <= 200 and tonumber(string.match(said, '^(%d+) '))
    if at and math.abs(ms - at) <= kept_for then
      table.insert(kept, {at = at, name = name, said = said})
    else
      redis.pcall('HDEL', KEYS[6], name)
    end
  end
  if #kept > tonumber(ARGV[5]) then
    table.sort(kept, function(a, b) return a.at > b.at end)
    for i = #kept, ARGV[5] + 1, -1 do
      redis.pcall('HDEL', KEYS[6], kept[i].name)
      kept[i] = nil
    end
  end
  local out = {}
  for _, beat in ipairs(kept) do
    table.insert(out, beat.name)
    table.insert(out, beat.said)
  end
  return out
end

local origins = tell() or ARGV[6] == '1' and hear() or {}

local current = redis.call('GET', KEYS[2]) or ''
local held = redis.call('SMEMBERS', KEYS[3])
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {current, held, '0-0', '0-0', 0, 0, '', life, ms, origins}
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
  info['entries-added'], info['length'], first and first[1] or '', life, ms, origins,
}
