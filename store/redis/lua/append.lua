-- Adds entries to a shard: each goes to the stream and is merged into the bucket of the hour in which it ends, or of the day (UTC)
-- where that is more than two days off: a register may stand in any bucket, so there must not be many.
-- Everything here may be repeated: merging is a maximum, and readers of the stream merge too.
--
-- KEYS[1] stream, KEYS[2] buckets (sorted set: hour -> end of its life in seconds), KEYS[3] seeding mark (set)
-- ARGV[1] start of the bucket keys; they are in the slot of KEYS[1] by their hash tag
-- ARGV[2] number of the chunk of a re-seeding, or '' when appending: then KEYS[3] is not used
-- ARGV[3...] name, value, name, value, ...

local HOUR, MARGIN, NEAR = 3600000, 7200, 48
local LATEST = 253370764800000 -- as in revocation.Decode

local now = redis.call('TIME')
local seconds = tonumber(now[1])
local oldest = string.format('%.0f-0', (seconds - MARGIN) * 1000)

-- Lua's < on strings follows the server's locale; Go's is by bytes.
local function greater(a, b)
  local n = math.min(#a, #b)
  for i = 1, n do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

local function time(text) return #text <= 15 and tonumber(text) <= LATEST and (text == '0' or string.sub(text, 1, 1) ~= '0') end

-- '1 since until region reason actor' -> since, until, 'region reason actor'; nil for what revocation.Decode refuses: in a merge it
-- would win over a revocation, and no edge could read it.
local function parse(value)
  local since, till, tail = string.match(value, '^1 (%d+) (%d+) ([^ ]* [^ ]* [^ ]*)$')
  if not since or not time(since) or not time(till) or string.find(string.gsub(tail, '%%%x%x', ''), '%', 1, true) then return nil end
  return since, till, tail
end

-- revocation.Value.Merge. Times stay text, so that no digit passes through a float's formatting.
local function merge(a, b)
  local as, au, at = parse(a)
  local bs, bu, bt = parse(b)
  if not as then return b end -- corrupt, or of a later format: what is asked for now must be kept
  if not bs then return a end
  local s, t = as, at
  local d = tonumber(bs) - tonumber(as)
  if d > 0 or (d == 0 and greater(bt, at)) then s, t = bs, bt end
  local u = au
  if tonumber(bu) > tonumber(au) then u = bu end
  return '1 ' .. s .. ' ' .. u .. ' ' .. t
end

redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', seconds)
local hours = redis.call('ZRANGE', KEYS[2], 0, -1)

-- The register may stand in a bucket of an earlier hour from when it ended earlier. It stays there: a reader that walks
-- the buckets at this moment must not miss it.
local function held(name)
  local value
  for _, hour in ipairs(hours) do
    local v = redis.call('HGET', ARGV[1] .. hour, name)
    if v then value = value and merge(value, v) or v end
  end
  return value
end

local function bucket(till)
  local hour = math.floor(tonumber(till) / HOUR)
  if hour > seconds / 3600 + NEAR then hour = hour - hour % 24 + 23 end
  local name = string.format('%.0f', hour)
  local ends = (hour + 1) * HOUR / 1000 + MARGIN
  if redis.call('ZADD', KEYS[2], string.format('%.0f', ends), name) == 1 then table.insert(hours, name) end
  return ARGV[1] .. name, ends
end

for i = 3, #ARGV, 2 do
  local name, given = ARGV[i], ARGV[i + 1]
  if not parse(given) then return redis.error_reply('ERR entry to append is not in the form of the log') end
  local before = held(name)
  local value = before and merge(before, given) or given
  local _, till = parse(value)
  -- Only what the shard did not know goes to the stream: thirty edges re-seed at the cost of one, and an edge that repeats a
  -- write every second, because too few replicas acknowledge it, does not fill the memory. But a new entry that
  -- is older than what the shard has goes there too: nobody knows whether those who follow were ever told of that. The stream
  -- comes first: if the merge fails, repeating finds the difference again.
  if value ~= before or ARGV[2] == '' and parse(before) ~= parse(given) then
    redis.call('XADD', KEYS[1], 'MINID', '~', oldest, '*', 'n', name, 'v', given)
  end
  local key, ends = bucket(till)
  redis.call('HSET', key, name, value)
  redis.call('EXPIREAT', key, string.format('%.0f', ends))
end

if ARGV[2] ~= '' then
  redis.call('SADD', KEYS[3], ARGV[2])
  redis.call('EXPIRE', KEYS[3], 600)
end
return redis.status_reply('OK')
