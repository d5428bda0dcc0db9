package demo_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/edgeauth/edgeauth/policy"
)

// told are the header fields of a session under a level, as an edge would send them.
func told(t *testing.T, level string, claims map[string]any) http.Header {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	h := http.Header{"X-Auth-Name": {"Alice"}, "X-Edgeauth-Assertion": {part([]byte(`{}`)) + "." + part(body) + ".c2ln"}}
	if level != "" {
		h.Set("X-Auth-Level", level)
	}
	return h
}

func shows(t *testing.T, body string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(body, w) {
			t.Errorf("the page lacks %s:\n%s", w, body)
		}
	}
}

func TestTheFirstPageSaysTheLevelWhyAndUntilWhen(t *testing.T) {
	end := time.Now().Add(15*time.Minute + 20*time.Second).Unix()
	body := page(t, "/", told(t, "high", map[string]any{"level": "high", "level_proven": false, "level_reasons": []string{"time_zones", "<i>"}, "session_exp": end})).Body.String()
	shows(t, body, `class="badge high">high<`, ">not confirmed<", "closed until you confirm with your fingerprint", "three time zones", "the code &lt;i&gt;.", "15 minutes</b>",
		"<b>"+time.Unix(end, 0).Format("15:04")+"</b>", `href="/.edgeauth/login?level=high&amp;rd=%2F"`)
	body = page(t, "/", told(t, "high", map[string]any{"level": "high", "level_proven": true})).Body.String()
	if shows(t, body, `class="badge confirmed">high<`, ">confirmed<", "Everything that you may see is open"); strings.Contains(body, `id="confirm"`) {
		t.Error("there is nothing left to confirm")
	}
	body = page(t, "/", told(t, "normal", map[string]any{"level": "normal", "level_proven": true})).Body.String()
	if shows(t, body, `class="badge normal">normal<`, "Nothing looks unusual"); strings.Contains(body, "confirmed") && strings.Contains(body, `id="confirmed"`) {
		t.Error("there is something to confirm at the level normal")
	}
	shows(t, page(t, "/", http.Header{"X-Auth-Level": {"elevated"}}).Body.String(), `class="badge elevated">elevated<`, "one-time code")
	shows(t, page(t, "/", told(t, "", map[string]any{"level": "strange"})).Body.String(), `class="badge ">strange<`)
}

func TestWhatCannotBeReadOfALevelIsLeftOut(t *testing.T) {
	odd := map[string]any{"level": 3, "level_proven": "yes", "level_reasons": []any{1, nil}, "session_exp": "soon", "acr": 1, "amr": "pwd", "auth_time": nil}
	for _, target := range []string{"/", "/vault/"} {
		if w := page(t, target, told(t, "high", odd)); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "not confirmed") {
			t.Errorf("%s: %d\n%s", target, w.Code, w.Body)
		}
	}
	if body := page(t, "/", nil).Body.String(); strings.Contains(body, "Security level") {
		t.Error("a level is shown where nothing was said of one")
	}
}

func TestTheSensitivePageSaysWhatWasProven(t *testing.T) {
	at := time.Now().Truncate(time.Second)
	body := page(t, "/vault/", told(t, "high", map[string]any{"level_proven": true, "acr": "bio", "amr": []string{"pwd", "hwk", "x"}, "auth_time": at.Unix()})).Body.String()
	shows(t, body, "bio (a fingerprint)", "pwd (password), hwk (a key in a fingerprint reader), x", at.Format("15:04:05"))
}

// Whatever raises a level by itself in the shipped rules has a sentence.
func TestEveryShippedReasonHasASentence(t *testing.T) {
	codes := []policy.Reason{policy.ScoreReached, policy.TimeZones, policy.ImpossibleTravel}
	for code := range policy.DefaultRules().Require {
		codes = append(codes, code)
	}
	for _, code := range codes {
		body := page(t, "/", told(t, "high", map[string]any{"level_reasons": []string{string(code)}})).Body.String()
		if strings.Contains(body, "has the code") {
			t.Errorf("%s has no sentence", code)
		}
	}
}
