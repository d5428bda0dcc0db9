package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp/jose"
)

func newKeys(t *testing.T) (rs, es jose.Key) {
	t.Helper()
	rs, err := jose.NewRSA("r")
	if err != nil {
		t.Fatal(err)
	}
	if es, err = jose.NewEC("e"); err != nil {
		t.Fatal(err)
	}
	return rs, es
}

func split(t *testing.T, token string) (sum [32]byte, sig []byte) {
	t.Helper()
	dot := strings.LastIndexByte(token, '.')
	sig, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256([]byte(token[:dot])), sig
}

func TestHonestSignaturesVerifyWithTheStandardLibrary(t *testing.T) {
	rs, es := newKeys(t)
	claims := map[string]any{"sub": "x"}
	sum, sig := split(t, jose.Compact(map[string]any{"alg": "RS256"}, claims, rs.Sign))
	if err := rsa.VerifyPKCS1v15(rs.Public().(*rsa.PublicKey), crypto.SHA256, sum[:], sig); err != nil {
		t.Error(err)
	}
	sum, sig = split(t, jose.Compact(map[string]any{"alg": "ES256"}, claims, es.Sign))
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if !ecdsa.Verify(es.Public().(*ecdsa.PublicKey), sum[:], r, s) {
		t.Error("the ES256 signature is wrong")
	}
}

func TestVerifyAcceptsOnlyItsOwnKeyAndAlgorithm(t *testing.T) {
	rs, es := newKeys(t)
	claims := map[string]any{"sub": "x"}
	good := jose.Compact(map[string]any{"alg": "RS256"}, claims, rs.Sign)
	if !rs.Verify(good) || !es.Verify(jose.Compact(map[string]any{"alg": "ES256"}, claims, es.Sign)) {
		t.Error("a right signature is refused")
	}
	for name, token := range map[string]string{
		"other key":  jose.Compact(map[string]any{"alg": "RS256"}, claims, es.Sign),
		"unsigned":   jose.Compact(map[string]any{"alg": "none"}, claims, jose.Unsigned),
		"stripped":   good[:strings.LastIndexByte(good, '.')+1],
		"hmac":       jose.Compact(map[string]any{"alg": "HS256"}, claims, jose.HS256(rs.PublicPEM())),
		"flattened":  jose.Flattened(map[string]any{"alg": "RS256"}, claims, rs.Sign),
		"two parts":  "a.b",
		"no base64":  "!.!.!",
		"other body": "e30" + good[strings.IndexByte(good, '.'):],
	} {
		if rs.Verify(token) {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRawKeepsEveryByte(t *testing.T) {
	token := jose.Raw([]byte(`{"alg":"none","alg":"RS256"}`), []byte(`{"sub":"a","sub":"b"}`), jose.Unsigned)
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || string(payload) != `{"sub":"a","sub":"b"}` || !strings.HasSuffix(token, ".") {
		t.Errorf("token %s: %s, %v", token, payload, err)
	}
}

func TestJSONSerialisationsHoldTheSameParts(t *testing.T) {
	rs, es := newKeys(t)
	var flat struct{ Protected, Payload, Signature string }
	if err := json.Unmarshal([]byte(jose.Flattened(map[string]any{"alg": "RS256"}, map[string]any{}, rs.Sign)), &flat); err != nil {
		t.Fatal(err)
	}
	if !rs.Verify(flat.Protected + "." + flat.Payload + "." + flat.Signature) {
		t.Error("the flattened signature is wrong")
	}
	var general struct {
		Payload    string
		Signatures []struct{ Protected, Signature string }
	}
	text := jose.General(map[string]any{"alg": "ES256"}, map[string]any{}, rs.Sign, es.Sign)
	if err := json.Unmarshal([]byte(text), &general); err != nil || len(general.Signatures) != 2 {
		t.Fatalf("%s: %v", text, err)
	}
	if s := general.Signatures[1]; !es.Verify(s.Protected + "." + general.Payload + "." + s.Signature) {
		t.Error("the second signature is wrong")
	}
}

func TestPublicBytesAreThoseOfTheKey(t *testing.T) {
	rs, _ := newKeys(t)
	block, _ := pem.Decode(rs.PublicPEM())
	got, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil || !rs.Public().(*rsa.PublicKey).Equal(got) {
		t.Errorf("the PEM holds another key: %v", err)
	}
}

func TestWeakKeysSignRightly(t *testing.T) {
	for _, c := range []struct {
		bits int
		e    int64
	}{{512, 65537}, {2048, 1}, {4096, 3}} {
		k, err := jose.WeakRSA("w", c.bits, c.e)
		if err != nil {
			t.Fatal(err)
		}
		n, err := base64.RawURLEncoding.DecodeString(k.JWK["n"].(string))
		if err != nil {
			t.Fatal(err)
		}
		sum, sig := split(t, jose.Compact(map[string]any{"alg": "RS256"}, nil, k.Sign))
		em := new(big.Int).Exp(new(big.Int).SetBytes(sig), big.NewInt(c.e), new(big.Int).SetBytes(n)).Text(16)
		if !strings.HasPrefix(em, "1fff") || !strings.HasSuffix(em, new(big.Int).SetBytes(sum[:]).Text(16)) {
			t.Errorf("%d bits, e=%d: the signature opens to %s", c.bits, c.e, em)
		}
	}
	if _, err := jose.WeakRSA("w", 300, 3); err == nil {
		t.Error("300 bits are accepted")
	}
}

func TestBadKeysAreAllDifferentAndHaveAJSONForm(t *testing.T) {
	seen := map[string]string{}
	for name, key := range jose.BadKeys("k") {
		text, err := json.Marshal(key)
		if err != nil || key["kid"] != "k" || seen[string(text)] != "" {
			t.Errorf("%s: %s, %v, like %q", name, text, err, seen[string(text)])
		}
		seen[string(text)] = name
	}
}
