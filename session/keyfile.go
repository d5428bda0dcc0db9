package session

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// keyRecord is one key in the ring file.
type keyRecord struct {
	ID          string     `json:"id"`           // 8 hex digits
	Secret      string     `json:"secret"`       // 32 bytes, base64
	Signing     string     `json:"signing"`      // P-256, PKCS #8, base64
	ActiveFrom  time.Time  `json:"active_from"`  // seals from then on
	RetireAfter *time.Time `json:"retire_after"` // opens until then; null: not replaced yet
}

type keyFile struct {
	Pepper string      `json:"pepper,omitempty"` // 32 bytes, base64; none in a ring of a release without a history
	Keys   []keyRecord `json:"keys"`
}

// GenerateKey returns a new key that seals from activeFrom on.
func GenerateKey(activeFrom time.Time) (Key, error) {
	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("generating a signing key: %w", err)
	}
	k := Key{Signing: signing, ActiveFrom: activeFrom.UTC().Truncate(time.Second)}
	rand.Read(k.ID[:])
	rand.Read(k.Secret[:])
	return k, nil
}

// Rotate returns the keys with a new one that takes over at activeFrom. Those before it retire keep after that, unless
// they do already; keep is the longest life of a cookie.
func Rotate(keys []Key, activeFrom time.Time, keep time.Duration) ([]Key, error) {
	k, err := GenerateKey(activeFrom)
	if err != nil {
		return nil, err
	}
	out := make([]Key, 0, len(keys)+1)
	for _, old := range keys {
		if old.RetireAfter.IsZero() {
			old.RetireAfter = k.ActiveFrom.Add(keep)
		}
		out = append(out, old)
	}
	return append(out, k), nil
}

// Prune drops keys that have retired.
func Prune(keys []Key, now time.Time) []Key {
	var out []Key
	for _, k := range keys {
		if !retired(k, now) {
			out = append(out, k)
		}
	}
	return out
}

// ReadKeys reads a ring file. A file that is not there is fs.ErrNotExist. Errors never show key material.
func ReadKeys(path string) ([]Key, error) {
	keys, _, err := readKeyFile(path)
	return keys, err
}

// readKeyFile returns the pepper of a ring file too; zero: it has none.
func readKeyFile(path string) (keys []Key, pepper Secret, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Secret{}, fmt.Errorf("reading the key ring: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var f keyFile
	if err := dec.Decode(&f); err != nil || dec.More() {
		return nil, Secret{}, fmt.Errorf("key ring %s is no valid ring file; `edgeauth keys new` makes one", path)
	}
	if pepper, err = parsePepper(f.Pepper); err != nil {
		return nil, Secret{}, fmt.Errorf("key ring %s: %w", path, err)
	}
	for i, rec := range f.Keys {
		k, err := rec.key()
		if err != nil {
			return nil, Secret{}, fmt.Errorf("key ring %s, key %d: %w", path, i+1, err)
		}
		keys = append(keys, k)
	}
	return keys, pepper, nil
}

func (rec keyRecord) key() (k Key, err error) {
	id, err := hex.DecodeString(rec.ID)
	if err != nil || len(id) != len(k.ID) {
		return Key{}, errors.New("id is not 8 hex digits")
	}
	secret, err := base64.StdEncoding.DecodeString(rec.Secret)
	if err != nil || len(secret) != len(k.Secret) {
		return Key{}, errors.New("secret is not 32 bytes of base64")
	}
	der, err := base64.StdEncoding.DecodeString(rec.Signing)
	if err != nil {
		return Key{}, errors.New("signing key is not base64")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	signing, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || signing.Curve != elliptic.P256() {
		return Key{}, errors.New("signing key is no P-256 key in PKCS #8")
	}
	k = Key{ID: KeyID(id), Secret: Secret(secret), Signing: signing, ActiveFrom: rec.ActiveFrom}
	if rec.RetireAfter != nil {
		k.RetireAfter = *rec.RetireAfter
	}
	return k, nil
}

// KeysMissing reports whether err means that there is no ring file.
func KeysMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
