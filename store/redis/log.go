package redis

import (
	"context"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// LogTo sends what go-redis itself has to say to l, at level debug: attempts to dial, a change of master. go-redis has one
// logger for the whole process, which writes to standard error; so only main may call this, once, before New. What
// matters to an edge is in the errors of the store already.
func LogTo(l *slog.Logger) { goredis.SetLogger(libraryLog{l}) }

type libraryLog struct{ to *slog.Logger }

// Printf implements go-redis' logger.
func (l libraryLog) Printf(ctx context.Context, format string, args ...any) {
	if l.to.Enabled(ctx, slog.LevelDebug) {
		l.to.DebugContext(ctx, "redis client", "detail", fmt.Sprintf(format, args...))
	}
}
