package session

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
)

// Pepper is the ring's secret for what must be recognised for months: the names and keyed hashes of the login history.
// It stands in the ring file, so every edge has the same, and it stays when keys rotate; deriving it from a key would
// lose all history with that key. ok is false for a ring made before there was a history, until `edgeauth keys rotate`
// gives it one.
func (r *Ring) Pepper() (pepper Secret, ok bool) { return r.pepper, r.pepper != Secret{} }

func newPepper() (pepper Secret) {
	rand.Read(pepper[:])
	return pepper
}

// parsePepper reads the field of a ring file; an absent one is the zero Secret.
func parsePepper(text string) (Secret, error) {
	if text == "" {
		return Secret{}, nil
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(Secret{}) || Secret(b) == (Secret{}) {
		return Secret{}, errors.New("pepper is not 32 random bytes of base64")
	}
	return Secret(b), nil
}

// pepperOf returns the pepper of a ring file, or a new one where there is none: no file, or nothing in it that is a ring.
// A file that could not be read at all is an error, since its pepper would be lost.
func pepperOf(path string) (Secret, error) {
	_, pepper, err := readKeyFile(path)
	var unread *fs.PathError
	if errors.As(err, &unread) && !KeysMissing(err) {
		return Secret{}, err
	}
	if pepper == (Secret{}) {
		return newPepper(), nil
	}
	return pepper, nil
}
