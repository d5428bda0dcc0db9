package oidc_test

import (
	"crypto/fips140"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/edgeauth/edgeauth/internal/idp"
	"github.com/edgeauth/edgeauth/internal/idp/jose"
	"github.com/edgeauth/edgeauth/oidc"
)

// signed is a lie that replaces the signed token by what edit makes of it.
func signed(edit func(token string) string) idp.Lies {
	return idp.Lies{SignIDToken: func(s *idp.Server, header, claims map[string]any) string {
		return edit(s.Sign(header, claims))
	}}
}

func signWith(alg string, signer func(s *idp.Server) jose.Signer) idp.Lies {
	return idp.Lies{SignIDToken: func(s *idp.Server, header, claims map[string]any) string {
		header["alg"] = alg
		return jose.Compact(header, claims, signer(s))
	}}
}

func TestJW01_an_unsigned_ID_token_is_refused(t *testing.T) {
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"none":        setHeader("alg", "none"),
		"None":        setHeader("alg", "None"),
		"nOnE":        setHeader("alg", "nOnE"),
		"empty":       setHeader("alg", ""),
		"number":      setHeader("alg", 5),
		"missing":     {IDToken: func(header, _ map[string]any) { delete(header, "alg") }},
		"no sig":      signed(func(token string) string { return token[:strings.LastIndexByte(token, '.')+1] }),
		"two parts":   signed(func(token string) string { return token[:strings.LastIndexByte(token, '.')] }),
		"RS256, none": signWith("RS256", func(*idp.Server) jose.Signer { return jose.Unsigned }),
	})
}

func TestJW02_an_ID_token_signed_with_something_known_as_HMAC_key_is_refused(t *testing.T) {
	secrets := map[string]func(s *idp.Server) []byte{
		"public key PEM": func(s *idp.Server) []byte { return s.Key("RS256").PublicPEM() },
		"public key DER": func(s *idp.Server) []byte { return s.Key("RS256").PublicDER() },
		"public key JWK": func(s *idp.Server) []byte { b, _ := json.Marshal(s.Key("RS256").JWK); return b },
		"client secret":  func(*idp.Server) []byte { return []byte(clientSecret) },
	}
	if !fips140.Enforced() { // no HMAC with an empty key can be made there
		secrets["empty"] = func(*idp.Server) []byte { return nil }
	}
	lies := map[string]idp.Lies{}
	for name, secret := range secrets {
		lies[name] = signWith("HS256", func(s *idp.Server) jose.Signer { return jose.HS256(secret(s)) })
	}
	refusesIDTokens(t, newBed(t), lies)
}

func TestJW03_an_algorithm_that_is_not_pinned_is_refused_though_discovery_lists_it(t *testing.T) {
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{"ES256": setHeader("alg", "ES256")})
}

func TestJW04_keys_named_in_the_header_are_neither_used_nor_fetched(t *testing.T) {
	var visits atomic.Int32
	evil := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer evil.Close()
	attacker, err := jose.NewRSA("attacker")
	if err != nil {
		t.Fatal(err)
	}
	forged := func(edit func(header map[string]any)) idp.Lies {
		return idp.Lies{SignIDToken: func(_ *idp.Server, header, claims map[string]any) string {
			edit(header)
			return jose.Compact(header, claims, attacker.Sign)
		}}
	}
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"jwk":              forged(func(h map[string]any) { h["jwk"] = attacker.JWK }),
		"jku":              forged(func(h map[string]any) { h["jku"], h["kid"] = evil.URL+"/k", "attacker" }),
		"x5u":              forged(func(h map[string]any) { h["x5u"] = evil.URL + "/k" }),
		"x5c":              forged(func(h map[string]any) { h["x5c"] = []string{"AAAA"} }),
		"kid is a URL":     forged(func(h map[string]any) { h["kid"] = evil.URL + "/k" }),
		"signed, jku":      setHeader("jku", evil.URL+"/k"),
		"signed, own jwk":  setHeader("jwk", map[string]any{"kty": "RSA"}),
		"signed, JKU":      setHeader("JKU", evil.URL+"/k"),
		"known kid, other": forged(func(map[string]any) {}),
	})
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests went to the address in the header", n)
	}
}

func TestJW05_a_strange_kid_is_refused(t *testing.T) {
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"path":           setHeader("kid", "../../../../dev/null"),
		"SQL":            setHeader("kid", "' OR 1=1--"),
		"64 KiB":         setHeader("kid", longText(64<<10)),
		"300 characters": setHeader("kid", longText(300)),
		"empty":          setHeader("kid", ""),
		"integer":        setHeader("kid", 1),
		"NUL":            setHeader("kid", "rsa-1\x00"),
		"of another key": {SignIDToken: func(s *idp.Server, h, c map[string]any) string {
			h["kid"] = s.Key("ES256").ID
			return jose.Compact(h, c, s.Key("RS256").Sign)
		}},
	})
}

func TestJW08_a_token_in_any_other_form_is_refused(t *testing.T) {
	part := func(i int, edit func(string) string) idp.Lies {
		return signed(func(token string) string {
			parts := strings.Split(token, ".")
			parts[i] = edit(parts[i])
			return strings.Join(parts, ".")
		})
	}
	appended := func(s string) func(string) string { return func(p string) string { return p + s } }
	refusesIDTokens(t, newBed(t), map[string]idp.Lies{
		"signature of zero bytes": signWith("RS256", func(*idp.Server) jose.Signer {
			return func([]byte) []byte { return make([]byte, 256) }
		}),
		"signature of other length": signWith("RS256", func(*idp.Server) jose.Signer {
			return func([]byte) []byte { return make([]byte, 64) }
		}),
		"signature and one byte": signWith("RS256", func(s *idp.Server) jose.Signer {
			return func(in []byte) []byte { return append(s.Key("RS256").Sign(in), 0) }
		}),
		"payload padded":        part(1, appended("=")),
		"payload with line end": part(1, appended("\n")),
		"header with line end":  part(0, func(p string) string { return p[:4] + "\r\n" + p[4:] }),
		"signature line end":    part(2, appended("\n")),
		// 2048 bits end two bits into the last character, so flipping its lowest bit leaves the bytes as they are.
		"signature trailing bits": part(2, func(p string) string {
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			last := strings.IndexByte(alphabet, p[len(p)-1])
			return p[:len(p)-1] + alphabet[last^1:][:1]
		}),
		"signature plus": part(2, appended("+")),
		"four parts":     signed(func(token string) string { return token + ".AAAA" }),
		"space before":   signed(func(token string) string { return " " + token }),
		"crit b64": {IDToken: func(h, _ map[string]any) {
			h["crit"], h["b64"] = []string{"b64"}, false
		}},
		"crit x":     setHeader("crit", []string{"x"}),
		"crit empty": setHeader("crit", []string{}),
		"flattened JSON": {SignIDToken: func(s *idp.Server, h, c map[string]any) string {
			return jose.Flattened(h, c, s.Key("RS256").Sign)
		}},
		"two signatures": {SignIDToken: func(s *idp.Server, h, c map[string]any) string {
			return jose.General(h, c, s.Key("RS256").Sign, s.Key("RS256").Sign)
		}},
	})
}

func TestJW08_an_ES256_signature_of_zero_bytes_is_refused(t *testing.T) {
	b := newBed(t, es256)
	b.idp.SetClient(idp.Client{ID: clientID, Secret: clientSecret, RedirectURIs: []string{redirectURI}, IDTokenAlg: "ES256"})
	refusesIDTokens(t, b, map[string]idp.Lies{
		"zero": signWith("ES256", func(*idp.Server) jose.Signer { return func([]byte) []byte { return make([]byte, 64) } }),
	})
}

func TestJW10_an_oversized_token_is_refused(t *testing.T) {
	replaced := func(token string) idp.Lies { return signed(func(string) string { return token }) }
	raw := func(header, payload string) idp.Lies {
		return idp.Lies{SignIDToken: func(s *idp.Server, _, _ map[string]any) string {
			return jose.Raw([]byte(header), []byte(payload), s.Key("RS256").Sign)
		}}
	}
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	shallow := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	b := newBed(t)
	refusesLogins(t, b, oidc.KindUnavailable, map[string]idp.Lies{ // the answer around the token is too long to be read
		"1 MiB of dots":     replaced(strings.Repeat(".", 1<<20)),
		"10 MiB of payload": setClaim("pad", longText(10<<20)),
		"100,000 deep":      raw(deep, "{}"),
	})
	refusesIDTokens(t, b, map[string]idp.Lies{
		"200 KiB of dots":    replaced(strings.Repeat(".", 200<<10)),
		"65 KiB of payload":  setClaim("pad", longText(65<<10)),
		"10,000 deep":        raw(strings.Repeat(`{"a":`, 10_000)+"1"+strings.Repeat("}", 10_000), "{}"),
		"header 40 deep":     raw(`{"alg":"RS256","x":`+shallow+`}`, "{}"),
		"header is a list":   raw(`[]`, "{}"),
		"header is no JSON":  raw(`{"alg":"RS256"`, "{}"),
		"payload is no JSON": raw(`{"alg":"RS256"}`, "{"),
		"payload is a list":  raw(`{"alg":"RS256"}`, "[]"),
		"alg twice":          raw(`{"alg":"RS256","alg":"none"}`, "{}"),
	})
}
