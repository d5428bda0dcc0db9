package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func verify(secret, header string, body []byte, now time.Time) bool {
	var at int64
	var got string
	if _, err := fmt.Sscanf(header, "t=%d,v1=%s", &at, &got); err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at, body)
	fresh := now.Sub(time.Unix(at, 0)).Abs() < 5*time.Minute
	return fresh && hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(got))
}

func TestThePageShowsTheVerificationThatTheseTestsUse(t *testing.T) {
	own, err := os.ReadFile("verify_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(own), "\nfunc verify(")
	body, _, _ := strings.Cut(after, "\n}\n")
	if !strings.Contains(string(page), "```go\nfunc verify("+body+"\n}\n```\n") {
		t.Error("docs/audit.md shows another function verify")
	}
}

func TestTheVerificationRefusesWhatWasNotSignedSo(t *testing.T) {
	// made with: printf '%s' '1700000000.[]' | openssl dgst -sha256 -hmac 'a secret of 24 bytes ...'
	const secret, header = "a secret of 24 bytes ...", "t=1700000000,v1=181d715c53fc64bf2ed2d2e1b8540bce9d6637fb79a0c692f19f9b1349cebb76"
	now := time.Unix(1_700_000_000, 0)
	if !verify(secret, header, []byte("[]"), now) {
		t.Fatal("a good signature is refused")
	}
	for what, ok := range map[string]bool{
		"another secret": verify(secret+".", header, []byte("[]"), now),
		"another body":   verify(secret, header, []byte("[ ]"), now),
		"another time":   verify(secret, strings.Replace(header, "1700000000", "1700000001", 1), []byte("[]"), now),
		"an old one":     verify(secret, header, []byte("[]"), now.Add(6*time.Minute)),
		"a later one":    verify(secret, header, []byte("[]"), now.Add(-6*time.Minute)),
		"none":           verify(secret, "", []byte("[]"), now),
	} {
		if ok {
			t.Errorf("%s is accepted", what)
		}
	}
}
