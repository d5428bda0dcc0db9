package sessions

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

// version of a record's form. Another one is of a later release, and unreadable to this one; fields may be added to it at will.
const version = 1

var errUnreadable = errors.New("a record that cannot be read")

// form is a record as JSON. Texts that name somebody are bytes: JSON would replace what is no UTF-8, and they would name another.
type form struct {
	Version     int      `json:"v"`
	Family      []byte   `json:"family"`
	ID          []byte   `json:"id"`
	Issuer      []byte   `json:"iss"`
	Sub         []byte   `json:"sub"`
	SID         []byte   `json:"sid,omitempty"`
	Device      []byte   `json:"device"`
	Username    string   `json:"username,omitempty"`
	Name        string   `json:"name,omitempty"`
	Email       string   `json:"email,omitempty"`
	Provider    string   `json:"provider,omitempty"`
	Host        string   `json:"host,omitempty"`
	Client      Client   `json:"client,omitzero"`
	Place       Place    `json:"place,omitzero"`
	FirstSeen   millis   `json:"first,omitzero"`
	LastSeen    millis   `json:"last,omitzero"`
	IdleUntil   millis   `json:"idle,omitzero"`
	Expires     millis   `json:"exp,omitzero"`
	Ends        millis   `json:"ends,omitzero"`
	Level       string   `json:"level,omitempty"`
	RaisedAt    millis   `json:"raised,omitzero"`
	Reasons     []string `json:"reasons,omitempty"`
	ACR         string   `json:"acr,omitempty"`
	AMR         []string `json:"amr,omitempty"`
	AuthTime    millis   `json:"auth,omitzero"`
	Epoch       millis   `json:"epoch,omitzero"`
	Incarnation []byte   `json:"inc"`
}

// millis is a time in milliseconds since 1970; the zero time is 0.
type millis int64

func millisOf(t time.Time) millis {
	if t.IsZero() {
		return 0
	}
	return millis(t.UnixMilli())
}

func (m millis) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

func (r *Record) encode() ([]byte, error) {
	return json.Marshal(form{
		Version: version, Family: r.Family[:], ID: r.ID[:], Issuer: []byte(r.Subject.Issuer), Sub: []byte(r.Subject.Sub), SID: []byte(r.SID),
		Device: r.Device[:], Username: r.Username, Name: r.Name, Email: r.Email, Provider: r.Provider, Host: r.Host,
		Client: r.Client, Place: r.Place, FirstSeen: millisOf(r.FirstSeen), LastSeen: millisOf(r.LastSeen),
		IdleUntil: millisOf(r.IdleUntil), Expires: millisOf(r.Expires), Ends: millisOf(r.Ends),
		Level: string(r.Level), RaisedAt: millisOf(r.RaisedAt), Reasons: r.Reasons,
		ACR: r.Assurance.ACR, AMR: r.Assurance.AMR, AuthTime: millisOf(r.Assurance.AuthTime),
		Epoch: millisOf(r.Epoch), Incarnation: r.Incarnation[:],
	})
}

func decode(b []byte) (Record, error) {
	var f form
	if err := json.Unmarshal(b, &f); err != nil || f.Version != version {
		return Record{}, errUnreadable
	}
	for _, name := range [][]byte{f.Family, f.ID, f.Device, f.Incarnation} {
		if len(name) != 16 {
			return Record{}, errUnreadable
		}
	}
	return Record{
		Family: identity.Family(f.Family), ID: identity.SessionID(f.ID), Device: identity.DeviceID(f.Device), SID: string(f.SID),
		Subject: identity.Subject{Issuer: string(f.Issuer), Sub: string(f.Sub)}, Username: f.Username, Name: f.Name, Email: f.Email,
		Sight:     Sight{LastSeen: f.LastSeen.time(), Provider: f.Provider, Host: f.Host, Client: f.Client, Place: f.Place},
		FirstSeen: f.FirstSeen.time(), IdleUntil: f.IdleUntil.time(), Expires: f.Expires.time(), Ends: f.Ends.time(),
		Level: identity.Level(f.Level), RaisedAt: f.RaisedAt.time(), Reasons: f.Reasons,
		Assurance: identity.Assurance{ACR: f.ACR, AMR: f.AMR, AuthTime: f.AuthTime.time()},
		Epoch:     f.Epoch.time(), Incarnation: identity.Incarnation(f.Incarnation),
	}, nil
}

// rollOf is the name of a subject's roll: a digest like the names of the log's registers.
func rollOf(s identity.Subject) string {
	d := identity.Digest("edgeauth sessions", s.Issuer, s.Sub)
	return hex.EncodeToString(d[:])
}

func (x *Index) seal(r *Record) ([]byte, error) {
	plain, err := r.encode()
	if err != nil {
		return nil, fmt.Errorf("encoding a record: %w", err)
	}
	sealed, err := x.o.Keys().Seal(x.o.Now(), session.PurposeIndex, rollOf(r.Subject), r.Family.String(), plain)
	return []byte(sealed), err
}

// open is the inverse of seal. What lies in another place than it was sealed for does not open.
func (x *Index) open(roll, row string, value []byte) (Record, error) {
	plain, err := x.o.Keys().Open(x.o.Now(), session.PurposeIndex, roll, row, string(value))
	if err != nil {
		return Record{}, errUnreadable
	}
	return decode(plain)
}
