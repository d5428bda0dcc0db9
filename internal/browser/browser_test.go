package browser_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/edgeauth/edgeauth/internal/browser"
)

// site is a login in small: a form, a redirect that sets a cookie, a page that greets.
func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<title>form</title><h1>Who are you?</h1><form method="post" action="/in"><input name="n" value="x">
			<button>in</button></form><a id="later" href="/moved">later</a>`)
	})
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "n", Value: r.FormValue("n"), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, "/hello", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("n")
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, "<p>nobody</p>")
			return
		}
		fmt.Fprintf(w, "<p>hello %s</p>", cookie.Value)
	})
	mux.HandleFunc("GET /moved", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Refresh", "0; url=/hello")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAFormIsFilledInAndItsRedirectFollowed(t *testing.T) {
	b, address := browser.Start(t), site(t)
	tab := b.NewTab()
	tab.Open(address)
	tab.Fill("input[name=n]", "alice")
	tab.Click("button")
	if tab.URL() != address+"/hello" || tab.Text("p") != "hello alice" || tab.Status() != http.StatusOK {
		t.Errorf("%s shows %q with %d", tab.URL(), tab.Text("p"), tab.Status())
	}
	cookies := b.Cookies()
	if len(cookies) != 1 || cookies[0].Value != "alice" || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("cookies: %v", cookies)
	}
	tab.Back()
	if tab.URL() != address+"/" || !strings.Contains(tab.HTML(), "Who are you?") {
		t.Errorf("Back leads to %s: %s", tab.URL(), tab.HTML())
	}
	tab.Reload()
	tab.Press("#later")
	tab.WaitURL("/hello$")
	tab.WaitVisible("p")
}

func TestTwentyTabsOpenAtOnce(t *testing.T) {
	address := site(t)
	for _, tab := range browser.Start(t).OpenAll(slices.Repeat([]string{address + "/hello"}, 20)...) {
		if tab.Status() != http.StatusUnauthorized || tab.Text("p") != "nobody" {
			t.Errorf("%s shows %q with %d", tab.URL(), tab.Text("p"), tab.Status())
		}
	}
}

func TestAScreenshotIsAPNGBelowTheTestsName(t *testing.T) {
	t.Setenv("EDGEAUTH_ARTIFACTS", t.TempDir())
	tab := browser.Start(t).NewTab()
	tab.Open(site(t))
	path := tab.Screenshot("the form / empty")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	image, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || image.Width != 1280 || !strings.HasSuffix(path, "/"+t.Name()+"/the_form___empty.png") {
		t.Errorf("%s: %+v, %v", path, image, err)
	}
}

func TestAFailureNamesTheAddressAndAScreenshot(t *testing.T) {
	t.Setenv("EDGEAUTH_ARTIFACTS", t.TempDir())
	address := site(t)
	verdict := &failing{TB: t}
	tab := browser.Start(verdict).NewTab()
	tab.Open(address)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tab.Eval("nothing.at.all", new(int))
	}()
	<-done
	for _, want := range []string{"nothing.at.all", "address: " + address, "failure-tab1.png"} {
		if !strings.Contains(verdict.message, want) {
			t.Errorf("the failure does not say %q: %s", want, verdict.message)
		}
	}
}
