package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/admin/api"
	"github.com/edgeauth/edgeauth/sessions"
)

// fuzzed is an API in whose time nobody calls too often, with sessions of two people.
func fuzzed(f *testing.F) *world {
	var calls atomic.Int64
	return newWorld(f, func(w *world, o *api.Options) {
		o.Now = func() time.Time { return aboutNow().Add(time.Duration(calls.Add(1)) * time.Second) }
		w.index.records = []sessions.Record{record(1, "alice"), record(2, "bob"), record(3, "alice")}
	})
}

// forget drops what was written, which would grow from try to try.
func (w *world) forget() {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	w.audits.mu.Lock()
	defer w.audits.mu.Unlock()
	w.log.entries, w.audits.events = nil, nil
}

// asked is what a REST request is answered, without a connection.
func (w *world) asked(method, path, query, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.URL = &url.URL{Path: path, RawQuery: query}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(rec, r)
	return rec
}

func TestAQueryThatCannotBeReadNarrowsNothingAndIsRefused(t *testing.T) {
	w := newWorld(t)
	w.api.End() // streams end at once
	for _, path := range []string{"/v1/sessions", "/v1/events"} {
		for _, query := range []string{"session=%zz", "subject.sub=alice;subject.provider=corp", "%=1", "subject.sub=%f"} {
			if a := w.asked(http.MethodGet, path, query, ""); a.Code != http.StatusBadRequest {
				t.Errorf("%s?%s: %d %s", path, query, a.Code, a.Body)
			}
		}
	}
}

// parameters are those of the lists, by path, as the .proto has them.
func parameters(path string) string {
	if path == "/v1/events" {
		return " names session subject.issuer subject.provider subject.sub "
	}
	return " subject.issuer subject.provider subject.sub page_size pageSize page_token pageToken include_ended includeEnded "
}

func FuzzEachParameterOfAListIsObeyedOrRefused(f *testing.F) {
	w := fuzzed(f)
	w.api.End() // of the streams; a call is answered
	for _, q := range []string{"", "subject.sub=alice", "subject.provider=corp&subject.sub=bob", "page_size=2&page_token=dHdv", "pageSize=501", "include_ended=maybe", "subject.sub=%zz", "a;b", "subject.sub=a&subject.sub=bob",
		"subject.issuer=x&subject.provider=corp", "subject=x", "names=a&names=a", "session=x", "page_token=", "subject.sub.x=1", "page_size=1&pageSize=2", "subject.sub="} {
		f.Add(q, false)
		f.Add(q, true)
	}
	f.Fuzz(func(t *testing.T, query string, events bool) {
		w.forget()
		path := "/v1/sessions"
		if events {
			path = "/v1/events"
		}
		a := w.asked(http.MethodGet, path, query, "")
		switch {
		case a.Code == http.StatusBadRequest:
			return
		case a.Code != http.StatusOK:
			t.Fatalf("%s?%s: %d %s", path, query, a.Code, a.Body)
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("%s?%s was taken, though: %v", path, query, err)
		}
		for name := range values {
			if !strings.Contains(parameters(path), " "+name+" ") {
				t.Errorf("%s?%s was taken with the parameter %q", path, query, name)
			}
		}
		if events {
			return
		}
		var list struct {
			Sessions []struct{ Subject struct{ Sub string } }
		}
		if err := json.Unmarshal(a.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		for _, s := range list.Sessions {
			if sub, given := values["subject.sub"]; given && (len(sub) != 1 || s.Subject.Sub != sub[0]) {
				t.Errorf("?%s lists a session of %s", query, s.Subject.Sub)
			}
		}
	})
}

func FuzzAPageTokenThatIsTakenWasHandedOut(f *testing.F) {
	w := fuzzed(f)
	for _, s := range []string{"", "dHdv", "dHdv=", "dHdw", "dHd", "dHdv\n", "!", "dHdvdHdv"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		w.forget()
		a := w.asked(http.MethodGet, "/v1/sessions", url.Values{"page_token": {token}}.Encode(), "")
		taken := token == "" || token == base64.RawURLEncoding.EncodeToString([]byte("two"))
		if want := http.StatusBadRequest; !taken && a.Code != want || taken && a.Code != http.StatusOK {
			t.Errorf("%q: %d %s", token, a.Code, a.Body)
		}
	})
}

func FuzzARevocationIsOneEntryOrARefusalThatWritesNothing(f *testing.F) {
	w := fuzzed(f)
	for _, s := range []string{`{"subject":{"provider":"corp","sub":"dave"}}`, `{"subject":{"sub":""}}`, `{}`, `{"everybody":true}`, `{"subject":{"sub":"a"}}{"subject":{"sub":"b"}}`, `{"subject":{"sub":"a"},"before":"2026-11-23T09:00:00+01:00"}`,
		`{"subject":{"sub":"a"},"before":"2026-02-30T09:00:00Z"}`, `{"before":"9999-12-31T23:59:59Z","subject":{"sub":"a"}}`, `{"device":"x"}`, `[]`, `null`, `{"subject":{"sub":"a"},"subject":{"sub":"b"}}`, "{\"subject\":{\"sub\":\"\\u0000\"}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w.forget()
		a := w.asked(http.MethodPost, "/v1/sessions:revoke", "", body)
		wrote := len(w.log.all())
		if a.Code == http.StatusOK && wrote != 1 || a.Code != http.StatusOK && wrote != 0 || a.Code >= 500 {
			t.Errorf("%s: %d %s, %d entries", body, a.Code, a.Body, wrote)
		}
	})
}
