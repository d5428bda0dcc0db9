package disk

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/edgeauth/edgeauth/revocation"
)

var _ revocation.Outbox = (*Outbox)(nil)

// Outbox is a file that entries are appended to: a header, then a sealed record a line. It is not safe for concurrent use.
type Outbox struct {
	folder  *Folder
	file    *os.File
	header  header
	records int
	entries int
	broken  error // why nothing can be appended; nil: it can
}

const outboxKind = "outbox"

var errNotOpen = errors.New("the file could not be written before")

// OpenOutbox reads the outbox that an earlier process left, and begins it anew with what waits. What cannot be opened is
// reported, and stays in a copy beside it. The error is a *Refused for each part that was refused, or says that the file
// cannot be written; the outbox and what waits are good either way.
func (f *Folder) OpenOutbox() (*Outbox, []revocation.Entry, error) {
	waiting, refused := f.readOutbox()
	if refused != nil {
		refused = errors.Join(refused, f.setAside(OutboxName))
	}
	b := &Outbox{folder: f, broken: errNotOpen}
	return b, waiting, errors.Join(refused, b.Keep(waiting))
}

// Add implements revocation.Outbox. After a failure nothing is added until Keep has written another file: what stands at the
// end of this one nobody knows.
func (b *Outbox) Add(entries []revocation.Entry) error {
	if b.broken != nil {
		return b.broken
	}
	for part := range slices.Chunk(entries, chunk) {
		if err := b.add(part); err != nil {
			return b.fail(fmt.Errorf("adding to %s: %w", OutboxName, err))
		}
	}
	if err := b.file.Sync(); err != nil {
		return b.fail(fmt.Errorf("adding to %s: %w", OutboxName, err))
	}
	return nil
}

// add appends a record.
func (b *Outbox) add(entries []revocation.Entry) error {
	line, err := b.folder.opt.Outbox.Seal(b.header.place(b.records+1), encode(entries))
	if err != nil {
		return err
	}
	if _, err := b.file.WriteString(line + "\n"); err != nil {
		return err
	}
	b.records++
	b.entries += len(entries)
	return nil
}

// Keep implements revocation.Outbox.
func (b *Outbox) Keep(entries []revocation.Entry) error {
	next := &Outbox{folder: b.folder, header: newHeader(outboxKind)}
	_, err := b.folder.replace(OutboxName, func(file *os.File) error {
		next.file = file
		_, err := file.WriteString(next.header.String() + "\n")
		for part := range slices.Chunk(entries, chunk) {
			if err == nil {
				err = next.add(part)
			}
		}
		return err
	})
	if err != nil {
		return b.fail(err)
	}
	if b.file != nil {
		_ = b.file.Close() // it was replaced
	}
	if b.broken != nil && !errors.Is(b.broken, errNotOpen) {
		b.folder.opt.Log.Info("revocations can be kept on disk again", "entries", len(entries))
	}
	*b = *next
	return nil
}

// Len implements revocation.Outbox.
func (b *Outbox) Len() int { return b.entries }

// Close closes the file; what it holds stays.
func (b *Outbox) Close() error {
	if b.file == nil {
		return nil
	}
	b.broken = os.ErrClosed
	return b.file.Close()
}

// fail says once that the file cannot be written.
func (b *Outbox) fail(err error) error {
	if b.broken == nil || errors.Is(b.broken, errNotOpen) {
		b.folder.opt.Log.Error("revocations cannot be kept on disk; what the store has not taken, or loses before others have read it, is in memory only", "error", err)
		b.broken = err
	}
	return err
}
