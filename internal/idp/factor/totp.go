package factor

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// step is how long one code lasts (RFC 6238, 4.1).
const step = 30

// TOTP is the six-digit one-time code of RFC 6238 with SHA-1 and steps of 30 seconds; the secret's bytes are the key.
func TOTP(secret string, at time.Time) string { return hotp(secret, at.Unix()/step) }

// ValidTOTP reports whether code is that of the step of now or of one beside it. The same code may be used again within
// its time, unlike RFC 6238, 5.2 has it: a test that steps up twice needn't wait for half a minute.
func ValidTOTP(secret, code string, now time.Time) bool {
	counter, ok := now.Unix()/step, 0
	for _, c := range []int64{counter - 1, counter, counter + 1} {
		ok |= subtle.ConstantTimeCompare([]byte(hotp(secret, c)), []byte(code))
	}
	return ok == 1
}

// hotp is RFC 4226, 5.3.
func hotp(secret string, counter int64) string {
	mac := hmac.New(sha1.New, []byte(secret))
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}
