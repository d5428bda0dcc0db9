package session

import (
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// ErrSealed is every failure to open a sealed value: unknown key, wrong purpose, name or host, changed bytes. They
// are one error so that nobody can tell them apart from outside.
var ErrSealed = errors.New("sealed value cannot be opened")

// Purpose separates the keys: what was sealed for one opens for no other.
type Purpose string

// The purposes. Their texts are part of the format.
const (
	PurposeSession Purpose = "session"
	PurposeState   Purpose = "state"
	PurposeBinding Purpose = "binding"
	PurposeDevice  Purpose = "device"
	PurposeVault   Purpose = "vault"
	PurposeOutbox  Purpose = "outbox"
	PurposeCopy    Purpose = "copy"
	PurposeIndex   Purpose = "index"
)

// constant table: every purpose, for which a ring derives its keys in advance.
var purposes = [...]Purpose{PurposeSession, PurposeState, PurposeBinding, PurposeDevice, PurposeVault, PurposeOutbox, PurposeCopy, PurposeIndex}

// KeyID tells which key of the ring sealed a value. It stands in clear in front of it.
type KeyID [4]byte

// String is lower-case hex.
func (id KeyID) String() string { return hex.EncodeToString(id[:]) }

// Secret is 256 bits of key material. It shows itself under no verb and in no encoding but Base64.
type Secret [32]byte

// String hides the secret.
func (Secret) String() string { return "[redacted]" }

// GoString hides the secret.
func (Secret) GoString() string { return "[redacted]" }

// Format hides the secret under every verb.
func (Secret) Format(s fmt.State, _ rune) { fmt.Fprint(s, "[redacted]") }

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// Key is one key of the ring: it seals from ActiveFrom until the next key does, and opens until RetireAfter.
type Key struct {
	ID          KeyID
	Secret      Secret
	Signing     *ecdsa.PrivateKey // P-256, for assertions to backends
	ActiveFrom  time.Time
	RetireAfter time.Time // zero: not yet replaced
}

// LogValue shows when a key is used, never the key.
func (k Key) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", k.ID.String()), slog.Time("active_from", k.ActiveFrom))
}

// Format shows the key's id under every verb.
func (k Key) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "key %s", k.ID) }

// Ring is an immutable set of keys. It is safe for concurrent use.
type Ring struct {
	keys    []Key // by ActiveFrom
	ciphers map[KeyID]map[Purpose]*xaes
	pepper  Secret // zero: none
}

// Format shows the keys' ids under every verb.
func (r *Ring) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "ring of %v", r.keys) }

// LogValue is what Format shows.
func (r *Ring) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// NewRing derives what each key needs for each purpose. It refuses an empty set, two keys of one id and a key
// without a signing key.
func NewRing(keys []Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errors.New("key ring is empty")
	}
	r := &Ring{keys: slices.Clone(keys), ciphers: map[KeyID]map[Purpose]*xaes{}}
	slices.SortStableFunc(r.keys, func(a, b Key) int { return a.ActiveFrom.Compare(b.ActiveFrom) })
	for _, k := range r.keys {
		if _, twice := r.ciphers[k.ID]; twice {
			return nil, fmt.Errorf("key %s stands twice in the ring", k.ID)
		}
		if k.Signing == nil {
			return nil, fmt.Errorf("key %s has no signing key", k.ID)
		}
		c, err := deriveAll(k.Secret)
		if err != nil {
			return nil, fmt.Errorf("deriving from key %s: %w", k.ID, err)
		}
		r.ciphers[k.ID] = c
	}
	return r, nil
}

func deriveAll(secret Secret) (map[Purpose]*xaes, error) {
	out := map[Purpose]*xaes{}
	for _, p := range purposes {
		raw, err := hkdf.Key(sha256.New, secret[:], nil, "edgeauth v1 "+string(p), 32)
		if err != nil {
			return nil, err
		}
		if out[p], err = newXAES([32]byte(raw)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Active is the key that seals and signs now: of those that have begun the one that began last; before any has, the
// first.
func (r *Ring) Active(now time.Time) Key {
	active := r.keys[0]
	for _, k := range r.keys {
		if !k.ActiveFrom.After(now) {
			active = k
		}
	}
	return active
}

// Usable returns the keys that are pending, active or retiring at now: those whose public halves are published.
func (r *Ring) Usable(now time.Time) []Key {
	return slices.DeleteFunc(slices.Clone(r.keys), func(k Key) bool { return retired(k, now) })
}

func retired(k Key, now time.Time) bool { return !k.RetireAfter.IsZero() && !now.Before(k.RetireAfter) }

const sealVersion = 1

// Seal encrypts plaintext under the key that is active at now. Name and host are bound: the value opens only for the
// same ones. The result is base64url without padding of
//
//	version (1) | key id (4) | nonce (24) | ciphertext | tag (16)
func (r *Ring) Seal(now time.Time, p Purpose, name, host string, plaintext []byte) (string, error) {
	k := r.Active(now)
	out := make([]byte, 0, 5+xaesOverhead+len(plaintext))
	out = append(append(out, sealVersion), k.ID[:]...)
	out, err := r.ciphers[k.ID][p].seal(out, plaintext, associated(k.ID, p, name, host))
	if err != nil {
		return "", fmt.Errorf("sealing: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// Open is the inverse of Seal. Exactly one key is tried. Every failure is ErrSealed.
func (r *Ring) Open(now time.Time, p Purpose, name, host, value string) ([]byte, error) {
	if strings.ContainsAny(value, "\r\n") { // encoding/base64 would skip them: one value, one spelling
		return nil, ErrSealed
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(value)
	if err != nil || len(raw) < 5+xaesOverhead || raw[0] != sealVersion {
		return nil, ErrSealed
	}
	id := KeyID(raw[1:5])
	i := slices.IndexFunc(r.keys, func(k Key) bool { return k.ID == id })
	if i < 0 || retired(r.keys[i], now) {
		return nil, ErrSealed
	}
	plaintext, err := r.ciphers[id][p].open(raw[5:], associated(id, p, name, host))
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// associated is the data that is bound: each part behind its length, so that no two lists of parts look alike.
func associated(id KeyID, p Purpose, name, host string) []byte {
	ad := make([]byte, 0, 1+len(id)+3*2+len(p)+len(name)+len(host))
	ad = append(append(ad, sealVersion), id[:]...)
	for _, part := range []string{string(p), name, host} {
		ad = append(ad, byte(len(part)>>8), byte(len(part)))
		ad = append(ad, part...)
	}
	return ad
}
