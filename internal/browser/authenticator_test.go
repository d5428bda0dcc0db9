package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
)

// keySite registers a passkey, uses it and says what became of it. An IP address can be no relying party, so it goes by name.
func keySite(t *testing.T) string {
	t.Helper()
	const page = `<button id="make">make</button><button id="use">use</button><p id="out"></p><script>
		let id
		const bytes = n => crypto.getRandomValues(new Uint8Array(n))
		const run = (name, f) => document.getElementById(name).onclick = async () => {
			out.textContent = name + " " + await f().then(() => "done", e => e.name)
		}
		run("make", async () => {
			const label = prompt("What is it called?")
			const key = await navigator.credentials.create({publicKey: {challenge: bytes(32), rp: {name: "keys"}, user: {id: bytes(8), name: label, displayName: label},
				pubKeyCredParams: [{type: "public-key", alg: -7}], authenticatorSelection: {userVerification: "required", residentKey: "required"}}})
			id = key.rawId
			document.title = label
		})
		run("use", () => navigator.credentials.get({publicKey: {challenge: bytes(32), allowCredentials: [{type: "public-key", id}], userVerification: "required"}}))
		</script>`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!doctype html><p id=from>%s</p>%s", r.Header.Get("X-From"), page)
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

// after presses a button and expects what the page says then.
func after(t *testing.T, tab *browser.Tab, button, says string) {
	t.Helper()
	tab.Eval(`out.textContent = ""`, new(string))
	tab.Press("#" + button)
	tab.WaitVisible("#out:not(:empty)")
	if got := tab.Text("#out"); got != button+" "+says {
		t.Errorf("after %s: %q, want %s", button, got, says)
	}
}

func TestAPasskeyIsMadeNamedAndUsedUnlessTheFingerDoesNotFit(t *testing.T) {
	tab := browser.Start(t).NewTab()
	tab.AnswerDialogs("a key")
	device := tab.AddAuthenticator()
	tab.Open(keySite(t))
	after(t, tab, "make", "done")
	after(t, tab, "use", "done")
	if made, used := device.Credentials(); made != 1 || used < 1 {
		t.Errorf("%d made, used %d times", made, used)
	}
	var title string
	if tab.Eval("document.title", &title); title != "a key" {
		t.Errorf("the dialog was answered with %q", title)
	}
	device.Recognise(false)
	after(t, tab, "use", "NotAllowedError")
	device.Recognise(true)
	after(t, tab, "use", "done")
}

func TestHeadersAreSentByTheirTabAloneAndReplaced(t *testing.T) {
	b, address := browser.Start(t), keySite(t)
	one, other := b.NewTab(), b.NewTab()
	one.Send(map[string]string{"X-From": "Berlin"})
	one.Open(address)
	other.Open(address)
	if one.Text("#from") != "Berlin" || other.Text("#from") != "" {
		t.Errorf("the tabs came from %q and %q", one.Text("#from"), other.Text("#from"))
	}
	one.Send(map[string]string{"X-From": "Tokyo"})
	one.Reload()
	if one.Text("#from") != "Tokyo" {
		t.Errorf("then from %q", one.Text("#from"))
	}
}
