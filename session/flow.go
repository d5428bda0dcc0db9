package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/revocation"
)

// Binding ties logins in flight to the browser that began them. One binding serves any number of tabs.
type Binding struct {
	secret Secret
	Trail  Trail
	Last   Minted
}

// Minted is what the browser's last callback minted, as far as the next one has to know it: a provider that answers by a
// cross-site POST sends the browser back without its session cookie, which is Lax, but with the binding. Zero: nothing.
type Minted struct {
	Family      identity.Family
	ID          identity.SessionID
	Device      identity.DeviceID
	Incarnation identity.Incarnation
	Login       [16]byte // digest of the authentication that it came of
	Epoch       revocation.Millis
	Expires     revocation.Millis
}

// Trail is how many logins of the browser followed one upon the other, each begun after the one before had ended. It is
// how a login loop is told from many tabs, which begin their logins before any has ended.
type Trail struct {
	Rounds uint8     // logins that ended
	Since  time.Time // when the first of them began, UTC in milliseconds; zero if Rounds is 0
}

// NewBinding returns a random binding without a trail.
func NewBinding() Binding {
	var b Binding
	rand.Read(b.secret[:])
	return b
}

// Derive returns 43 characters of base64url that only this binding and flow yield, for one use: the nonce, the PKCE
// verifier (RFC 7636 asks for 43 to 128 characters) or the mark by which a callback recognises its browser.
func (b Binding) Derive(use, flow string) string {
	m := hmac.New(sha256.New, b.secret[:])
	m.Write([]byte(use + "\x00" + flow))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// Binding returns the browser's binding, or false if it has none that is valid.
func (c *Cookies) Binding(r *http.Request) (Binding, bool) {
	b, ok := c.openTimed(r, PurposeBinding, c.binding, bindingSize)
	if !ok {
		return Binding{}, false
	}
	return decodeBinding(b)
}

// bindingSize is secret (32), rounds (1), the trail's beginning in milliseconds (8), and Minted.
var bindingSize = len(Secret{}) + 1 + 8 + binary.Size(Minted{})

func (b Binding) encode() ([]byte, error) {
	out := append(b.secret[:], b.Trail.Rounds)
	since := uint64(0)
	if b.Trail.Rounds > 0 {
		since = uint64(b.Trail.Since.UnixMilli())
	}
	return binary.Append(binary.BigEndian.AppendUint64(out, since), binary.BigEndian, &b.Last)
}

// decodeBinding reads what encode wrote, of the right size.
func decodeBinding(raw []byte) (b Binding, ok bool) {
	raw = raw[copy(b.secret[:], raw):]
	if raw[0] > 0 {
		b.Trail = Trail{Rounds: raw[0], Since: time.UnixMilli(int64(binary.BigEndian.Uint64(raw[1:]))).UTC()}
	}
	_, err := binary.Decode(raw[1+8:], binary.BigEndian, &b.Last)
	return b, err == nil
}

// SetBinding writes the binding and all that it carries with a new lifetime of BindingLifetime.
func (c *Cookies) SetBinding(w http.ResponseWriter, b Binding) error {
	plain, err := b.encode()
	if err != nil {
		return fmt.Errorf("encoding the binding: %w", err)
	}
	ck, err := c.sealTimed(PurposeBinding, c.binding, plain, BindingLifetime)
	if err != nil {
		return err
	}
	if c.opt.FormPost && c.opt.Secure {
		ck.SameSite = http.SameSiteNoneMode // a cross-site POST carries no Lax cookie
	}
	http.SetCookie(w, ck)
	return nil
}

// Device is a browser profile: its name, and since when it has that.
type Device struct {
	ID    identity.DeviceID
	Since time.Time // UTC in milliseconds
}

// Device returns the browser profile, or false if it has no cookie that is valid.
func (c *Cookies) Device(r *http.Request) (Device, bool) {
	b, ok := c.openTimed(r, PurposeDevice, c.device, len(identity.DeviceID{})+8)
	if !ok {
		return Device{}, false
	}
	var d Device
	since := b[copy(d.ID[:], b):]
	d.Since = time.UnixMilli(int64(binary.BigEndian.Uint64(since))).UTC()
	return d, true
}

// SetDevice writes the device cookie, sealed anew.
func (c *Cookies) SetDevice(w http.ResponseWriter, d Device) error {
	plain := binary.BigEndian.AppendUint64(d.ID[:], uint64(d.Since.UnixMilli()))
	ck, err := c.sealTimed(PurposeDevice, c.device, plain, c.opt.DeviceLifetime)
	if err == nil {
		http.SetCookie(w, ck)
	}
	return err
}

// SealState seals what a callback needs to know into the state parameter.
func (c *Cookies) SealState(plaintext []byte) (string, error) {
	return c.seal(PurposeState, "state", plaintext)
}

// OpenState is the inverse of SealState. Every failure is ErrSealed.
func (c *Cookies) OpenState(state string) ([]byte, error) {
	return c.open(PurposeState, "state", state)
}

// sealTimed seals b behind the time at which it ends, so that an old cookie does not outlive its attribute.
func (c *Cookies) sealTimed(p Purpose, name string, b []byte, life time.Duration) (*http.Cookie, error) {
	end := c.opt.Now().Add(life)
	plaintext := binary.BigEndian.AppendUint64(nil, uint64(end.UnixMilli()))
	value, err := c.seal(p, name, append(plaintext, b...))
	if err != nil {
		return nil, err
	}
	return c.cookie(name, value, end), nil
}

func (c *Cookies) openTimed(r *http.Request, p Purpose, name string, size int) ([]byte, bool) {
	value, err := find(r, name)
	if err != nil {
		return nil, false
	}
	b, err := c.open(p, name, value)
	if err != nil || len(b) != 8+size {
		return nil, false
	}
	if int64(binary.BigEndian.Uint64(b)) <= c.opt.Now().UnixMilli() {
		return nil, false
	}
	return b[8:], true
}
