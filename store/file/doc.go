// Package file keeps shared state in one file of one edge: a bbolt database in the data folder. It owns the layout of
// that file, the lock on it, and the sweeping of what has ended. It means the same as store/redis (one contract suite runs
// against both), save that nobody else can look inside while the edge runs: commands speak to the edge through its
// socket. Every write is on the disk (fsync) before its call returns.
//
// The file holds:
//
//	once     key -> end, value        once-marks
//	vault    key -> end, value        sealed bytes
//	lists    key -> end, values       the newest first, each behind its length in 4 bytes
//	leases   key -> end, holder
//	ends     end, kind, key -> ""     in the order in which things end; an entry may be out of date
//	log:NN   last, trimmed            positions: 8 bytes major, 8 bytes minor
//	         current                  an incarnation in hex, after "forming " while it forms
//	         held/                    incarnations in hex
//	         stream/                  position -> name, 0, value
//	         registers/               name -> value, merged
//
// Ends are milliseconds since the Unix epoch in 8 bytes, all numbers big-endian.
package file
