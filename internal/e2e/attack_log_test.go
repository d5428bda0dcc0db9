package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/http2/hpack"

	"github.com/edgeauth/edgeauth/internal/edgetest"
	"github.com/edgeauth/edgeauth/internal/idp"
)

// spells are what a log must not write as it came: line ends with a forged record, what terminals obey, what turns text
// around, and bytes that are no text.
var spells = []string{ // constant table
	"x\r\n{\"msg\":\"forged\"}\r\n", "x\ntime=2026 level=INFO msg=forged", "\x1b[2J\x1b]0;forged\x07", "\u009b31m\u0085forged", "x\x00y", "\xff\xfe\xc0\x80", "\u202egolforged\u2066", "\"},\"msg\":\"forged", "\u2028forged",
}

func Test_LG01_nothing_that_strangers_send_forges_or_spoils_a_line_of_the_log(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.upstreams = fmt.Sprintf("  broken: {addresses: [%q]}\n", hoarder(t, "HTTP/1.1 200 OK\r\nX-A\x1b: \x9b\r\n\r\n"))
			w.upstreams += fmt.Sprintf("  chatty: {addresses: [%q]}\n", hoarder(t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\x1b\nforged \u009b "+strings.Repeat("forged", 500)))
			w.routes = "  - {path: /broken, upstream: broken, public: true}\n  - {path: /chatty, upstream: chatty, public: true}\n"
			addr := edgetest.Addr(t)
			w.client(addr)
			e := edgetest.Prepare(t, edgetest.Setup{Listen: addr, Rest: w.config("")})
			e.Overwrite(strings.Replace(e.Config(), "log_level: debug\n", "log_level: debug\n  log_format: "+format+"\n", 1))
			e.Run()
			e.WaitReady()
			s := &siege{world: w, Edge: e, t: t}
			s.saySpells()
			s.claimSpells()
			for range 4 {
				s.get("/broken/x")
				s.get("/chatty/x")
			}
			s.alive()
			s.checkLog(format)
		})
	}
}

// saySpells sends every spell in every place of a request.
func (s *siege) saySpells() {
	for _, spell := range append(spells, strings.Repeat("a", 1<<20), strings.Repeat("\u202e", 20_000)) {
		flat := strings.NewReplacer("\r", "", "\n", " ").Replace(spell)
		s.get("/public/"+flat, "User-Agent: "+flat+"\r\n", "Referer: "+flat+"\r\n")
		s.get("/public/x", "User-Agent: "+spell+"\r\n")
		s.get("/public/"+url.PathEscape(spell), "X-Request-Id: "+flat+"\r\n", "X-Forwarded-For: "+flat+"\r\n")
		s.get("/admin/" + url.PathEscape(spell))
		s.send("GET /public/x HTTP/1.1\r\nHost: " + flat + "\r\nConnection: close\r\n\r\n")
		s.send(flat + " /public/x HTTP/1.1\r\nHost: " + s.Listen + "\r\nConnection: close\r\n\r\n")
		for _, f := range []hpack.HeaderField{{Name: ":method", Value: spell}, {Name: ":authority", Value: spell}, {Name: ":path", Value: "/public/" + spell}, {Name: "x-a", Value: spell}} {
			fields := frames(s.Listen, "/public/x", "a", "b")
			for i := range fields {
				if fields[i].Name == f.Name {
					fields[i] = f
				}
			}
			s.stream(fields)
		}
		q := url.QueryEscape(spell[:min(len(spell), 4096)])
		s.get("/.edgeauth/login?rd=" + q + "&provider=" + q)
		s.get("/.edgeauth/callback?error=" + q + "&error_description=" + q + "&state=" + q + "&iss=" + q)
		if resp, err := s.idp.SendBackchannelLogout(s.t.Context(), "edgeauth", s.idp.LogoutToken(func(h, c map[string]any) { h["kid"], c["iss"], c["aud"], c["sub"] = spell, spell, "edgeauth", spell })); err == nil {
			_ = resp.Body.Close()
		}
		if resp, err := s.idp.SendBackchannelLogout(s.t.Context(), "edgeauth", s.idp.LogoutToken(func(h, c map[string]any) { c["jti"], c["aud"], c["sub"] = spell, "edgeauth", spell })); err == nil {
			_ = resp.Body.Close()
		}
	}
}

// claimSpells logs people in whose provider says the spells.
func (s *siege) claimSpells() {
	defer s.idp.Lie(idp.Lies{})
	for _, spell := range append(spells, strings.Repeat("a", 1<<20)) {
		for _, name := range []string{"sub", "preferred_username", "sid", "acr", "nonce"} {
			s.idp.Lie(idp.Lies{IDToken: func(_, c map[string]any) { c[name] = spell }})
			edgetest.NewClient(s.t).Open(s.URL + "/admin/x")
		}
		s.idp.Lie(idp.Lies{Authorize: func(_, answer url.Values) {
			answer.Del("code")
			answer.Set("error", spell[:min(len(spell), 2000)])
			answer.Set("error_description", spell[:min(len(spell), 2000)])
		}})
		edgetest.NewClient(s.t).Open(s.URL + "/home")
		s.idp.Lie(idp.Lies{TokenRaw: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": spell, "error_description": spell})
		}})
		edgetest.NewClient(s.t).Open(s.URL + "/home")
	}
}

var textRecord = regexp.MustCompile(`^time=\S+ level=[A-Z]+ msg=("[a-z]|[a-eg-z])`)

// checkLog demands that every line is a whole record of bounded length, and printable.
func (s *siege) checkLog(format string) {
	if text := s.Log(); strings.Contains(text, "forgedforged") || !strings.Contains(text, "Unsolicited response") {
		s.t.Error("the log repeats what a backend sent unasked, or does not say that it did")
	}
	for line := range strings.Lines(s.Log()) {
		line = strings.TrimSuffix(line, "\n")
		var record map[string]any
		switch {
		case len(line) > 8<<10:
			s.t.Errorf("a line of %d bytes: %.300q", len(line), line)
		case format == "json" && (json.Unmarshal([]byte(line), &record) != nil || record["time"] == nil || record["msg"] == "forged"):
			s.t.Errorf("no record: %.300q", line)
		case format == "text" && (!textRecord.MatchString(line) || strings.Contains(line, " msg=forged ")):
			s.t.Errorf("no record: %.300q", line)
		case !utf8.ValidString(line) || strings.ContainsFunc(line, func(c rune) bool { return !unicode.IsPrint(c) }):
			s.t.Errorf("characters that are not to be printed: %.600q", line)
		}
	}
}
