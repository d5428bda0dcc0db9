package jwks

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/edgeauth/edgeauth/oidc/internal/claims"
)

// parse reads a key set. A key that cannot be used is skipped, with the reason, and never spoils the others: providers
// publish encryption keys, curves that Go does not have and keys of formats yet to be invented.
func parse(body []byte, algorithms []string) (keys []key, skipped []string, err error) {
	var set map[string]json.RawMessage
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, nil, errors.New("the key set is not a JSON object")
	}
	var members []json.RawMessage
	if err := json.Unmarshal(set["keys"], &members); err != nil || members == nil {
		return nil, nil, errors.New("the key set has no list of keys")
	}
	for i, member := range members {
		k, err := parseKey(member, algorithms)
		switch {
		case err != nil && len(skipped) < maxKeys:
			skipped = append(skipped, fmt.Sprintf("key %d: %v", i, err))
		case err == nil && len(keys) < maxKeys:
			keys = append(keys, k)
		}
	}
	return keys, skipped, nil
}

// parseKey reads one public signing key (RFC 7517, section 4). Certificates (x5c, x5t) are not looked at: they add
// no trust, and SHA-1 thumbprints must not reach a library in FIPS mode.
func parseKey(member []byte, algorithms []string) (key, error) {
	jwk, err := claims.Parse(member)
	if err != nil {
		return key{}, err
	}
	if err := checkUse(jwk); err != nil {
		return key{}, err
	}
	k := key{}
	if k.id, _, err = jwk.Text("kid", 256); err != nil {
		return key{}, err
	}
	kty, _, err := jwk.Text("kty", 20)
	if err != nil {
		return key{}, err
	}
	if k.public, k.algorithms, err = parsePublic(kty, jwk); err != nil {
		return key{}, err
	}
	return k.narrow(jwk, algorithms)
}

func checkUse(jwk claims.Object) error {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"} {
		if jwk.Has(private) {
			return errors.New("it is a secret or private key")
		}
	}
	if use, ok, err := jwk.Text("use", 100); err != nil || ok && use != "sig" {
		return errors.New("its use is not sig")
	}
	operations, ok, err := jwk.Strings("key_ops", 20, 100)
	if err != nil {
		return err
	}
	for _, operation := range operations {
		if operation == "verify" {
			return nil
		}
	}
	if ok {
		return errors.New("its key_ops do not hold verify")
	}
	return nil
}
