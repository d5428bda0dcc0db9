-- Reads the rows of a roll that have not ended. One that bears no end is none.
--
-- KEYS[1] the roll: a hash of row -> 'END value', END in milliseconds since 1970
-- returns {row, value, row, value, ...}

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local rows, out = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #rows, 2 do
  local _, stop, till = string.find(rows[i + 1], '^(%d+) ')
  if till and tonumber(till) > now then
    table.insert(out, rows[i])
    table.insert(out, string.sub(rows[i + 1], stop + 1))
  end
end
return out
