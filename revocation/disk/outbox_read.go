package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/edgeauth/edgeauth/revocation"
)

// readOutbox returns what waits. A record that was not written to its end was never answered for, and counts as none.
func (f *Folder) readOutbox() (waiting []revocation.Entry, err error) {
	file, err := os.Open(f.path(OutboxName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, f.refuse(OutboxName, Unread, err)
	}
	defer file.Close()
	return f.parseOutbox(bufio.NewReader(file))
}

func (f *Folder) parseOutbox(r *bufio.Reader) ([]revocation.Entry, error) {
	first, _, err := nextLine(r)
	if errors.Is(err, io.EOF) {
		return nil, nil // made, and never written to
	}
	h, bad := parseHeader(outboxKind, first)
	if err != nil || bad != nil {
		return nil, f.refuse(OutboxName, Foreign, errors.Join(err, bad))
	}
	return f.readRecords(r, h)
}

// told is how many records that cannot be used are reported one by one: without its key, a file has a hundred thousand of them.
const told = 3

// readRecords goes on behind a record that it cannot use.
func (f *Folder) readRecords(r *bufio.Reader, h header) (waiting []revocation.Entry, refused error) {
	for n, bad := 1, 0; ; n++ {
		line, torn, err := nextLine(r)
		switch {
		case torn || errors.Is(err, io.EOF):
			return waiting, refused
		case err != nil:
			return waiting, errors.Join(refused, f.refuse(OutboxName, Unread, err))
		}
		entries, problem, err := f.readRecord(h, n, line)
		if err == nil {
			waiting = append(waiting, entries...)
			continue
		}
		if bad++; bad == told {
			err = fmt.Errorf("%w; what else cannot be used is not reported one by one", err)
		}
		if bad <= told {
			refused = errors.Join(refused, f.refuse(OutboxName, problem, fmt.Errorf("record %d: %w", n, err)))
		}
	}
}

func (f *Folder) readRecord(h header, n int, line string) ([]revocation.Entry, Problem, error) {
	record, err := f.opt.Outbox.Open(h.place(n), line)
	if err != nil {
		return nil, Sealed, err
	}
	entries, err := decode(record)
	return entries, Content, err
}

func (f *Folder) refuse(name string, p Problem, err error) error {
	return &Refused{File: f.path(name), Problem: p, Err: err}
}

// setAside copies a file, so that what this edge cannot use is not lost to whoever can.
func (f *Folder) setAside(name string) error {
	from, err := os.Open(f.path(name))
	if err != nil {
		return fmt.Errorf("setting %s aside: %w", name, err)
	}
	defer from.Close()
	to, err := f.replace(name+".refused-"+f.opt.Now().UTC().Format("20060102T150405.000"), func(to *os.File) error {
		_, err := io.Copy(to, from)
		return err
	})
	if err != nil {
		return err
	}
	return to.Close()
}
