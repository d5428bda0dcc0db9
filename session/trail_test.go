package session_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgeauth/edgeauth/identity"
	"github.com/edgeauth/edgeauth/session"
)

func TestABindingCarriesItsTrailAndWhatWasMintedLast(t *testing.T) {
	c := testCookies(testRing(t), "app.corp.test")
	for _, want := range []session.Trail{{}, {Rounds: 1, Since: start}, {Rounds: 255, Since: start.Add(time.Millisecond)}} {
		b := session.NewBinding()
		b.Trail = want
		b.Last = session.Minted{Family: identity.NewFamily(), ID: identity.NewSessionID(), Device: identity.NewDeviceID(),
			Incarnation: identity.NewIncarnation(), Login: [16]byte{1, 15: 16}, Epoch: 1 << 41, Expires: 1 << 42}
		w := httptest.NewRecorder()
		if err := c.SetBinding(w, b); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
		got, ok := c.Binding(r)
		if !ok || got.Derive("use", "flow") != b.Derive("use", "flow") {
			t.Error("the binding came back as another")
		}
		if diff := cmp.Diff(want, got.Trail); diff != "" {
			t.Errorf("trail (-set +read):\n%s", diff)
		}
		if diff := cmp.Diff(b.Last, got.Last); diff != "" {
			t.Errorf("last (-set +read):\n%s", diff)
		}
	}
}
