package disk

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/edgeauth/edgeauth/revocation"
)

// Problem is why a file, or a record of it, was refused.
type Problem string

// The problems.
const (
	Foreign   Problem = "format"    // not a file of this kind and version
	Sealed    Problem = "sealed"    // it does not open: another key, or changed bytes
	Truncated Problem = "truncated" // its end is missing
	Content   Problem = "content"   // it opens, and means nothing to this version
	Unread    Problem = "unread"    // the file system did not give it
)

// Refused is a file that is not used.
type Refused struct {
	File    string
	Problem Problem
	Err     error
}

// Error implements error.
func (r *Refused) Error() string { return fmt.Sprintf("%s (%s): %v", r.File, r.Problem, r.Err) }

// Unwrap implements errors.
func (r *Refused) Unwrap() error { return r.Err }

// header is the first line of a file: what it is, the version of its form, and a random name that its records are bound
// to.
type header struct{ kind, id string }

func newHeader(kind string) header {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return header{kind, hex.EncodeToString(id[:])}
}

func (h header) String() string { return "edgeauth " + h.kind + " 1 " + h.id }

// place is what a record is bound to: its file, and its number there, so that none can be moved, repeated or left out.
func (h header) place(n int) string { return fmt.Sprintf("%s %s %d", h.kind, h.id, n) }

func parseHeader(kind, line string) (header, error) {
	parts := strings.Split(line, " ")
	if len(parts) != 4 || parts[0] != "edgeauth" || parts[1] != kind {
		return header{}, fmt.Errorf("it does not begin like a file of kind %s", kind)
	}
	if parts[2] != "1" {
		return header{}, fmt.Errorf("it has version %.10q, this release reads version 1", parts[2])
	}
	h := header{kind, parts[3]}
	if id, err := hex.DecodeString(h.id); err != nil || len(id) != 16 {
		return header{}, errors.New("it has no name")
	}
	return h, nil
}

// maxLine bounds what is read of a file at once, in bytes. No record of ours is half as long.
const maxLine = 4 << 20

var errLong = errors.New("a line is longer than any of ours")

// nextLine reads a line without its end. Torn means that the end is missing, as after a crash; io.EOF that none is left.
func nextLine(r *bufio.Reader) (line string, torn bool, err error) {
	var all []byte
	for {
		part, err := r.ReadSlice('\n')
		if all = append(all, part...); len(all) > maxLine {
			return "", false, errLong
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(all) > 0:
			return string(all), true, nil
		case err != nil:
			return "", false, err
		default:
			return string(all[:len(all)-1]), false, nil
		}
	}
}

// chunk is how many entries one record holds at most.
const chunk = 1000

// encode writes entries in the log's text form, one a line.
func encode(entries []revocation.Entry) []byte {
	var b bytes.Buffer
	for i := range entries {
		name, value := entries[i].Encode()
		b.WriteString(name + " " + value + "\n")
	}
	return b.Bytes()
}

// decode reads what encode writes. It is all or nothing.
func decode(record []byte) (entries []revocation.Entry, err error) {
	for line := range strings.Lines(string(record)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		e, err := revocation.Decode(name, value)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}
