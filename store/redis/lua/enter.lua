-- Writes a row of a roll. Drops the rows that have ended and, of the others, those that end first, if more would be left than
-- are kept; the row that is written stays. The roll ends with its last row.
--
-- KEYS[1] the roll: a hash of row -> 'END value', END in milliseconds since 1970
-- ARGV[1] the row, ARGV[2] its value, ARGV[3] its life in milliseconds, ARGV[4] how many rows are kept
-- returns 1

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = now + ARGV[3]

-- HSET comes first: a full server refuses the first write of a script only, and of HDEL not even that.
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', last) .. ARGV[2])

local rows, others = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #rows, 2 do
  local name, till = rows[i], tonumber(string.match(rows[i + 1], '^(%d+) ')) or 0
  if name ~= ARGV[1] and till <= now then
    redis.call('HDEL', KEYS[1], name)
  elseif name ~= ARGV[1] then
    table.insert(others, {till = till, name = name})
  end
end
table.sort(others, function(a, b)
  if a.till ~= b.till then return a.till > b.till end
  return a.name > b.name
end)
for i = tonumber(ARGV[4]), #others do
  redis.call('HDEL', KEYS[1], others[i].name)
  others[i] = nil
end
if others[1] then last = math.max(last, others[1].till) end
return redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last))
