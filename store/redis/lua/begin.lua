-- Makes an incarnation current if another one is, and returns the text of the one that is current then.
-- A new incarnation holds all its entries: it has none yet.
--
-- KEYS[1] current, KEYS[2] held
-- ARGV[1] the expected incarnation or '', ARGV[2] the next one, ARGV[3] the text of the next one ('<hex>' or 'forming <hex>')

local text = redis.call('GET', KEYS[1]) or ''
if (string.match(text, '^forming (.+)$') or text) ~= ARGV[1] then return text end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], ARGV[3])
return ARGV[3]
