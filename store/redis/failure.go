package redis

import (
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// replyError is an answer that arrived whole and is not what was asked for.
type replyError struct{ text string }

func (e *replyError) Error() string { return e.text }

func unexpected(format string, args ...any) error {
	return &replyError{fmt.Sprintf("unexpected reply: "+format, args...)}
}

// cause is the text of an error without secrets. It still is what the error was, for errors.Is.
type cause struct {
	text   string
	err    error
	reason string
}

func (c *cause) Error() string { return c.text }

// Reason is the same for failures of one kind at one place, whatever their texts: those differ by the ports of connections.
func (c *cause) Reason() string { return c.reason }

func (c *cause) Is(target error) bool { return errors.Is(c.err, target) }

// clean keeps secrets out of an error's text, and adds what can be done. A server repeats the arguments of a command that it
// does not know, and HELLO carries the password.
func (s *Store) clean(where string, err error) error {
	text := err.Error()
	var reply goredis.Error
	if errors.As(err, &reply) {
		text, _, _ = strings.Cut(text, ", with args beginning with")
	}
	for _, password := range []func() string{s.options.Password, s.options.SentinelPassword} {
		if secret := said(password); secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	_, cure := explain(err)
	if cure == "" && !s.answered.Load() {
		cure = strangerCure(err, s.options.TLS != nil)
	}
	if cure != "" {
		text += " (" + cure + ")"
	}
	return &cause{text: text, err: err, reason: string(root(err)) + " at " + where}
}

// root is the cause of an error; of a call that was not made, that of the last one that was.
func root(err error) Cause {
	var open *openError
	if errors.As(err, &open) {
		err = reveal(open.last)
	}
	word, _ := explain(err)
	return word
}
