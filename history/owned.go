package history

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/policy"
)

// owned is what belongs to one subject: the name of its lists, and the cipher of their values. Both are derived from pepper
// and subject, so a value that was moved to another subject's list does not open there.
type owned struct {
	name string
	aead cipher.AEAD
}

// list is the key of the list that a sighting goes to. Logins that proved what was asked for have one of their own: whoever
// has a stolen password or a copied cookie can make sightings as fast as requests, and if these pushed out the logins, the
// subject would look like a new user, whose score does not act yet.
func (o *owned) list(s *policy.Sighting) string {
	if s.Login && !s.Unproven {
		return o.lists()[0]
	}
	return o.lists()[1]
}

func (o *owned) lists() [2]string { return [2]string{"seen:" + o.name, "also:" + o.name} }

func (h *History) own(subject identity.Subject) (*owned, error) {
	if subject.IsZero() {
		return nil, errNobody
	}
	pepper, ok := [32]byte{}, false
	if h.o.Pepper != nil {
		pepper, ok = h.o.Pepper()
	}
	if !ok || pepper == ([32]byte{}) {
		return nil, ErrNoPepper
	}
	return derive(pepper, subject)
}

// derive makes a key for each subject and not one for all: AES-GCM with random nonces is good for 2^32 values under one key
// (NIST SP 800-38D, 8.3), which the logins of everybody could reach over the years, as the pepper never changes.
func derive(pepper [32]byte, subject identity.Subject) (*owned, error) {
	who := identity.Digest("edgeauth history", subject.Issuer, subject.Sub)
	name, err := hkdf.Key(sha256.New, pepper[:], who[:], "edgeauth history v1 name", 16)
	if err != nil {
		return nil, fmt.Errorf("deriving a name: %w", err)
	}
	raw, err := hkdf.Key(sha256.New, pepper[:], who[:], "edgeauth history v1 seal", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving a seal: %w", err)
	}
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("preparing a seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block) // the only GCM that FIPS 140-3 mode permits
	if err != nil {
		return nil, fmt.Errorf("preparing a seal: %w", err)
	}
	return &owned{name: hex.EncodeToString(name), aead: aead}, nil
}

// seal returns nonce (12), ciphertext and tag (16) of an encoded sighting.
func (o *owned) seal(s policy.Sighting) ([]byte, error) {
	plain, err := encode(s)
	if err != nil {
		return nil, err
	}
	return o.aead.Seal(nil, nil, plain, nil), nil
}

// open is the inverse of seal.
func (o *owned) open(value []byte) (policy.Sighting, error) {
	plain, err := o.aead.Open(nil, nil, value, nil)
	if err != nil {
		return policy.Sighting{}, errUnreadable
	}
	return decode(plain)
}
