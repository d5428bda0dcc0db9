package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func Test_a_refused_configuration_is_taken_when_the_secret_that_it_names_arrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.start(t, "")
	secret := filepath.Join(e.Dir, "secret")
	w.routes = extra
	e.Configure(strings.Replace(w.config(""), "client_secret: "+clientSecret, "client_secret_file: "+secret, 1))
	e.Until("the configuration is refused", func() bool { return len(e.Events("config_refused")) > 0 })
	if err := os.WriteFile(secret, []byte(clientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	e.Until("the new route is there", func() bool { status, _ := e.Get(e.URL + "/extra"); return status == http.StatusOK })
	if n := len(e.Events("config_refused")); n != 1 {
		t.Errorf("it was refused aloud %d times", n)
	}
}

func Test_settings_of_the_listeners_are_refused_by_name_and_the_drain_is_taken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := addSlow(t, w)
	e := w.start(t, "")
	good := e.Config()
	e.Overwrite(strings.Replace(good, "  drain: 5s\n", "  idle_timeout: 77s\n  max_header_bytes: 9000\n", 1))
	e.Until("it is refused", func() bool {
		return strings.Contains(e.Log(), "server.idle_timeout, server.max_header_bytes can only change by a restart")
	})
	e.Overwrite(strings.Replace(good, "  drain: 5s\n", "  drain: 10m\n", 1))
	e.Until("the other drain is taken", func() bool { return len(e.Events("config_reloaded")) > 0 })
	e.Overwrite(strings.Replace(good, "  drain: 5s\n", "  drain: 0s\n", 1))
	e.Until("the last drain is taken", func() bool { return len(e.Events("config_reloaded")) > 1 })
	answer := slow.ask(t, e)
	e.Terminate()
	if got := <-answer; got == "done" {
		t.Error("a request was waited for though the drain is over at once")
	}
	e.Exit()
}
